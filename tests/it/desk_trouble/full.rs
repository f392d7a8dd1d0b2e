//! The disk is full: what is sent is refused with a time to come back, or kept; never half of it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{MESSAGES, words_of};
use crate::support::{Program, Shop, Shopper, available, text};

/// Room for the data of a new shop and some conversations.
const SIZE: &str = "12m";
/// More messages than could be kept on it.
const MOST: usize = 3_000;

/// Whether this user may make a small disk that only a child process sees.
fn can_have_a_small_disk() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut trial = Command::new("unshare");
    trial.args(["--mount", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs \"$1\"", "sh"]).arg(folder.path());
    trial.output().is_ok_and(|tried| tried.status.success())
}

/// Fills the disk to the last byte.
fn fill(file: &Path) {
    let mut filler = File::create(file).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while filler.write_all(&vec![b'x'; size]).is_ok() {}
    }
    assert!(OpenOptions::new().append(true).open(file).unwrap().write_all(b"x").is_err(), "there is room left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_a_message_is_refused_or_kept_and_goes_on_when_there_is_room() {
    if !available("small-disk", can_have_a_small_disk(), "a user who may mount (root; in a container one with CAP_SYS_ADMIN)") {
        return;
    }
    let shop = Shop::new();
    let program = Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0");
    let server = program.on_a_small_disk(&shop.data(), SIZE).log_into(&shop.path().join("log")).serve();
    let mut bots = Shopper::arrive(&server.url).await;
    bots.asks("How can I pay?").await;
    let mut waits = Shopper::arrive(&server.url).await;
    waits.asks("agent please").await;

    let filler = server.sees(&shop.data()).join("filler");
    fill(&filler);
    let long = "word ".repeat(1_400);
    let message = |number: usize| json!({"content": format!("{number} {long}"), "echo_id": format!("full-{number}")});
    // What is written over again in the log ahead of the database needs no room, so some may still be kept.
    let mut kept = 0;
    let refused = loop {
        let answer = waits.posts(MESSAGES, message(kept)).await;
        if answer.status() != 202 {
            break answer;
        }
        kept += 1;
        assert!(kept < MOST, "the disk is full, and {kept} messages were taken");
    };
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(text(&refused, "/error/code"), "unavailable");
    assert_eq!(waits.posts(MESSAGES, message(kept)).await.status(), 503, "a retry meanwhile is refused as well");
    assert_eq!(
        waits.posts("/api/v1/widget/handoff", json!({})).await.status(),
        202,
        "it waits for a person already, and nothing is written"
    );
    assert_eq!(words_of(&waits.log().await, "shopper").len(), 1 + kept, "what was taken can be read, and nothing else");

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(waits.posts(MESSAGES, message(kept)).await.status(), 202);
    let log = waits.log().await;
    let said = words_of(&log, "shopper");
    let numbers: Vec<usize> = said[1..].iter().map(|words| words.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..=kept).collect::<Vec<_>>(), "each once and in its place");
    assert_eq!(text(&bots.asks("Do I get an invoice?").await.reply, "/sources/0/title"), "Do I get an invoice?");
    let log = std::fs::read_to_string(shop.path().join("log")).unwrap();
    assert!(log.contains("the database cannot be written: database or disk is full") && !log.contains("panicked"), "{log}");
}

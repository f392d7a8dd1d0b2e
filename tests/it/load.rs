//! A small desk under load, as `nightdesk bench desk` drives it: the program, its server as a second process, and every message counted.

use serde_json::Value;

use crate::support::{Database, Program, Ran, Shop};

/// Small enough for any machine; what is counted does not depend on how quick it is.
const SMALL: [&str; 11] = ["bench", "desk", "--agents", "3", "--shoppers", "20", "--rate", "10", "--seconds", "3", "--json"];

fn bench(more: &[&str]) -> Ran {
    let shop = Shop::new();
    Program::of(&shop, &SMALL).with(more).run()
}

fn count(run: &Value, pointer: &str) -> u64 {
    run.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {pointer} of {run:#}"))
}

#[track_caller]
fn is_sound(ran: Ran) {
    let run: Value = serde_json::from_str(&ran.well()).unwrap();
    for pointer in ["/lost", "/doubled", "/disordered", "/faults/errors", "/faults/cut_off"] {
        assert_eq!(count(&run, pointer), 0, "{pointer} of {run:#}");
    }
    for kind in ["questions", "pleas", "to_agents", "replies"] {
        let (due, sent) = (count(&run, &format!("/sent/{kind}/due")), count(&run, &format!("/sent/{kind}/sent")));
        assert!(due > 0 && sent == due, "{kind}: {sent} of {due}");
    }
    // Each shopper's message came to each of the three consoles, each agent's reply to one widget, and each question has its reply.
    let [asked, pleaded, written, replied] =
        ["questions", "pleas", "to_agents", "replies"].map(|kind| count(&run, &format!("/sent/{kind}/sent")));
    assert_eq!(count(&run, "/latencies_ms/shopper_to_console/count"), 3 * (asked + pleaded + written));
    assert_eq!(count(&run, "/latencies_ms/shopper_to_own_widget/count"), asked + pleaded + written);
    assert_eq!(count(&run, "/latencies_ms/agent_to_widget/count"), replied);
    assert_eq!(count(&run, "/latencies_ms/shopper_to_reply/count"), asked + pleaded);
    if cfg!(target_os = "linux") {
        assert!(count(&run, "/server_took/resident_under_load") > 1 << 20, "the server's memory is its own: {run:#}");
    }
}

#[test]
fn nothing_is_lost_or_doubled_on_sqlite() {
    is_sound(bench(&[]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_postgresql() {
    let Some(database) = Database::new().await else { return };
    let url = database.url();
    is_sound(tokio::task::block_in_place(|| bench(&["--database", &url])));
    // It is not empty any more.
    let sentence = tokio::task::block_in_place(|| bench(&["--database", &url])).sentence();
    assert!(sentence.contains("holds a desk already") && !sentence.contains("postgres:"), "{sentence}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let shop = Shop::new();
    // Bound and not listened on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = Program::of(&shop, &SMALL).with(&["--url", &format!("http://{closed}")]).run();
    assert!(ran.code != Some(0) && ran.err.contains(&closed.to_string()), "{}", ran.err);
    let agents = Program::of(&shop, &["agents", "list"]).run().well();
    assert!(!agents.contains("load-"), "they are removed again: {agents}");
}

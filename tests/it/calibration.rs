//! The confidence from which the bot answers: what it is derived from, when it is derived anew, and what is said of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{PATIENCE, Program, Shop, TestApp, http::client, root, text};

/// What the last calibration wrote; on a slow machine a server is ready before its first one is.
fn stored(shop: &Shop) -> Value {
    let file = shop.data().join("calibration.json");
    let began = Instant::now();
    while !file.is_file() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let written = fs::read(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    serde_json::from_slice(&written).unwrap()
}

/// Waits until the calibration was written by another one than `before`.
async fn another(shop: &Shop, before: &Value) -> Value {
    let began = Instant::now();
    loop {
        let now = stored(shop);
        if now["made_of"] != before["made_of"] {
            return now;
        }
        assert!(began.elapsed() < PATIENCE, "no other calibration came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn asked(shop: &Shop, question: &str) -> Value {
    let out = Program::of(shop, &["ask", "--json", question]).run().well();
    serde_json::from_str(&out).unwrap()
}

/// Numbers may lose their last digit on the way through a file.
fn is_near(one: &Value, other: &Value) -> bool {
    (one.as_f64().unwrap() - other.as_f64().unwrap()).abs() < 1e-9
}

async fn health(app: &TestApp) -> Value {
    client().get(app.url("/health/ready")).send().await.unwrap().json().await.unwrap()
}

/// Labelled questions for the tests' shop: `right` good ones and as many of other matters.
fn questions(right: usize) -> String {
    let good = ["what does delivery cost,delivery/cost", "how long is delivery,delivery/time", "I forgot my password,account/password"];
    let other = ["do you sell boats,none", "who won the match,none", "is there life on mars,none"];
    let lines: Vec<String> =
        (0..right).flat_map(|n| [good[n % 3], other[n % 3]].map(|line| line.replacen(',', &format!(" {n},"), 1))).collect();
    format!("question,entry\n{}\n", lines.join("\n"))
}

#[tokio::test]
async fn a_start_calibrates_and_an_edit_calibrates_anew() {
    let mut app = TestApp::start().await;
    let first = stored(&app.shop);
    assert_eq!(text(&first, "/origin/kind"), "provisional", "{first}");
    assert!(text(&first, "/says").contains("provisional"), "{first}");
    assert_eq!(text(&health(&app).await, "/answers/calibration"), "provisional");
    assert!(is_near(&health(&app).await["answers"]["threshold"], &first["threshold"]));

    // A second start finds all as it was and writes nothing.
    let written = fs::metadata(app.shop.data().join("calibration.json")).unwrap().modified().unwrap();
    app.restart().await;
    assert_eq!(stored(&app.shop), first);
    assert_eq!(fs::metadata(app.shop.data().join("calibration.json")).unwrap().modified().unwrap(), written);
    assert!(is_near(&health(&app).await["answers"]["threshold"], &first["threshold"]));

    let file = app.shop.knowledge().join("delivery.md");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, before.replace("- shipping fee\n", "- shipping fee\n- what is the postage\n")).unwrap();
    let second = another(&app.shop, &first).await;
    assert_ne!(second["made_of"]["knowledge"], first["made_of"]["knowledge"]);
    assert_eq!(second["origin"]["phrasings"].as_u64().unwrap(), first["origin"]["phrasings"].as_u64().unwrap() + 1);

    // Questions that somebody labels while it runs are taken as soon as they are saved.
    app.shop.write("knowledge_base/questions.csv", questions(60));
    let third = another(&app.shop, &second).await;
    assert_eq!((text(&third, "/origin/kind"), third["origin"]["questions"].as_u64()), ("labelled", Some(120)), "{third}");
    assert_eq!(text(&third, "/promise/kind"), "guaranteed", "{third}");
    let began = Instant::now();
    while health(&app).await["answers"]["basis"] != "guaranteed" {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(app.shopper().await.asks("what does delivery cost").await.says().contains("$4.90"));
}

#[test]
fn another_limit_calibrates_anew_and_a_set_threshold_is_kept() {
    let shop = Shop::new();
    shop.write("knowledge_base/questions.csv", questions(60));
    let answer = asked(&shop, "How much does delivery cost?");
    assert_eq!((text(&answer, "/threshold_basis"), text(&answer, "/calibration")), ("guaranteed", "labelled"), "{answer}");
    let first = stored(&shop);
    assert!(is_near(&answer["threshold"], &first["threshold"]), "{answer} {first}");

    shop.set("[answers]\n", "[answers]\nmax_wrong_rate = 0.01\n");
    let strict = asked(&shop, "How much does delivery cost?");
    let second = stored(&shop);
    assert_ne!(second["made_of"]["limit"], first["made_of"]["limit"]);
    // 120 messages are fewer than the 230 that one in a hundred takes.
    assert_eq!((text(&strict, "/threshold_basis"), second["promise"]["needed"].as_u64()), ("expected", Some(230)), "{second}");
    assert!(text(&second, "/says").contains("at least 110 more labelled questions"), "{second}");

    shop.set("[answers]\n", "[answers]\nthreshold = 0.999999\n");
    let set = asked(&shop, "whats the delivery price");
    assert_eq!(
        (text(&set, "/decision") == "answer", text(&set, "/threshold_basis"), set["threshold"].as_f64()),
        (false, "set", Some(0.999999)),
        "{set}"
    );
    assert_eq!(stored(&shop), second, "the data are the same");
}

#[test]
fn faulty_questions_are_named_and_do_without() {
    let shop = Shop::new();
    fs::remove_file(shop.data().join("calibration.json")).unwrap();
    shop.write("knowledge_base/questions.csv", "question,entry\nhow long,delivery/tiem\n");
    let answer = asked(&shop, "How much does delivery cost?");
    assert_eq!((text(&answer, "/decision"), text(&answer, "/calibration")), ("answer", "provisional"), "{answer}");
    assert!(!shop.data().join("calibration.json").exists(), "what a fault left out is tried again at the next start");
    let log = shop.path().join("log");
    let serve = Program::of(&shop, &["serve", "--listen", "127.0.0.1:0"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0");
    let server = serve.env("NIGHTDESK__LOG__FILTER", "info").log_into(&log).serve();
    until_the_log_says(&log, &["questions.csv", "line 2", "no entry `delivery/tiem`", "calibrated for the first time", "provisional"]);
    fs::remove_file(shop.knowledge().join("questions.csv")).unwrap();
    until_the_log_says(&log, &["calibrated anew because the labelled questions changed"]);
    let file = shop.knowledge().join("delivery.md");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("$4.90", "$5.90")).unwrap();
    until_the_log_says(&log, &["calibrated anew because the knowledge base changed", "not guaranteed"]);
    assert_eq!(server.stop(), Some(0));
}

fn until_the_log_says(log: &Path, parts: &[&str]) {
    let began = Instant::now();
    loop {
        let said = fs::read_to_string(log).unwrap();
        let missing: Vec<_> = parts.iter().filter(|part| !said.contains(**part)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{missing:?} not in: {said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_demo_shops_questions_are_in_shoppers_words() {
    let folder = root().join("knowledge_base");
    let knowledge = nightdesk::knowledge::load(&folder).unwrap();
    let questions = nightdesk::evaluation::questions::read(&folder.join("questions.csv"), &knowledge).unwrap();
    let not_covered = questions.iter().filter(|question| question.entry.is_none()).count();
    assert!(
        questions.len() >= 120 && (3 * not_covered).abs_diff(questions.len()) <= questions.len() / 10,
        "{not_covered} of {}",
        questions.len()
    );
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let written: BTreeSet<String> =
        knowledge.entries.iter().flat_map(|entry| [&entry.question].into_iter().chain(&entry.phrasings)).map(|text| plain(text)).collect();
    let copied: Vec<_> = questions.iter().filter(|question| written.contains(&plain(&question.text))).collect();
    assert!(copied.is_empty(), "{copied:?}");
    let distinct: BTreeSet<String> = questions.iter().map(|question| plain(&question.text)).collect();
    assert_eq!(distinct.len(), questions.len());
}

//! The database goes away for a while: what is sent is refused with a time to come back, or kept; never half of it. `NIGHTDESK_TEST_AWAY=30` lets it
//! stay away so many seconds.

use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{MESSAGES, words_of};
use crate::kill::story::Story;
use crate::support::http::client;
use crate::support::{Agent, Database, Program, Shop, Shopper, text};

/// How long it is away in a normal run.
const AWAY: Duration = Duration::from_secs(2);
/// How many messages each shopper writes over a line that breaks.
const MESSAGES_EACH: usize = 12;
const PASSWORD: &str = "correct horse battery";

fn serve(shop: &Shop) -> Program {
    Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").log_into(&shop.path().join("log"))
}

fn away() -> Duration {
    let seconds = std::env::var_os("NIGHTDESK_TEST_AWAY").map(|text| text.to_string_lossy().parse().expect("a number of seconds"));
    seconds.map_or(AWAY, Duration::from_secs)
}

/// A refusal that says when to come back and nothing of the inside.
async fn is_busy(answer: reqwest::Response) {
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(text(&body, "/error/code"), "unavailable");
    assert!(!body.to_string().contains("postgres") && !body.to_string().contains("connection"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_everybody_is_told_when_to_come_back_and_then_goes_on() {
    let Some(database) = Database::new().await else { return };
    let (shop, way) = (Shop::new(), database.way("127.0.0.1:0").await);
    shop.keep_in(&database.by(&way));
    let server = serve(&shop).serve();
    let add = Program::of(&shop, &["agents", "add", "ana@shop.example", "--name", "Ana", "--password-stdin"]);
    tokio::task::spawn_blocking(move || add.run_with(format!("{PASSWORD}\n").as_bytes()).well()).await.unwrap();
    let ana = Agent::nobody(&server.url);
    assert_eq!(ana.log_in("ana@shop.example", PASSWORD).await.status(), 200);
    let mut console = ana.listens().await;
    let mut bots = Shopper::arrive(&server.url).await;
    bots.asks("How can I pay?").await;
    let mut anas = Shopper::arrive(&server.url).await;
    let conversation = text(&anas.asks("agent please").await.reply, "/conversation_id").to_owned();
    assert_eq!(ana.does("claim", &conversation).await.status(), 200);

    let address = way.cut().await;
    let began = Instant::now();
    let question = json!({"content": "Do I get an invoice?", "echo_id": "while-away"});
    while began.elapsed() < away() {
        let (asked, replied) = tokio::join!(bots.posts(MESSAGES, question.clone()), ana.replies(&conversation, "I am here."));
        is_busy(asked).await;
        is_busy(replied).await;
    }
    is_busy(anas.posts("/api/v1/widget/handoff", json!({})).await).await;
    is_busy(ana.gets("/tickets").await).await;
    assert_eq!(client().get(format!("{}/health/ready", server.url)).send().await.unwrap().status(), 503);
    assert_eq!(client().get(format!("{}/health/live", server.url)).send().await.unwrap().status(), 200);

    let _way = database.way(&address).await;
    assert_eq!(bots.posts(MESSAGES, question).await.status(), 202);
    assert_eq!(ana.replies(&conversation, "I am here.").await.status(), 201);
    // The streams were open all the time, and go on.
    let reply = bots.stream.first(|told| told.is_message_of("bot")).await;
    assert_eq!(text(&reply.data, "/sources/0/title"), "Do I get an invoice?");
    assert_eq!(text(&anas.hears_agent().await, "/content"), "I am here.");
    console.until(|told| told.is_message_of("agent") && told.data["content"] == "I am here.").await;
    assert_eq!(words_of(&bots.log().await, "shopper"), ["How can I pay?", "Do I get an invoice?"]);
    assert_eq!(words_of(&anas.log().await, "agent"), ["I am here."]);
    let log = std::fs::read_to_string(shop.path().join("log")).unwrap();
    assert!(log.contains("the database is not available") && !log.contains("panicked"), "{log}");
}

/// Writes until each message is taken, as the widget does.
async fn writes(shopper: Shopper, messages: Vec<(String, String)>) -> Shopper {
    for (echo_id, content) in messages {
        let body = json!({"content": content, "echo_id": echo_id});
        let began = Instant::now();
        loop {
            let answer = shopper.posts(MESSAGES, body.clone()).await;
            match answer.status().as_u16() {
                202 => break,
                503 => assert!(answer.headers().contains_key("retry-after") && began.elapsed() < Duration::from_secs(60), "{body}"),
                other => panic!("{other} to {body}"),
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    shopper
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_the_database_that_breaks_at_any_moment_leaves_nothing_half() {
    let Some(database) = Database::new().await else { return };
    let (shop, way) = (Shop::new(), database.way("127.0.0.1:0").await);
    shop.keep_in(&database.by(&way));
    let server = serve(&shop).serve();
    let questions = ["How can I pay?", "Do I get an invoice?", "thank you", "Do you deliver on Saturdays?"];
    let mut writing = JoinSet::new();
    for number in 0..4 {
        let shopper = Shopper::arrive(&server.url).await;
        let mut messages: Vec<(String, String)> =
            (0..MESSAGES_EACH).map(|n| (format!("{number}-{n}"), questions[n % questions.len()].to_owned())).collect();
        messages.push((format!("{number}-last"), "agent please".to_owned()));
        writing.spawn(writes(shopper, messages));
    }
    let (mut rng, mut way) = (Rng::with_seed(7), Some(way));
    let mut shoppers = Vec::new();
    while !writing.is_empty() {
        tokio::time::sleep(Duration::from_millis(rng.u64(50..600))).await;
        let address = way.take().expect("it is open").cut().await;
        way = Some(database.way(&address).await);
        while let Some(done) = writing.try_join_next() {
            shoppers.push(done.unwrap());
        }
    }
    for shopper in &shoppers {
        let began = Instant::now();
        while Story::of(&shopper.log().await).owes() {
            assert!(began.elapsed() < Duration::from_secs(60), "a turn that was cut off is taken again");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = shopper.log().await;
        let said = words_of(&log, "shopper");
        let expected: Vec<&str> = (0..MESSAGES_EACH).map(|n| questions[n % questions.len()]).chain(["agent please"]).collect();
        assert_eq!(said, expected, "each message once and in its place");
        let story = Story::of(&log);
        assert_eq!((story.handoffs, story.tickets), (1, 1));
    }
}

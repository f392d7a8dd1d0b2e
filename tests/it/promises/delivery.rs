//! What was sent arrives, once, in its place, and is answered once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{KNOWN, UNKNOWN, authors};
use crate::agent::{claim, waiting};
use crate::support::{Program, Serving, Shop, Shopper, TestApp, text};

const MESSAGES: &str = "/api/v1/widget/messages";

#[tokio::test]
async fn a_retry_over_a_weak_line_adds_nothing() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    let body = json!({"content": KNOWN, "echo_id": "the-same"});
    let first: Value = shopper.posts(MESSAGES, body.clone()).await.json().await.unwrap();
    let second: Value = shopper.posts(MESSAGES, body.clone()).await.json().await.unwrap();
    assert_eq!(first["message"], second["message"]);
    shopper.stream.until(|told| told.is_message_of("bot")).await;

    let after_the_reply = shopper.posts(MESSAGES, body).await;
    assert_eq!(after_the_reply.status(), 202);
    // The next turn comes after whatever the retry might have begun.
    shopper.asks("thank you").await;
    assert_eq!(authors(&shopper.log().await), ["shopper", "bot", "shopper", "bot"]);

    // The first message of all, ten times at once.
    let mut shopper = app.shopper().await;
    let body = json!({"content": KNOWN, "echo_id": "at-once"});
    let answers = join_all((0..10).map(|_| shopper.posts(MESSAGES, body.clone()))).await;
    let mut stored = BTreeSet::new();
    for answer in answers {
        assert_eq!(answer.status(), 202);
        stored.insert(answer.json::<Value>().await.unwrap()["message"].to_string());
    }
    assert_eq!(stored.len(), 1, "each answer tells of the same message: {stored:?}");
    shopper.stream.until(|told| told.is_message_of("bot")).await;
    assert_eq!(authors(&shopper.log().await), ["shopper", "bot"]);

    // An agent's reply is the same.
    let ana = app.agent("ana").await;
    let (mut shopper, conversation) = waiting(&app).await;
    claim(&ana, &conversation).await;
    let replies = join_all((0..10).map(|_| ana.replies(&conversation, "Hello, Ana here."))).await;
    assert!(replies.iter().all(|reply| reply.status() == 201));
    shopper.hears_agent().await;
    assert_eq!(authors(&shopper.log().await), ["shopper", "bot", "agent"]);
}

#[tokio::test]
async fn a_shopper_has_one_open_conversation() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let shopper = app.shopper().await;
    // Two tabs, two devices, and the button: all of it first.
    let tabs = [shopper.refresh().await, shopper.refresh().await];
    let sent = join_all((0..8).map(|number| {
        let body = json!({"content": format!("{UNKNOWN} {number}"), "echo_id": format!("tab-{number}")});
        tabs[number % 2].posts(MESSAGES, body)
    }));
    let (sent, pressed) = tokio::join!(sent, shopper.posts("/api/v1/widget/handoff", json!({})));
    let mut conversations = BTreeSet::new();
    for answer in sent.into_iter().chain([pressed]) {
        assert_eq!(answer.status(), 202);
        conversations.insert(text(&answer.json::<Value>().await.unwrap(), "/conversation/id").to_owned());
    }
    assert_eq!(conversations.len(), 1, "{conversations:?}");
    // Taken up again it is the same one.
    let conversation = conversations.pop_first().unwrap();
    assert_eq!(ana.does("resolve", &conversation).await.status(), 200);
    let answer: Value = shopper.posts(MESSAGES, json!({"content": "hello again", "echo_id": "later"})).await.json().await.unwrap();
    assert_eq!(text(&answer, "/conversation/id"), conversation);
}

#[tokio::test]
async fn a_burst_of_messages_gets_one_reply() {
    let app = TestApp::start().await;
    let burst = ["How long does delivery take?", "How can I pay?", "and thanks for the help"];
    let mut whole = 0;
    for _ in 0..6 {
        let mut shopper = app.shopper().await;
        for message in burst {
            shopper.sends(message).await;
        }
        // One more turn, so that a second reply would be there by now.
        shopper.stream.until(|told| told.is_message_of("bot")).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        let log = shopper.log().await;
        let authors = authors(&log);
        assert!(authors.windows(2).all(|pair| pair != ["bot", "bot"]), "no burst is answered twice: {log:#?}");
        assert_eq!(authors.last(), Some(&"bot"), "and the last one is answered: {log:#?}");
        if authors == ["shopper", "shopper", "shopper", "bot"] {
            whole += 1;
            let said = text(&log.last().unwrap().data, "/content");
            assert!(said.contains("2 to 3 working days") && said.contains("PayPal"), "the one reply is to all of it: {said}");
        }
    }
    assert!(whole > 0, "three messages one right after the other were never one burst");
}

#[tokio::test]
async fn after_a_reconnect_nothing_is_missing() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    shopper.asks(KNOWN).await;
    let seen = shopper.stream_after("0").await.first(|told| told.is_message_of("bot")).await;
    let last = seen.id.expect("a stored event has a number");
    // The line is cut; two turns pass.
    shopper.asks("How can I pay?").await;
    shopper.asks("thank you").await;

    let mut resumed = shopper.stream_after(&last).await;
    let events = resumed.until(|told| told.is_message_of("bot") && told.data["decision"] == "smalltalk").await;

    let numbers: Vec<i64> = events.iter().filter_map(|told| told.id.as_ref()?.parse().ok()).collect();
    let first: i64 = last.parse::<i64>().unwrap() + 1;
    assert_eq!(numbers, (first..first + numbers.len() as i64).collect::<Vec<_>>(), "one after the other, from where it was cut");
    let texts: Vec<&str> = events.iter().map(|told| text(&told.data, "/content")).collect();
    assert_eq!((texts[0], texts[2], texts.len()), ("How can I pay?", "thank you", 4));
    // A number of another log begins anew.
    assert!(shopper.stream_after("999999").await.first(|told| told.name == "message.created").await.data["content"] == KNOWN);
}

#[tokio::test]
async fn a_page_change_or_refresh_keeps_the_conversation() {
    let mut app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    shopper.asks(KNOWN).await;
    let before = shopper.history().await;

    let refreshed = shopper.refresh().await;
    assert_eq!(refreshed.session["messages"], json!(before));
    assert_eq!(refreshed.session["contact"], shopper.session["contact"]);
    assert_eq!(text(&refreshed.session, "/conversation/id"), text(&before[0], "/conversation_id"));

    drop(refreshed);
    app.restart().await;
    shopper.follow(&app.url("")).await;
    assert_eq!(shopper.history().await, before);

    // While a reply is being written, and while a person has it.
    shopper.sends("How can I pay?").await;
    let mut elsewhere = shopper.refresh().await;
    let reply = elsewhere.stream.first(|told| told.is_message_of("bot") && told.data["seq"].as_i64() > Some(2)).await;
    assert_eq!(text(&reply.data, "/sources/0/title"), "How can I pay?");
    let (shopper, conversation) = waiting(&app).await;
    claim(&app.agent("ana").await, &conversation).await;
    let elsewhere = shopper.refresh().await.session;
    assert_eq!((text(&elsewhere, "/conversation/id"), text(&elsewhere, "/conversation/assignee/name")), (conversation.as_str(), "ana"));
}

#[tokio::test]
async fn a_reply_and_the_state_it_belongs_to_commit_together() {
    let shop = Shop::new();
    let serve = |shop: &Shop| -> Serving { Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve() };
    let mut server = serve(&shop);
    let mut shopper = Shopper::arrive(&server.url).await;
    let questions = ["How can I pay?", "Do I get an invoice?", "Do you deliver on Saturdays?", "How do I return an item?", UNKNOWN];
    // Before the turn, in the search, while the reply is told, about when it is committed; and a handoff, which has more to commit.
    for (question, moment) in questions.into_iter().zip([0, 20, 120, 420, 25]) {
        let number = shopper.sends(question).await["message"]["seq"].as_i64().unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        server = serve(&shop);
        shopper.follow(&server.url).await;
        let reply = shopper.stream.first(|told| told.is_message_of("bot") && told.data["seq"].as_i64() > Some(number)).await;
        if question == UNKNOWN {
            assert_eq!(text(&reply.data, "/decision"), "handoff", "killed after {moment} ms");
        } else {
            assert_eq!(text(&reply.data, "/sources/0/title"), question, "killed after {moment} ms");
        }
    }
    let log = shopper.log().await;
    assert_eq!(authors(&log), ["shopper", "bot"].repeat(questions.len()), "{log:#?}");
    let last = &log.last().unwrap().data;
    assert_eq!((text(last, "/from"), text(last, "/to")), ("pending", "open"), "the line and the handoff are one: {log:#?}");
}

#[tokio::test]
async fn opening_the_widget_creates_and_reopens_nothing() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let (mut done, conversation) = waiting(&app).await;
    assert_eq!(ana.does("resolve", &conversation).await.status(), 200);
    done.stream.until(|told| told.data["to"] == "resolved").await;

    let mut console = ana.listens().await;
    let fresh = app.shopper().await;
    for shopper in [&fresh, &done] {
        let opened = shopper.refresh().await;
        assert_eq!(opened.get("/api/v1/widget/entry?id=delivery/time").send().await.unwrap().status(), 200);
        assert_eq!(opened.posts("/api/v1/widget/typing", json!({"on": false})).await.status(), 204);
    }
    assert!(fresh.refresh().await.session.get("conversation").is_none(), "nothing is begun");
    assert_eq!(done.refresh().await.session["conversation"]["status"], "resolved", "nothing is taken up again");

    // The first that the desk hears of is a message, and a message is what takes a conversation up.
    done.asks("How can I pay?").await;
    let heard = console.until(|told| told.is_message_of("bot")).await;
    let stored: Vec<&str> = heard.iter().filter(|told| told.id.is_some()).map(|told| told.name.as_str()).collect();
    assert_eq!(stored, ["conversation.status_changed", "message.created", "message.created"], "{heard:#?}");
    assert_eq!(done.refresh().await.session["conversation"]["status"], "pending");
}

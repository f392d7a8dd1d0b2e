//! The power goes, the process is killed: what was acknowledged is there, and is answered once.

use std::time::Duration;

use crate::support::{Program, Shop, Shopper, text};

fn serve(shop: &Shop) -> crate::support::Serving {
    Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve()
}

#[tokio::test]
async fn an_acknowledged_message_outlives_kill_and_gets_one_reply() {
    let shop = Shop::new();
    let server = serve(&shop);
    let mut shopper = Shopper::arrive(&server.url).await;
    shopper.asks("How can I pay?").await;
    let taken = shopper.sends("How long does delivery take?").await;
    server.kill();

    let server = serve(&shop);
    shopper.follow(&server.url).await;
    let sent = text(&taken, "/message/id").to_owned();
    let after =
        shopper.stream.until(|told| told.is_message_of("bot") && text(&told.data, "/content").contains("2 to 3 working days")).await;
    assert!(after.iter().any(|told| told.data["id"] == sent.as_str()), "the message is in the log");
    // One more turn, so that a second reply to the first would be there by now.
    shopper.asks("thank you").await;

    let history = shopper.history().await;
    let authors: Vec<&str> = history.iter().map(|message| text(message, "/author/type")).collect();
    assert_eq!(authors, ["shopper", "bot", "shopper", "bot", "shopper", "bot"], "{history:#?}");
    assert_eq!(history.iter().filter(|message| message["id"] == sent.as_str()).count(), 1);
}

#[tokio::test]
async fn at_whatever_moment_it_is_killed_each_message_gets_one_reply() {
    let shop = Shop::new();
    let mut server = serve(&shop);
    let mut shopper = Shopper::arrive(&server.url).await;
    let questions = [
        "How can I pay?",
        "Do I get an invoice?",
        "Do you deliver on Saturdays?",
        "How do I return an item?",
        "How much does delivery cost?",
    ];
    // Before the turn, in the search, while the reply is told, about when it is committed, after that.
    for (question, moment) in questions.into_iter().zip([0, 20, 120, 420, 900]) {
        let number = shopper.sends(question).await["message"]["seq"].as_i64().unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        server = serve(&shop);
        shopper.follow(&server.url).await;
        let reply = shopper.stream.first(|told| told.is_message_of("bot") && told.data["seq"].as_i64() > Some(number)).await;
        assert_eq!(text(&reply.data, "/sources/0/title"), question, "killed after {moment} ms");
    }
    let history = shopper.history().await;
    let authors: Vec<&str> = history.iter().map(|message| text(message, "/author/type")).collect();
    assert_eq!(authors, ["shopper", "bot"].repeat(questions.len()), "{history:#?}");
}

//! What goes wrong at a desk: two want the same, the database is away, the disk is full, a conversation that never ends. A clear answer, and nothing lost.

mod away;
mod full;
mod long;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::agent::{claim, waiting};
use crate::kill::story::Story;
use crate::support::{Database, Shop, TestApp, Told, text};

const MESSAGES: &str = "/api/v1/widget/messages";

/// Runs a test against a server on each of the databases.
async fn on_both(test: impl AsyncFn(&TestApp)) {
    let app = TestApp::start().await;
    test(&app).await;
    app.stop().await;
    let Some(database) = Database::new().await else { return };
    let shop = Shop::new();
    shop.keep_in(&database.url());
    let app = TestApp::serve(shop).await;
    test(&app).await;
    app.stop().await;
}

/// A log in which nothing is wrong; the words of one kind of author in their order.
#[track_caller]
fn words_of<'l>(log: &'l [Told], author: &str) -> Vec<&'l str> {
    let story = Story::of(log);
    assert!(story.doubled.is_empty() && story.gaps.is_empty() && story.wrong.is_empty(), "{story:#?} of {log:#?}");
    log.iter().filter(|told| told.is_message_of(author)).map(|told| text(&told.data, "/content")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_agents_who_claim_at_once_one_has_it_and_the_other_is_told_who() {
    on_both(async |app| {
        let (ana, ben) = (app.agent("ana").await, app.agent("ben").await);
        for _ in 0..8 {
            let (shopper, conversation) = waiting(app).await;
            let (a, b) = tokio::join!(ana.does("claim", &conversation), ben.does("claim", &conversation));
            let (winner, loser, refused) = match (a.status().as_u16(), b.status().as_u16()) {
                (200, 409) => ("ana", &ben, b),
                (409, 200) => ("ben", &ana, a),
                other => panic!("{other:?}"),
            };
            let refused: Value = refused.json().await.unwrap();
            assert_eq!(text(&refused, "/error/code"), "taken");
            assert_eq!(text(&refused, "/error/message"), format!("{winner} has taken this conversation"));
            let shown = loser.reads(&conversation).await;
            assert_eq!(text(&shown, "/conversation/assignee/name"), winner);
            assert_eq!(text(&shown, "/ticket/assignee/name"), winner);
            assert_eq!(loser.replies(&conversation, "Me too").await.status(), 409);
            let claims = shopper.log().await.iter().filter(|told| told.data["reason"] == "claimed").count();
            assert_eq!(claims, 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_a_resolved_conversation_is_refused_in_a_sentence() {
    on_both(async |app| {
        let ana = app.agent("ana").await;
        let (mut shopper, conversation) = waiting(app).await;
        claim(&ana, &conversation).await;
        assert_eq!(ana.replies(&conversation, "Done.").await.status(), 201);
        assert_eq!(ana.does("resolve", &conversation).await.status(), 200);
        let before = shopper.log().await;
        for refused in [
            ana.replies(&conversation, "One more thing").await,
            ana.does("claim", &conversation).await,
            ana.does("return", &conversation).await,
        ] {
            assert_eq!(refused.status(), 409);
            let body: Value = refused.json().await.unwrap();
            assert_eq!(text(&body, "/error/code"), "conflict");
            assert!(text(&body, "/error/message").starts_with("the conversation is resolved; the shopper's next message"), "{body}");
        }
        // What was sent before is known, and twice resolved is resolved.
        assert_eq!(ana.replies(&conversation, "Done.").await.status(), 201);
        assert_eq!(ana.does("resolve", &conversation).await.status(), 200);
        assert_eq!(shopper.log().await, before, "nothing of it is kept");

        shopper.asks("How can I pay?").await;
        let refused = ana.replies(&conversation, "One more thing").await;
        assert_eq!(refused.status(), 409);
        assert!(text(&refused.json().await.unwrap(), "/error/message").contains("claim it first"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_and_a_shopper_who_write_at_once_both_arrive_on_both_sides() {
    on_both(async |app| {
        let ana = app.agent("ana").await;
        let (mut shopper, conversation) = waiting(app).await;
        claim(&ana, &conversation).await;
        let mut console = ana.listens().await;
        let sent: Vec<String> = (0..25).map(|number| format!("question {number}")).collect();
        let replied: Vec<String> = (0..25).map(|number| "!".repeat(number + 1)).collect();
        let asking =
            join_all(sent.iter().map(|content| shopper.posts(MESSAGES, json!({"content": content, "echo_id": content.replace(' ', "-")}))));
        let answering = join_all(replied.iter().map(|content| ana.replies(&conversation, content)));
        let (asked, answered) = tokio::join!(asking, answering);
        assert!(asked.iter().all(|answer| answer.status() == 202) && answered.iter().all(|answer| answer.status() == 201));

        let log = shopper.log().await;
        let sorted = |mut words: Vec<&str>| {
            words.sort_unstable();
            words.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let expected = |words: &[String]| sorted(words.iter().map(String::as_str).collect());
        assert_eq!(sorted(words_of(&log, "agent")), expected(&replied));
        assert_eq!(sorted(words_of(&log, "shopper").split_off(1)), expected(&sent));
        // Both heard all of it as it happened, in the order of the log.
        let newest = log.last().unwrap().data["id"].clone();
        let talk = |heard: &[Told]| -> Vec<Value> {
            let messages = heard.iter().filter(|told| told.is_message_of("agent") || told.is_message_of("shopper"));
            messages.map(|told| told.data["id"].clone()).collect()
        };
        let whole = talk(&log);
        let (here, there) =
            (shopper.stream.until(|told| told.data["id"] == newest).await, console.until(|told| told.data["id"] == newest).await);
        // The shopper's stream has heard the beginning in `waiting`.
        assert_eq!(talk(&here), whole[whole.len() - 50..]);
        assert_eq!(talk(&there), whole[whole.len() - 50..]);
    })
    .await;
}

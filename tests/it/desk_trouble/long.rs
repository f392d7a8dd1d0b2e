//! A conversation that never ends.

use nightdesk::conversation::message::CONTENT_LIMIT;
use serde_json::{Value, json};
use sqlx::SqlitePool;

use super::MESSAGES;
use crate::agent::{claim, waiting};
use crate::kill::story::number;
use crate::support::{Program, TestApp, text};

/// Messages that are there at once.
const MANY: i64 = 10_000;

/// Puts many messages of the shopper's into the one conversation that there is, as one commit after the other would have.
async fn write_many(app: &TestApp) {
    let pool = SqlitePool::connect(&format!("sqlite://{}", app.shop.data().join("nightdesk.db").display())).await.unwrap();
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for sql in [
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         INSERT INTO messages (id, conversation_id, seq, author, author_id, content, echo_id, created_at) \
         SELECT randomblob(16), c.id, c.last_seq + i, 'shopper', c.contact_id, 'message ' || i, 'many-' || i, c.updated_at + i FROM n, conversations c",
        "INSERT INTO events (conversation_id, seq, type, actor, at, message_id) \
         SELECT m.conversation_id, m.seq, 'message.created', 'shopper', m.created_at, m.id FROM messages m WHERE m.echo_id LIKE 'many-%' AND $1 > 0 \
         ORDER BY m.seq",
        "UPDATE conversations SET last_seq = last_seq + $1, generation = generation + $1, answered_generation = generation + $1, \
         updated_at = updated_at + $1",
    ] {
        sqlx::query(sql).bind(MANY).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_are_read_and_answered_as_ten_are() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let (mut shopper, conversation) = waiting(&app).await;
    write_many(&app).await;
    let last = format!("message {MANY}");

    // A page that is opened now: the widget's, and the console's.
    let opened = shopper.refresh().await.session;
    let shown = opened["messages"].as_array().unwrap();
    assert_eq!((shown.len(), text(shown.last().unwrap(), "/content")), (200, last.as_str()));
    let detail = ana.reads(&conversation).await;
    let shown = detail["messages"].as_array().unwrap();
    assert_eq!((shown.len(), text(shown.last().unwrap(), "/content")), (500, last.as_str()));
    let list = ana.tickets("unassigned").await;
    assert_eq!((list["tickets"].as_array().unwrap().len(), text(&list, "/tickets/0/last_message/content")), (1, last.as_str()));

    // A listener from the beginning, and one from the middle, hear each event once.
    let newest = opened["conversation"]["last_seq"].as_i64().unwrap();
    for after in [0, newest / 2] {
        let log = shopper.stream_after(&after.to_string()).await.until(|told| told.id == Some(newest.to_string())).await;
        let numbers: Vec<i64> = log.iter().filter(|told| told.id.is_some()).map(number).collect();
        assert_eq!(numbers, (after + 1..=newest).collect::<Vec<_>>());
    }

    // The talk goes on: a message, its retry, an agent's help and reply, the bot.
    let body = json!({"content": "x".repeat(CONTENT_LIMIT), "echo_id": "one-more"});
    for _ in 0..2 {
        let answer: Value = shopper.posts(MESSAGES, body.clone()).await.json().await.unwrap();
        assert_eq!(answer["message"]["seq"], newest + 1);
    }
    claim(&ana, &conversation).await;
    for help in ["summary", "drafts"] {
        assert_eq!(ana.gets(&format!("/conversations/{conversation}/{help}")).await.status(), 200, "{help}");
    }
    assert_eq!(ana.replies(&conversation, "That is a lot.").await.status(), 201);
    assert_eq!(ana.does("return", &conversation).await.status(), 200);
    shopper.follow(&app.url("")).await;
    shopper.sends("How can I pay?").await;
    let reply = shopper.stream.first(|told| told.is_message_of("bot") && told.data["seq"].as_i64() > Some(newest)).await;
    assert_eq!(text(&reply.data, "/sources/0/title"), "How can I pay?");
    let replayed = Program::of(&app.shop, &["replay", &conversation]).run().well();
    assert!(replayed.contains("2 turns"), "{replayed}");
}

//! A database of the schema before, brought up to date.

use std::borrow::Cow;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::{MIGRATIONS, SqliteStore};
use crate::conversation::{Conversations, Decision, EntryVersions, MadeWith, Source, TurnOutcome};
use crate::store::suite::World;

/// A file of the first schema with rows as the program of that time wrote them.
async fn of_first_schema(path: &Path) {
    let first = MIGRATIONS.iter().filter(|migration| migration.version == 1).cloned().collect();
    let migrator = Migrator { migrations: Cow::Owned(first), ..Migrator::DEFAULT };
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path).create_if_missing(true)).await.unwrap();
    migrator.run(&pool).await.unwrap();
    let rows = [
        "INSERT INTO contacts (id, name, created_at) VALUES (x'00000000000000000000000000000001', 'Mia', 1800000000000000)",
        "INSERT INTO conversations (id, contact_id, status, fence, generation, answered_generation, last_seq, context_seq, created_at, \
         updated_at) VALUES (x'00000000000000000000000000000002', x'00000000000000000000000000000001', 'pending', 0, 1, 1, 2, 0, \
         1800000000000000, 1800000000000000)",
        "INSERT INTO messages (id, conversation_id, seq, author, author_id, content, echo_id, created_at) VALUES \
         (x'00000000000000000000000000000003', x'00000000000000000000000000000002', 1, 'shopper', x'00000000000000000000000000000001', \
         'How long?', 'e1', 1800000000000000)",
        "INSERT INTO messages (id, conversation_id, seq, author, content, created_at, decision, confidence, sources, model, milliseconds) \
         VALUES (x'00000000000000000000000000000004', x'00000000000000000000000000000002', 2, 'bot', 'Two days.', 1800000000000001, \
         'answer', 0.9, '[{\"type\":\"entry\",\"id\":\"a/b\",\"title\":\"How long?\"}]', 'stored', 12)",
        "INSERT INTO events (conversation_id, seq, type, actor, at, message_id) VALUES (x'00000000000000000000000000000002', 1, \
         'message.created', 'shopper', 1800000000000000, x'00000000000000000000000000000003')",
        "INSERT INTO events (conversation_id, seq, type, actor, at, message_id) VALUES (x'00000000000000000000000000000002', 2, \
         'message.created', 'bot:0.1.0', 1800000000000001, x'00000000000000000000000000000004')",
    ];
    for row in rows {
        sqlx::query(row).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

#[tokio::test]
async fn messages_of_before_the_second_schema_rest_on_nothing_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.db");
    of_first_schema(&path).await;
    let world = World::new(SqliteStore::open(&path).await.unwrap());

    let conversation = crate::conversation::ConversationId(uuid::Uuid::from_u128(2));
    let messages = world.store.messages(conversation, 10).await.unwrap();
    assert_eq!(messages[0].trace, None);
    let trace = messages[1].trace.clone().unwrap();
    assert_eq!((trace.statements, trace.made_with), (Vec::new(), MadeWith::default()));
    assert_eq!((trace.decision, trace.confidence, trace.milliseconds), (Decision::Answer, 0.9, 12));
    assert_eq!(trace.sources, [Source::Entry { id: "a/b".to_owned(), title: "How long?".to_owned() }]);
    assert_eq!(world.log(conversation).await.len(), 2);

    // It goes on as any other: the next turn keeps what the first could not.
    let contact = world.conversation(conversation).await.contact_id;
    world.say(contact, "And now?").await;
    let mut commit = world.answer(&world.turn(conversation).await);
    commit.reply.trace.made_with.index = "00ff".to_owned();
    assert!(matches!(world.store.commit_turn(commit.clone()).await.unwrap(), TurnOutcome::Committed(_)));
    assert_eq!(world.store.messages(conversation, 1).await.unwrap()[0].trace.as_ref(), Some(&commit.reply.trace));
    assert_eq!(world.store.entry_version("00ff").await.unwrap(), None, "the table is there, and empty");
    world.store.close().await;
    SqliteStore::open(&path).await.unwrap();
}

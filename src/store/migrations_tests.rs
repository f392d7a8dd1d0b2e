//! A database of each schema before, brought up to date. Compiled once for each database; `old` is that database as a program of that time left it.

use std::borrow::Cow;

use sqlx::migrate::Migrator;
use uuid::Uuid;

use super::old::Old;
use super::{Backend, MIGRATIONS};
use crate::conversation::{
    AgentId, Assistance, ContactId, ConversationId, Conversations, Decision, EntryVersions, HandoffReason, MadeWith, Priority, Source,
    Status, TurnOutcome,
};
use crate::desk::{Desk, DeskOutcome, Queue, TicketState, Wish};
use crate::store::suite::World;

const MIA: u128 = 1;
const NOA: u128 = 2;
const ANA: u128 = 3;
/// The bot's, with a turn that is due.
const ASKED: u128 = 4;
/// Ana's, with an open ticket.
const OPEN: u128 = 5;
const AT: i64 = 1_800_000_000_000_000;

/// The migrations up to one of them.
pub(super) fn up_to(version: i64) -> Migrator {
    let old = MIGRATIONS.iter().filter(|migration| migration.version <= version).cloned().collect();
    Migrator { migrations: Cow::Owned(old), ..Migrator::DEFAULT }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Rows as the first program wrote them; later schemas took them over.
async fn fill(old: &Old) {
    let pool = &old.pool;
    for (contact, name) in [(MIA, "Mia"), (NOA, "Noa")] {
        let sql = "INSERT INTO contacts (id, name, created_at) VALUES ($1, $2, $3)";
        sqlx::query(sql).bind(id(contact)).bind(name).bind(AT).execute(pool).await.unwrap();
    }
    let sql =
        "INSERT INTO agents (id, email, name, role, password_hash, created_at) VALUES ($1, 'ana@shop.example', 'Ana', 'agent', 'none', $2)";
    sqlx::query(sql).bind(id(ANA)).bind(AT).execute(pool).await.unwrap();

    let sql = "INSERT INTO conversations (id, contact_id, status, assignee_id, fence, generation, answered_generation, last_seq, context_seq, \
        waiting_since, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)";
    let asked = sqlx::query(sql).bind(id(ASKED)).bind(id(MIA)).bind("pending").bind(None::<Uuid>);
    asked.bind(0_i64).bind(2_i64).bind(1_i64).bind(3_i64).bind(0_i64).bind(AT).execute(pool).await.unwrap();
    let open = sqlx::query(sql).bind(id(OPEN)).bind(id(NOA)).bind("open").bind(id(ANA));
    open.bind(1_i64).bind(1_i64).bind(1_i64).bind(2_i64).bind(2_i64).bind(AT).execute(pool).await.unwrap();

    let shopper = "INSERT INTO messages (id, conversation_id, seq, author, author_id, content, echo_id, created_at) \
        VALUES ($1, $2, $3, 'shopper', $4, 'How long?', $5, $6)";
    for (message, conversation, seq, contact) in [(10, ASKED, 1_i64, MIA), (12, ASKED, 3, MIA), (13, OPEN, 1, NOA)] {
        let query = sqlx::query(shopper).bind(id(message)).bind(id(conversation)).bind(seq).bind(id(contact));
        query.bind(format!("e{message}")).bind(AT).execute(pool).await.unwrap();
    }
    let bot = "INSERT INTO messages (id, conversation_id, seq, author, content, created_at, decision, confidence, sources, model, milliseconds) \
        VALUES ($1, $2, 2, 'bot', 'Two days.', $3, 'answer', 0.9, $4, 'stored', 12)";
    let sources = r#"[{"type":"entry","id":"a/b","title":"How long?"}]"#;
    sqlx::query(bot).bind(id(11)).bind(id(ASKED)).bind(AT).bind(sources).execute(pool).await.unwrap();

    let event = "INSERT INTO events (conversation_id, seq, type, actor, at, message_id, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (conversation, seq, message, actor) in
        [(ASKED, 1_i64, 10, "shopper"), (ASKED, 2, 11, "bot:0.1.0"), (ASKED, 3, 12, "shopper"), (OPEN, 1, 13, "shopper")]
    {
        let query = sqlx::query(event).bind(id(conversation)).bind(seq).bind("message.created").bind(actor);
        query.bind(AT).bind(id(message)).bind(None::<&str>).execute(pool).await.unwrap();
    }
    let claimed = format!(r#"{{"from":"pending","to":"open","assignee":"{}","reason":"claimed"}}"#, id(ANA));
    let query = sqlx::query(event).bind(id(OPEN)).bind(2_i64).bind("conversation.status_changed").bind(format!("agent:{}", id(ANA)));
    query.bind(AT).bind(None::<Uuid>).bind(claimed).execute(pool).await.unwrap();
    let sql = "INSERT INTO tickets (id, number, conversation_id, reason, subject, state, assignee_id, created_at) \
        VALUES ($1, 1, $2, 'asked', 'How long?', 'open', $3, $4)";
    sqlx::query(sql).bind(id(20)).bind(id(OPEN)).bind(id(ANA)).bind(AT).execute(pool).await.unwrap();
}

#[tokio::test]
async fn every_schema_of_before_is_brought_up_to_date_with_what_it_holds() {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
    for version in 1..newest {
        let Some(old) = Old::of(version).await else { return };
        fill(&old).await;
        old.pool.close().await;
        let world = World::new(old.open().await);
        goes_on(&world).await;
        world.store.close().await;
        old.open().await.close().await;
    }
}

/// What was kept is there, and everything that is new works on it.
async fn goes_on(world: &World<Backend>) {
    let (asked, open, ana) = (ConversationId(id(ASKED)), ConversationId(id(OPEN)), AgentId(id(ANA)));
    let messages = world.store.messages(asked, 10).await.unwrap();
    assert_eq!(messages[0].trace, None);
    let trace = messages[1].trace.clone().unwrap();
    assert_eq!((trace.statements, trace.made_with), (Vec::new(), MadeWith::default()));
    assert_eq!((trace.decision, trace.confidence, trace.milliseconds), (Decision::Answer, 0.9, 12));
    assert_eq!(trace.sources, [Source::Entry { id: "a/b".to_owned(), title: "How long?".to_owned() }]);
    assert_eq!(world.log(asked).await.len(), 3);
    assert_eq!(world.store.last_event_id().await.unwrap(), 5, "the log is counted on");

    // The turn that was due when the old program ended.
    assert_eq!(world.store.due_turns().await.unwrap(), [asked]);
    let mut commit = world.answer(&world.turn(asked).await);
    commit.reply.trace.made_with.index = "00ff".to_owned();
    assert!(matches!(world.store.commit_turn(commit.clone()).await.unwrap(), TurnOutcome::Committed(_)));
    assert_eq!(world.store.messages(asked, 1).await.unwrap()[0].trace.as_ref(), Some(&commit.reply.trace));
    assert_eq!(world.store.entry_version("00ff").await.unwrap(), None);

    let tickets = world.store.tickets(Queue::Mine(ana), world.now(), 10).await.unwrap();
    let ticket = &tickets[0].ticket;
    assert_eq!((tickets.len(), ticket.number, ticket.reason, ticket.state), (1, 1, HandoffReason::Asked, TicketState::Open));
    assert_eq!((ticket.priority, ticket.queue.as_str(), ticket.due_at), (Priority::Normal, "general", None));
    let before = world.conversation(open).await;
    assert_eq!((before.status, before.assignee, before.assistance), (Status::Open, Some(ana), Assistance::Off));
    assert_eq!(before.snoozed_until, None);
    assert!(matches!(world.store.reply(world.reply(open, ana, "Two days.")).await.unwrap(), DeskOutcome::Done(_)));
    assert!(matches!(world.store.snooze(world.claim(open, ana), world.now()).await.unwrap(), DeskOutcome::Done(_)));
    assert_eq!(world.store.wake_snoozed(world.now()).await.unwrap().len(), 1);
    assert!(matches!(world.store.resolve(world.claim(open, ana)).await.unwrap(), DeskOutcome::Done(_)));

    world
        .store
        .commit_turn(world.hand_over(&{
            world.say(ContactId(id(MIA)), "And now?").await;
            world.turn(asked).await
        }))
        .await
        .unwrap();
    let wish = Wish { contact_id: ContactId(id(MIA)), assistance: Assistance::On, at: world.now() };
    assert!(matches!(world.store.wish(wish).await.unwrap(), DeskOutcome::Done(one) if one.is_assisted()));
    assert_eq!(world.store.ticket_of(asked).await.unwrap().unwrap().number, 2);
    assert_eq!(world.log(asked).await.last().unwrap().seq, 8);
}

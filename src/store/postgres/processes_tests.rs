//! Several processes on one database: each is a store of its own here.

use std::time::Instant;

use tokio::sync::broadcast::Receiver;

use super::server_tests::end_sessions_of;
use super::*;
use crate::conversation::{Conversations, Live, LiveKind, TurnOutcome};
use crate::store::suite::World;
use crate::store::suite::server::Schema;

async fn process(schema: &Schema) -> World<PostgresStore> {
    World::new(PostgresStore::open(&schema.url()).await.unwrap())
}

/// A process that follows the others; what it hears.
async fn follower(schema: &Schema) -> (World<PostgresStore>, Receiver<Live>, CancellationToken) {
    let (w, live, stop) = (process(schema).await, LiveBus::default(), CancellationToken::new());
    let heard = live.subscribe();
    let (store, token) = (w.store.clone(), stop.clone());
    tokio::spawn(async move { store.follow(live, token).await });
    // It listens when a session of its has looked at the log, which comes after `LISTEN`.
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1 AND query IN ($2, $3) AND state = 'idle'";
    let listens = async || {
        let count =
            sqlx::query_scalar::<_, i64>(sql).bind(format!("nightdesk {}", w.store.process)).bind(events::NEWEST_ID).bind(follow::NEWS);
        count.fetch_one(&w.store.pool).await.unwrap() > 0
    };
    let began = Instant::now();
    while !listens().await {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not listen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (w, heard, stop)
}

async fn within(millis: u64, heard: &mut Receiver<Live>) -> Option<Live> {
    tokio::time::timeout(Duration::from_millis(millis), heard.recv()).await.ok().map(Result::unwrap)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_commits_the_other_hears_at_once() {
    let Some(schema) = Schema::new().await else { return };
    let one = process(&schema).await;
    let (other, mut heard, stop) = follower(&schema).await;
    let shopper = one.shopper().await;
    let mut times = Vec::new();
    for word in ["Hello", "How long?", "Hm?", "And where?", "Thanks"] {
        let id = one.say(shopper, word).await.conversation.id;
        let said = Instant::now();
        let live = within(10_000, &mut heard).await.expect("it is told");
        times.push(said.elapsed());
        assert_eq!((live.conversation_id, live.contact_id), (id, shopper));
        assert!(matches!(live.kind, LiveKind::Changed));
    }
    // The middle one: a single time says more about what else the machine does. By polling alone it would be seconds.
    times.sort_unstable();
    assert!(times[2] < Duration::from_millis(500), "{times:?}");
    other.say(shopper, "My own").await;
    assert!(within(300, &mut heard).await.is_none(), "a process tells its own commits itself");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_committed_while_nobody_listened_is_told_afterwards() {
    let Some(schema) = Schema::new().await else { return };
    let one = process(&schema).await;
    let (other, mut heard, stop) = follower(&schema).await;
    let shopper = one.shopper().await;
    let first = one.say(shopper, "Hello").await.conversation.id;
    assert_eq!(within(5_000, &mut heard).await.unwrap().conversation_id, first);

    end_sessions_of(&other.store).await;
    let second = one.say(one.shopper().await, "Hello from another").await.conversation.id;
    let live = within(5_000, &mut heard).await.expect("it is told after the connection is back");
    assert_eq!(live.conversation_id, second);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_belongs_to_one_process_until_that_one_ends() {
    let Some(schema) = Schema::new().await else { return };
    let (one, other) = (process(&schema).await, process(&schema).await);
    let shopper = one.shopper().await;
    let id = one.say(shopper, "How long?").await.conversation.id;
    assert_eq!(other.store.due_turns().await.unwrap(), [id]);
    let turn = one.turn(id).await;
    assert!(other.store.begin_turn(id).await.unwrap().is_none(), "the other process has it");
    assert!(other.store.due_turns().await.unwrap().is_empty());
    assert!(one.store.begin_turn(id).await.unwrap().is_some(), "a try after a failure");

    // A newer message makes the reply stale; the turn is anybody's then.
    other.say(shopper, "And where?").await;
    assert!(matches!(one.store.commit_turn(one.answer(&turn)).await.unwrap(), TurnOutcome::Stale));
    let turn = other.turn(id).await;
    assert!(one.store.begin_turn(id).await.unwrap().is_none());
    assert!(matches!(other.store.commit_turn(other.answer(&turn)).await.unwrap(), TurnOutcome::Committed(_)));

    one.say(shopper, "Thanks, and the price?").await;
    one.turn(id).await;
    one.store.close().await;
    other.turn(id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_turn_of_a_process_that_died_is_taken_over_and_commits_once() {
    let Some(schema) = Schema::new().await else { return };
    let (one, other) = (process(&schema).await, process(&schema).await);
    let id = one.say(one.shopper().await, "How long?").await.conversation.id;
    let slow = one.turn(id).await;
    // Nobody keeps it: the process that took it does not follow any more.
    let began = Instant::now();
    let turn = loop {
        match other.store.begin_turn(id).await.unwrap() {
            Some(turn) => break turn,
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    assert!((5..20).contains(&began.elapsed().as_secs()), "taken over after {:?}", began.elapsed());
    assert!(matches!(other.store.commit_turn(other.answer(&turn)).await.unwrap(), TurnOutcome::Committed(_)));
    assert!(matches!(one.store.commit_turn(one.answer(&slow)).await.unwrap(), TurnOutcome::Stale), "it was not dead but slow");
    assert_eq!(one.story(id).await, ["shopper: How long?", "bot: Two days."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_lives_keeps_its_turn() {
    let Some(schema) = Schema::new().await else { return };
    let (one, _heard, stop) = follower(&schema).await;
    let other = process(&schema).await;
    let id = one.say(one.shopper().await, "How long?").await.conversation.id;
    one.turn(id).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(other.store.begin_turn(id).await.unwrap().is_none(), "longer than a lease, and still its own");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_turn_of_a_process_whose_connections_ended_is_free_at_once() {
    let Some(schema) = Schema::new().await else { return };
    let (one, _heard, stop) = follower(&schema).await;
    let other = process(&schema).await;
    let id = one.say(one.shopper().await, "How long?").await.conversation.id;
    let slow = one.turn(id).await;
    assert!(other.store.begin_turn(id).await.unwrap().is_none(), "it shows that it lives");

    // As after `kill -9`: the server ends what belonged to it, and its lease goes on for seconds.
    stop.cancel();
    end_sessions_of(&one.store).await;
    let began = Instant::now();
    while other.store.due_turns().await.unwrap() != [id] {
        assert!(began.elapsed() < Duration::from_secs(3), "its death was not noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let turn = other.turn(id).await;
    assert!(matches!(other.store.commit_turn(other.answer(&turn)).await.unwrap(), TurnOutcome::Committed(_)));
    assert!(matches!(one.store.commit_turn(one.answer(&slow)).await.unwrap(), TurnOutcome::Stale), "it was not dead after all");
}

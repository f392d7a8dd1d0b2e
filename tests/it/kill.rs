//! `kill -9` at random moments under load, on both databases: what was acknowledged is there once and in its place, every burst is answered once,
//! every handoff is one ticket and one line, and whoever listened heard each event once.
//!
//! A run kills a few times. `NIGHTDESK_TEST_KILLS=200` kills as often as that and, with `-- --nocapture`, shows a table; `NIGHTDESK_TEST_SEED` takes the
//! choices of an earlier run again, as far as the machine's timing allows.

mod actors;
mod desk;
mod ear;
mod line;
pub mod story;
mod tally;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use actors::{Agent, Book, Shopper, Talked};
use desk::{Desk, Kind};
use ear::Ear;
use story::Story;
use tally::Tally;

/// Shoppers who write at a time.
const SHOPPERS: usize = 6;
/// Agents who work at a time.
const AGENTS: usize = 2;
/// Kills after which other shoppers come, and all of what the ones before have said is read from its beginning.
const ROUND: usize = 10;
/// Kills of a normal run.
const KILLS: usize = 4;
/// The longest that a server lives, from when it is ready.
const LIFE: u64 = 1_600;
/// How long what is owed after the last kill may take: a turn of a process that died is somebody else's after some seconds.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_it_is_killed_nothing_is_lost_or_doubled_on_sqlite() {
    whenever_it_is_killed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_it_is_killed_nothing_is_lost_or_doubled_on_postgresql() {
    whenever_it_is_killed(Kind::Postgres).await;
}

async fn whenever_it_is_killed(kind: Kind) {
    let seed = number("NIGHTDESK_TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("NIGHTDESK_TEST_SEED={seed} takes these choices again");
    let mut rng = Rng::with_seed(seed);
    let kills = number("NIGHTDESK_TEST_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    let Some(mut desk) = Desk::open(kind).await else { return };
    let mut tally = Tally::default();
    while tally.kills < kills {
        round(&mut desk, ROUND.min(kills - tally.kills), &mut rng, &mut tally).await;
    }
    tally.ready = desk.ready();
    println!("{}", tally.table(kind.name()));
    assert!(tally.faults().is_empty(), "{:#?}", tally.faults());
    assert_eq!(desk.panics(), [""; 0]);
}

/// One lot of shoppers: they write while the server is killed again and again, and then all that they said is held against what they were promised.
async fn round(desk: &mut Desk, kills: usize, rng: &mut Rng, tally: &mut Tally) {
    let (stop, talked, mut people) = (CancellationToken::new(), Talked::default(), JoinSet::new());
    desk.start().await;
    let mut listening = Vec::new();
    for number in 0..SHOPPERS {
        let shopper = Shopper::arrive(desk.line(), number, talked.clone()).await;
        listening.push((shopper.book(), Ear::of(shopper.line(), "/api/v1/widget/events")));
        people.spawn(shopper.live(Rng::with_seed(rng.u64(..)), stop.clone()));
    }
    let listening = Arc::new(listening);
    let mut consoles = Vec::new();
    for number in 0..AGENTS {
        let agent = Agent::hire(desk, talked.clone(), number).await;
        consoles.push(Ear::of(agent.line(), "/api/v1/agent/events"));
        people.spawn(agent.work(Rng::with_seed(rng.u64(..)), stop.clone()));
    }
    let mut looks = JoinSet::new();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(rng.u64(..LIFE))).await;
        let acknowledged: Vec<usize> = listening.iter().map(|(book, _)| book.accepted().len()).collect();
        desk.kill();
        tally.kills += 1;
        // Now and then it does not even come up.
        if rng.u8(..4) == 0 {
            desk.die_while_starting(Duration::from_millis(rng.u64(..LIFE))).await;
            tally.kills_at_start += 1;
        }
        desk.start().await;
        // Beside the next kills, which must not wait until everybody has caught up.
        looks.spawn(look(Arc::clone(&listening), acknowledged));
    }
    stop.cancel();
    while let Some(ended) = people.join_next().await {
        ended.expect("nobody was told what cannot be");
    }
    for (heard, lost) in looks.join_all().await {
        tally.count(heard);
        tally.lost += lost;
    }
    let tickets = settled(desk, &listening).await;
    for (book, ear) in listening.iter() {
        let log = book.whole_log().await;
        tally.count(ear.has_heard(log.last().map_or(0, story::number), PATIENCE).await);
        tally.compare_with(book, &log, &ear.heard());
        tally.read(book, &Story::of(&log), tickets.get(&book.conversation()).copied().unwrap_or_default());
    }
    for console in consoles {
        let heard = console.heard();
        tally.hear(&console.whole(&heard).await, &heard);
    }
    tally.retries += talked.retries();
    desk.kill();
}

/// After a restart: whether everybody hears what there is by then, and how much of what was acknowledged before is not there.
async fn look(listening: Arc<Vec<(Book, Ear)>>, acknowledged: Vec<usize>) -> (bool, usize) {
    let (mut heard, mut lost) = (true, 0);
    for ((book, ear), acknowledged) in listening.iter().zip(acknowledged) {
        let until = book.newest_number().await;
        heard &= ear.has_heard(until, PATIENCE).await;
        lost += missing(&book.accepted()[..acknowledged], &ear.heard()).len();
    }
    (heard, lost)
}

/// Waits until the bot owes nobody anything; how many tickets each conversation has then.
async fn settled(desk: &Desk, listening: &[(Book, Ear)]) -> std::collections::HashMap<String, usize> {
    let began = Instant::now();
    for (_, ear) in listening {
        while Story::of(&ear.heard()).owes() && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    desk.tickets().await
}

/// The messages of a list that a log has not.
fn missing(sent: &[actors::Sent], log: &[crate::support::Told]) -> Vec<String> {
    let known: std::collections::HashSet<&str> = log.iter().filter_map(|told| told.data["echo_id"].as_str()).collect();
    sent.iter().filter(|sent| !known.contains(sent.echo_id.as_str())).map(|sent| sent.echo_id.clone()).collect()
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?.to_string_lossy().into_owned();
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which is no number")))
}

//! A whole desk under load: agents with open consoles, shoppers with open widgets, and messages that are sent by the clock.
//!
//! [`mod@timeline`] says what is due when, [`people`] who does it, [`account`] keeps what became of it; [`stage`] sends and listens.

mod account;
#[cfg(test)]
mod account_tests;
mod line;
mod people;
mod report;
mod screen;
mod stage;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

use self::account::{Faults, Latencies};
use self::stage::Stage;
use self::timeline::{Act, timeline};
use super::machine::{Memory, processor_seconds};
use super::visitor::Door;

pub use self::line::Login;
pub use self::report::{desk_json, desk_table};

/// How long the last messages may be on their way before they are lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether all has arrived, and how much memory the server has.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeskPlan {
    /// Widgets that are open.
    pub shoppers: usize,
    /// Questions to the bot in a second.
    pub rate: f64,
    /// How long.
    pub length: Duration,
}

/// Whom it is done to.
pub struct DeskPlace {
    /// The server's address.
    pub door: Door,
    /// The agents who open a console.
    pub agents: Vec<Login>,
    /// The server's process where it runs on this machine.
    pub process: Option<u32>,
    /// What is asked.
    pub questions: Vec<String>,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct DeskRun {
    /// What was to be done.
    pub plan: DeskPlan,
    /// Consoles that were open.
    pub agents: usize,
    /// How many messages were due, and how many of them were sent.
    sent: Vec<Count>,
    /// From the first message that was due to the last.
    seconds: f64,
    latencies: Latencies,
    decisions: BTreeMap<String, usize>,
    faults: Faults,
    /// What was said against requests.
    sentences: Vec<String>,
    server: Option<Taken>,
}

/// Messages of one kind.
#[derive(Debug, Clone, Copy)]
struct Count {
    act: Act,
    due: usize,
    sent: usize,
}

/// What the server took of the machine.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// When all streams were open and nothing was sent.
    idle: Memory,
    /// The most while messages were sent, in bytes.
    resident: u64,
    /// At the end.
    end: Memory,
    /// Cores that were busy, on average.
    cores: f64,
}

impl DeskRun {
    /// Whether every message was sent, and arrived everywhere once and in order.
    pub fn is_sound(&self) -> bool {
        self.faults.is_none() && self.sent.iter().all(|count| count.sent == count.due)
    }
}

/// Opens everything, lets agents take some shoppers, sends what is due, waits until all has arrived, and compares with what the server has kept.
pub async fn measure_desk(place: DeskPlace, plan: DeskPlan, say: &dyn Fn(&str)) -> anyhow::Result<DeskRun> {
    if place.agents.is_empty() || plan.shoppers < 4 {
        bail!("a desk under load has one agent and four shoppers at least");
    }
    let process = place.process.map(|process| process.to_string());
    let agents = place.agents.len();
    say(&format!("opening {agents} consoles and {} widgets", plan.shoppers));
    let stage = Stage::open(place, plan.shoppers).await?;
    say("agents take their first conversations");
    stage.rehearse((2 * agents).min(plan.shoppers / 4)).await?;

    let due = timeline(plan.rate, plan.length);
    say(&format!("{} messages in {} s", due.len(), plan.length.as_secs()));
    let idle = process.as_deref().and_then(Memory::of);
    let before = process.as_deref().and_then(processor_seconds);
    let most = Arc::new(AtomicU64::new(0));
    let watch = tokio::spawn(watch_memory(process.clone(), Arc::clone(&most)));
    let began = Instant::now();
    let from = stage.now();
    for (moment, act) in &due {
        tokio::time::sleep_until(began + *moment).await;
        stage.act(*act, from + *moment);
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = process.as_deref().and_then(processor_seconds);
    let waited = Instant::now();
    while !stage.is_settled() && waited.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    watch.abort();
    let end = process.as_deref().and_then(Memory::of);

    say("comparing with what the server has kept");
    let kept = stage.kept().await?;
    stage.close();
    let account = stage.account();
    let counts = [Act::Ask, Act::AskForPerson, Act::WriteToAgent, Act::Reply].map(|act| Count {
        act,
        due: due.iter().filter(|(_, other)| *other == act).count(),
        sent: account.sent(act),
    });
    let server = match (idle, end, before, after) {
        (Some(idle), Some(end), Some(before), Some(after)) => {
            let resident = most.load(Ordering::Relaxed).max(idle.resident).max(end.resident);
            Some(Taken { idle, resident, end, cores: (after - before) / seconds.max(f64::MIN_POSITIVE) })
        }
        _ => None,
    };
    Ok(DeskRun {
        plan,
        agents,
        sent: counts.to_vec(),
        seconds,
        latencies: account.latencies().clone(),
        decisions: account.decisions().clone(),
        faults: account.faults(&kept),
        sentences: account.sentences(),
        server,
    })
}

/// Notes the most memory that the server has while this runs.
async fn watch_memory(process: Option<String>, most: Arc<AtomicU64>) {
    while let Some(memory) = process.as_deref().and_then(Memory::of) {
        most.fetch_max(memory.resident, Ordering::Relaxed);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

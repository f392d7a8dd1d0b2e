//! What of the log other programs have not been told yet, and the port that keeps it.
//!
//! The log itself is the queue: an endpoint has a number in it up to which everything was dealt with. Only what was tried and failed stands by
//! itself, as a [`Delivery`] that waits for its next try. It names its event and repeats nothing of it, so that erasing a message erases it here.

use async_trait::async_trait;
use uuid::Uuid;

use super::{ContactId, Webhook};
use crate::support::{StoreError, Timestamp};

/// One thing to tell one endpoint. A retry has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub Uuid);

impl std::fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An event of the log, by its number over all conversations.
    Event(i64),
    /// A shopper who opened the widget, which stands in no log.
    Contact(ContactId),
}

/// Whether it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// At `next_at`.
    Waiting,
    /// Not by itself any more, since `next_at`.
    Dead,
}

impl DeliveryState {
    /// The stable name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}

/// A delivery that has not succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same at each try.
    pub id: DeliveryId,
    /// The name of the endpoint.
    pub endpoint: String,
    /// What it is told as.
    pub webhook: Webhook,
    /// What is told.
    pub subject: Subject,
    /// Whether it is tried again.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When the thing happened.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// When it is given up, if it fails until then.
    pub give_up_at: Timestamp,
    /// Why it failed last.
    pub fault: Option<String>,
}

/// A process's claim to be the one that delivers to an endpoint.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The endpoint.
    pub endpoint: String,
    /// The process.
    pub process: Uuid,
    /// Now.
    pub at: Timestamp,
    /// When another process may take over unless the claim is renewed.
    pub until: Timestamp,
}

/// How an endpoint was found at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// Unknown until now: it is told what happens from here on.
    New,
    /// It goes on where it stood.
    Known,
    /// Nobody had delivered to it for so long that it begins anew, as if it were unknown.
    Anew,
}

/// What came of some deliveries; it is written as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The last event that was dealt with, where the log was read on.
    pub passed: Option<i64>,
    /// They are done.
    pub delivered: Vec<DeliveryId>,
    /// They failed, and stand so from now on.
    pub kept: Vec<Delivery>,
    /// What died before this is forgotten.
    pub forget: Option<Timestamp>,
}

/// How an endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Its name.
    pub endpoint: String,
    /// How far the numbers of the log go beyond what was dealt with; at least as much as there are events.
    pub behind: i64,
    /// Deliveries that wait for another try.
    pub waiting: i64,
    /// Deliveries that were given up.
    pub dead: i64,
    /// When the oldest thing happened that it is still to be told.
    pub oldest: Option<Timestamp>,
}

/// Which deliveries somebody wants to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// This one, whatever its state.
    One(DeliveryId),
    /// All that were given up.
    AllDead,
}

/// The store of what is still to be told. An endpoint goes by its name in the settings.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Makes an endpoint known. One that nobody held since `stale` begins anew.
    async fn enrol(&self, endpoint: &str, at: Timestamp, stale: Timestamp) -> Result<Enrolled, StoreError>;

    /// Takes or renews the claim: the last event that was dealt with, or `None` while another process holds it.
    async fn hold(&self, hold: &Hold) -> Result<Option<i64>, StoreError>;

    /// Ends the claim, so that another process need not wait.
    async fn let_go(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Deliveries of an endpoint that wait for a time up to `until`, the earliest first.
    async fn due(&self, endpoint: &str, until: Timestamp, limit: u32) -> Result<Vec<Delivery>, StoreError>;

    /// Writes what came of deliveries; `false`, and nothing is written, when the claim is another process's by now.
    async fn settle(&self, hold: &Hold, settled: &Settled) -> Result<bool, StoreError>;

    /// Has everything that waits for another try tried now: the endpoint takes deliveries again.
    async fn hasten(&self, hold: &Hold) -> Result<(), StoreError>;

    /// Adds what stands in no log. One that is there already stays as it is.
    async fn put(&self, deliveries: &[Delivery]) -> Result<(), StoreError>;

    /// How every endpoint that was ever known stands, by name.
    async fn backlogs(&self) -> Result<Vec<Backlog>, StoreError>;

    /// Deliveries that wait or were given up, those first, at most `limit`.
    async fn deliveries(&self, limit: u32) -> Result<Vec<Delivery>, StoreError>;

    /// Has deliveries tried again from `at` on, until `give_up_at`; how many.
    async fn try_again(&self, again: Again, at: Timestamp, give_up_at: Timestamp) -> Result<u64, StoreError>;
}

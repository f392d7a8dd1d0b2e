//! Webhooks: other programs of the shop are told what happens, at least once.
//!
//! The event log is the outbox. It is written in the transaction of the change itself, so nothing that happened goes untold and nothing is told that
//! did not happen. Each endpoint has its own place in the log and its own task: one that is slow, hangs or is gone holds nobody else up. Within a
//! conversation things are told in their order; what failed is told again later, with the same id, while the rest goes on.

mod address;
mod backoff;
mod courier;
mod endpoint;
mod fault;
mod health;
mod opened;
mod parcel;
mod render;
mod sender;
mod signature;

pub use endpoint::{Endpoint, Reach};
pub use fault::{Fault, WebhookError};
pub use render::Render;
pub use sender::{Letter, Sender};
pub use signature::sign;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::courier::Courier;
use self::health::Health;
use self::opened::Opened;
use self::parcel::later;
use crate::conversation::{ContactId, Conversations, Delivery, DeliveryId, DeliveryState, Enrolled, LiveBus, Outbox, Subject, Webhook};
use crate::support::{Clock, Ids, Timestamp};

/// A receiver's program that checks signatures: shown in the README, and run by a test.
pub const VERIFIER: &str = include_str!("verify.py");

/// Counts tries by endpoint and result.
const DELIVERIES: &str = "nightdesk_webhook_deliveries_total";
/// What waits, and for how long the oldest of it.
const WAITING: &str = "nightdesk_webhook_waiting";
const DEAD: &str = "nightdesk_webhook_dead";
const AGE: &str = "nightdesk_webhook_oldest_seconds";
/// How often they are taken.
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// How fast and how long deliveries are tried.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For one request.
    pub timeout: Duration,
    /// The pause after the first failure; later ones are multiples of it.
    pub retry: Duration,
    /// How long a delivery is tried.
    pub give_up: Duration,
}

/// What webhooks need.
pub struct WebhookParts {
    /// Whom to tell.
    pub endpoints: Vec<Endpoint>,
    /// How fast and how long.
    pub pace: Pace,
    /// The log.
    pub log: Arc<dyn Conversations>,
    /// What was not told yet.
    pub outbox: Arc<dyn Outbox>,
    /// Writes the bodies.
    pub render: Arc<dyn Render>,
    /// Notices that the log has grown.
    pub live: LiveBus,
    /// By what this process is known to others that tell the same endpoints.
    pub process: Uuid,
    /// Identifiers.
    pub ids: Ids,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What all endpoints share.
struct Shared {
    log: Arc<dyn Conversations>,
    outbox: Arc<dyn Outbox>,
    render: Arc<dyn Render>,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

/// Webhooks that run. Clones share them.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    endpoints: Vec<(Arc<Endpoint>, Arc<Notify>)>,
    opened: Opened,
    ids: Ids,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.inner.endpoints.iter().map(|(endpoint, _)| &endpoint.name)).finish()
    }
}

impl Webhooks {
    /// Makes the endpoints known and begins to tell them, as tasks of `tracker`, until `stop`. What happens after it returns is told.
    pub async fn start(parts: WebhookParts, tracker: &TaskTracker, stop: &CancellationToken) -> Result<Self, WebhookError> {
        metrics::describe_counter!(DELIVERIES, "Webhooks by endpoint and what came of a try: delivered, failed or dead");
        metrics::describe_gauge!(WAITING, "Webhooks that wait for another try");
        metrics::describe_gauge!(DEAD, "Webhooks that were given up in the last thirty days");
        metrics::describe_gauge!(AGE, metrics::Unit::Seconds, "How long ago the oldest thing happened that an endpoint was not told yet");
        let WebhookParts { endpoints, pace, log, outbox, render, live, process, ids, clock } = parts;
        let shared = Arc::new(Shared { log, outbox, render, clock, pace });
        let mut known = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints.into_iter().map(Arc::new) {
            let sender = Sender::new(Arc::clone(&endpoint), pace.timeout)?;
            enrol(&shared, &endpoint).await?;
            let knock = Arc::new(Notify::new());
            known.push((Arc::clone(&endpoint), Arc::clone(&knock)));
            let health = Mutex::new(Health::new(pace.retry));
            let courier = Courier { endpoint, sender, shared: Arc::clone(&shared), knock, process, health };
            tracker.spawn(courier.run(live.subscribe(), stop.clone()));
        }
        if !known.is_empty() {
            tracker.spawn(measure(Arc::clone(&shared), stop.clone()));
        }
        Ok(Self { inner: Arc::new(Inner { shared, endpoints: known, opened: Opened::default(), ids }) })
    }

    /// Tells whoever wants to know that a shopper opened the widget. That stands in no log, so it goes into the outbox itself; a fault of the database
    /// is logged and goes no further, since the shopper has come to chat.
    pub async fn widget_opened(&self, contact: ContactId) {
        let Inner { shared, endpoints, opened, ids } = &*self.inner;
        let now = shared.clock.now();
        let who = || endpoints.iter().filter(|(endpoint, _)| endpoint.wants(Webhook::WebwidgetTriggered));
        if who().next().is_none() || !opened.is_news(contact, now) {
            return;
        }
        let told = |endpoint: &Endpoint| Delivery {
            id: DeliveryId(ids.uuid()),
            endpoint: endpoint.name.clone(),
            webhook: Webhook::WebwidgetTriggered,
            subject: Subject::Contact(contact),
            state: DeliveryState::Waiting,
            attempts: 0,
            created_at: now,
            next_at: now,
            give_up_at: later(now, shared.pace.give_up),
            fault: None,
        };
        let deliveries: Vec<Delivery> = who().map(|(endpoint, _)| told(endpoint)).collect();
        match shared.outbox.put(&deliveries).await {
            Ok(()) => who().for_each(|(_, knock)| knock.notify_one()),
            Err(fault) => tracing::warn!(error.message = %fault, "that a widget was opened could not be kept for the webhooks"),
        }
    }
}

async fn enrol(shared: &Shared, endpoint: &Endpoint) -> Result<(), WebhookError> {
    let now = shared.clock.now();
    // What would have been given up by now is not begun with.
    let stale = now.checked_sub(shared.pace.give_up).unwrap_or(Timestamp::MIN);
    let name = &endpoint.name;
    match shared.outbox.enrol(name, now, stale).await? {
        Enrolled::New => tracing::info!(webhook.endpoint = %name, "a new endpoint is told what happens from now on"),
        Enrolled::Known => {}
        Enrolled::Anew => tracing::warn!(webhook.endpoint = %name,
            "nothing was told to this endpoint for longer than webhooks.give_up_hours; it is told what happens from now on, and not what happened before"),
    }
    Ok(())
}

async fn measure(shared: Arc<Shared>, stop: CancellationToken) {
    let mut every = tokio::time::interval(MEASURE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(every.tick()).await.is_some() {
        // While the database is away the couriers say so.
        let Ok(backlogs) = shared.outbox.backlogs().await else { continue };
        let now = shared.clock.now();
        for backlog in backlogs {
            let age = backlog.oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
            let endpoint = backlog.endpoint;
            metrics::gauge!(WAITING, "endpoint" => endpoint.clone()).set(backlog.waiting as f64);
            metrics::gauge!(DEAD, "endpoint" => endpoint.clone()).set(backlog.dead as f64);
            metrics::gauge!(AGE, "endpoint" => endpoint).set(age);
        }
    }
}

#[cfg(test)]
mod courier_tests;

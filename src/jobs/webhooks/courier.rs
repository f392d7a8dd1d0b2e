//! Tells one endpoint what it wants to know: first what waits for another try, then the log from where it was read last.
//!
//! Of several processes one delivers to an endpoint, under a claim that it renews. What a page of the log came to is written in one transaction,
//! which fails when the claim was lost; a process that dies before it leads to the same deliveries, with the same ids, once more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::health::Health;
use super::sender::Sender;
use super::{DELIVERIES, Shared};
use crate::conversation::{Hold, Live, LiveKind, Settled};
use crate::support::{StoreError, Timestamp};

/// Events that are read and written down at once; as many may be sent twice after a crash.
const PAGE: u32 = 32;
/// How long a claim holds, and how often it is renewed.
const CLAIM: SignedDuration = SignedDuration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// How often the log is read without a notice.
const READ_EVERY: Duration = Duration::from_secs(3);
/// What is on its way when the program stops may take so long. What it did not take is sent again at the next start.
const GRACE: Duration = Duration::from_secs(1);
/// What was given up is listed for so long.
const LISTED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One endpoint's deliveries in this process.
pub(super) struct Courier {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) sender: Sender,
    pub(super) shared: Arc<Shared>,
    /// Knocked at when something was put into the outbox.
    pub(super) knock: Arc<Notify>,
    pub(super) process: Uuid,
    pub(super) health: Mutex<Health>,
}

impl Courier {
    /// Delivers until `stop`, whenever no other process does.
    pub(super) async fn run(self, mut notices: Receiver<Live>, stop: CancellationToken) {
        let mut well = true;
        while !stop.is_cancelled() {
            let ended = self.deliver_while_held(&mut notices, &stop).await;
            match &ended {
                // Once for each time that the database is away.
                Err(fault) if well => {
                    tracing::warn!(webhook.endpoint = %self.endpoint.name, error.message = %fault, "webhooks wait for the database");
                }
                _ => {}
            }
            well = ended.is_ok();
            stop.run_until_cancelled(sleep(RENEW_EVERY)).await;
        }
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        // It is whole after each statement, so a panic elsewhere has not broken it.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, result: &'static str) {
        metrics::counter!(DELIVERIES, "endpoint" => self.endpoint.name.clone(), "result" => result).increment(1);
    }

    async fn deliver_while_held(&self, notices: &mut Receiver<Live>, stop: &CancellationToken) -> Result<(), StoreError> {
        let Some(cursor) = self.shared.outbox.hold(&self.hold()).await? else { return Ok(()) };
        let out_of_time = async {
            stop.cancelled().await;
            sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            () = out_of_time => {}
            renewed = self.renew() => renewed?,
            delivered = self.deliver(cursor, notices, stop) => delivered?,
        }
        self.shared.outbox.let_go(&self.hold()).await
    }

    /// Returns when the claim is lost.
    async fn renew(&self) -> Result<(), StoreError> {
        loop {
            sleep(RENEW_EVERY).await;
            if self.shared.outbox.hold(&self.hold()).await?.is_none() {
                return Ok(());
            }
        }
    }

    async fn deliver(&self, mut cursor: i64, notices: &mut Receiver<Live>, stop: &CancellationToken) -> Result<(), StoreError> {
        let Shared { outbox, log, clock, .. } = &*self.shared;
        // Since when the outbox does not know how far the log was read; it need not know of each event that nobody wanted.
        let mut unsaved: Option<Instant> = None;
        while !stop.is_cancelled() {
            let rest = self.health().rest(Instant::now());
            if let Some(rest) = rest {
                stop.run_until_cancelled(sleep(rest)).await;
                continue;
            }
            // What is told from here on is read below.
            while !matches!(notices.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
            let in_doubt = self.health().is_in_doubt();
            let (limit, until) = if in_doubt { (1, Timestamp::MAX) } else { (PAGE, clock.now()) };
            let mut parcels = self.waiting(until, limit).await?;
            let mut passed = None;
            if !in_doubt || parcels.is_empty() {
                let page = log.all_events_after(cursor, limit).await?;
                passed = page.last().map(|event| event.id);
                parcels.extend(self.news(page));
            }
            cursor = passed.unwrap_or(cursor);
            if parcels.is_empty() && unsaved.is_none_or(|since| since.elapsed() < READ_EVERY) {
                match passed {
                    Some(_) => unsaved = unsaved.or_else(|| Some(Instant::now())),
                    None => stop.run_until_cancelled(self.idle(notices)).await.unwrap_or(Ok(()))?,
                }
                continue;
            }
            let told = self.tell_all(parcels).await?;
            let forget = clock.now().checked_sub(LISTED).ok();
            if !outbox.settle(&self.hold(), &Settled { passed: Some(cursor), forget, ..told }).await? {
                return Ok(());
            }
            unsaved = None;
            let takes_again = self.health().takes_again();
            if takes_again {
                // What failed while it was down failed for that alone.
                outbox.hasten(&self.hold()).await?;
            }
        }
        Ok(())
    }

    /// Waits until there may be something to do.
    async fn idle(&self, notices: &mut Receiver<Live>) -> Result<(), StoreError> {
        let Shared { outbox, clock, .. } = &*self.shared;
        let next = outbox.due(&self.endpoint.name, Timestamp::MAX, 1).await?.first().map(|delivery| delivery.next_at);
        let until_next = next.map(|at| Duration::try_from(at.duration_since(clock.now())).unwrap_or_default());
        let waited = sleep(until_next.unwrap_or(READ_EVERY).min(READ_EVERY));
        tokio::pin!(waited);
        loop {
            tokio::select! {
                () = &mut waited => return Ok(()),
                () = self.knock.notified() => return Ok(()),
                notice = notices.recv() => match notice {
                    Ok(Live { kind: LiveKind::Changed, .. }) | Err(RecvError::Lagged(_)) => return Ok(()),
                    Ok(_) => {}
                    Err(RecvError::Closed) => {
                        waited.await;
                        return Ok(());
                    }
                },
            }
        }
    }

    fn hold(&self) -> Hold {
        let at = self.shared.clock.now();
        let until = at.checked_add(CLAIM).unwrap_or(Timestamp::MAX);
        Hold { endpoint: self.endpoint.name.clone(), process: self.process, at, until }
    }
}

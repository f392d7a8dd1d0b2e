//! A round of deliveries: several conversations side by side, each in its own order.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;
use uuid::Uuid;

use super::Shared;
use super::backoff::pause;
use super::courier::Courier;
use super::fault::Fault;
use super::health::Turn;
use super::sender::Letter;
use super::signature::delivery_id;
use crate::conversation::{Delivery, DeliveryId, DeliveryState, Event, Settled, Subject, Webhook};
use crate::support::{StoreError, Timestamp};

/// Deliveries on their way to one endpoint at once.
const AT_ONCE: usize = 8;

/// A delivery with what it tells.
pub(super) struct Parcel {
    delivery: Delivery,
    /// Missing where the subject stands in no log, or no more.
    event: Option<Event>,
}

impl Parcel {
    /// Parcels that have this in common are told one after the other.
    fn order(&self) -> Uuid {
        match (&self.event, self.delivery.subject) {
            (Some(event), _) => event.conversation_id.0,
            (None, Subject::Contact(contact)) => contact.0,
            (None, Subject::Event(_)) => self.delivery.id.0,
        }
    }
}

enum Outcome {
    Done(DeliveryId),
    Kept(Delivery),
}

impl Courier {
    /// Deliveries whose time has come, in the order in which things happened.
    pub(super) async fn waiting(&self, until: Timestamp, limit: u32) -> Result<Vec<Parcel>, StoreError> {
        let Shared { outbox, log, .. } = &*self.shared;
        let mut parcels = Vec::new();
        for delivery in outbox.due(&self.endpoint.name, until, limit).await? {
            let event = match delivery.subject {
                Subject::Event(id) => log.all_events_after(id.saturating_sub(1), 1).await?.pop().filter(|event| event.id == id),
                Subject::Contact(_) => None,
            };
            parcels.push(Parcel { delivery, event });
        }
        parcels.sort_by_key(|parcel| parcel.event.as_ref().map_or(0, |event| event.id));
        Ok(parcels)
    }

    /// What the endpoint wants to know of a page of the log.
    pub(super) fn news(&self, page: Vec<Event>) -> Vec<Parcel> {
        let now = self.shared.clock.now();
        let told = |event: &Event, webhook| Delivery {
            id: delivery_id(&self.endpoint.name, webhook, event),
            endpoint: self.endpoint.name.clone(),
            webhook,
            subject: Subject::Event(event.id),
            state: DeliveryState::Waiting,
            attempts: 0,
            created_at: event.at,
            next_at: now,
            // From the first try on: what waited in the log while the endpoint was down has its full time.
            give_up_at: later(now, self.shared.pace.give_up),
            fault: None,
        };
        let mut parcels = Vec::new();
        for event in page {
            for webhook in Webhook::of(&event).filter(|webhook| self.endpoint.wants(*webhook)) {
                parcels.push(Parcel { delivery: told(&event, webhook), event: Some(event.clone()) });
            }
        }
        parcels
    }

    /// Tells all of them, and what came of it.
    pub(super) async fn tell_all(&self, parcels: Vec<Parcel>) -> Result<Settled, StoreError> {
        let mut strands: Vec<Vec<Parcel>> = Vec::new();
        for parcel in parcels {
            match strands.iter_mut().find(|strand| strand[0].order() == parcel.order()) {
                Some(strand) => strand.push(parcel),
                None => strands.push(vec![parcel]),
            }
        }
        let outcomes: Vec<Vec<Outcome>> =
            stream::iter(strands).map(|strand| self.tell_in_order(strand)).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut settled = Settled::default();
        for outcome in outcomes.into_iter().flatten() {
            match outcome {
                Outcome::Done(id) => settled.delivered.push(id),
                Outcome::Kept(delivery) => settled.kept.push(delivery),
            }
        }
        Ok(settled)
    }

    async fn tell_in_order(&self, strand: Vec<Parcel>) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(strand.len());
        for parcel in strand {
            let rests = self.health().rest(Instant::now()).is_some();
            // The endpoint went down in the middle of a page: the rest of it waits untried.
            outcomes.push(if rests { Outcome::Kept(parcel.delivery) } else { self.tell(parcel).await? });
        }
        Ok(outcomes)
    }

    async fn tell(&self, parcel: Parcel) -> Result<Outcome, StoreError> {
        let Parcel { delivery, event } = parcel;
        // There is nothing to tell of what was erased.
        let gone = event.is_none() && matches!(delivery.subject, Subject::Event(_));
        let body = if gone { None } else { self.shared.render.body(&delivery, event.as_ref()).await? };
        let Some(body) = body else { return Ok(Outcome::Done(delivery.id)) };
        let sent = self.sender.send(Letter { id: delivery.id, at: self.shared.clock.now(), body: &body }).await;
        Ok(match sent {
            Ok(_) => {
                self.answered();
                self.count("delivered");
                Outcome::Done(delivery.id)
            }
            Err(fault) => {
                if fault.is_of_this_delivery() {
                    self.answered();
                } else {
                    self.failed(&fault);
                }
                Outcome::Kept(self.kept(delivery, &fault))
            }
        })
    }

    fn answered(&self) {
        let turn = self.health().answered();
        if turn == Turn::Up {
            tracing::info!(webhook.endpoint = %self.endpoint.name, "the endpoint takes webhooks again");
        }
    }

    fn failed(&self, fault: &Fault) {
        let turn = self.health().failed(Instant::now());
        if let Turn::Down(rest) = turn {
            tracing::warn!(webhook.endpoint = %self.endpoint.name, rest_milliseconds = rest.as_millis() as u64, error.message = %fault,
                "the endpoint takes no webhooks and is left alone for a while; what it is to be told waits");
        }
    }

    /// The delivery after another failure: it waits longer, or is given up.
    fn kept(&self, delivery: Delivery, fault: &Fault) -> Delivery {
        let now = self.shared.clock.now();
        let attempts = delivery.attempts.saturating_add(1);
        let next = later(now, pause(self.shared.pace.retry, attempts, delivery.id));
        let is_dead = next > delivery.give_up_at;
        let (endpoint, webhook) = (&delivery.endpoint, delivery.webhook.as_str());
        if is_dead {
            self.count("dead");
            tracing::error!(webhook.endpoint = %endpoint, webhook.event = webhook, delivery.id = %delivery.id, attempts, error.message = %fault,
                "a webhook was given up; `nightdesk webhooks retry` sends it again");
        } else {
            self.count("failed");
            if attempts == 1 {
                tracing::warn!(webhook.endpoint = %endpoint, webhook.event = webhook, delivery.id = %delivery.id, error.message = %fault,
                    "a webhook failed and will be tried again");
            }
        }
        let (state, next_at) = if is_dead { (DeliveryState::Dead, now) } else { (DeliveryState::Waiting, next) };
        Delivery { state, attempts, next_at, fault: Some(fault.to_string()), ..delivery }
    }
}

/// So much later; never where time ends.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

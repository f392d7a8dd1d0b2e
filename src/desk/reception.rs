//! The reception: what a shopper who needs a person is told, and how urgent their ticket is.

use std::sync::Arc;

use jiff::SignedDuration;

use super::availability::Availability;
use super::office::Office;
use super::presence::Presence;
use super::routing::Routing;
use crate::conversation::{Cause, Handoff, TicketId};
use crate::support::Clock;

/// An agent whose console was last noted longer ago is gone: two notes and a half, so that one that is late costs nobody their presence.
const FADED: SignedDuration = SignedDuration::from_secs(75);

/// What a reception is made of.
pub struct ReceptionParts {
    /// Hours, holidays and targets.
    pub office: Office,
    /// Which queue and priority a ticket gets.
    pub routing: Routing,
    /// Who is there.
    pub presence: Arc<dyn Presence>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Knows who is there, and where a ticket goes.
pub struct Reception {
    parts: ReceptionParts,
}

impl Reception {
    /// A reception of these parts.
    pub fn new(parts: ReceptionParts) -> Self {
        Self { parts }
    }

    /// Whether somebody is there now. The hours come first: a console that was left open overnight is nobody's promise. A store that is away hides who is
    /// there, and then nobody is promised.
    pub async fn availability(&self) -> Availability {
        let now = self.parts.clock.now();
        let office = &self.parts.office;
        if !office.is_open(now) {
            return Availability::Closed { opens: office.opens_after(now) };
        }
        let since = now.checked_sub(FADED).unwrap_or(now);
        let here = self.parts.presence.here_since(since).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "who is at the desk could not be read; shoppers are told that nobody is");
            0
        });
        match here {
            1.. => Availability::Online,
            _ if office.has_hours() => Availability::Nobody,
            _ => Availability::Closed { opens: None },
        }
    }

    /// A handoff that begins now, with its priority, queue and due time.
    pub fn handoff(&self, ticket_id: TicketId, cause: impl Into<Cause>, subject: String) -> Handoff {
        let Cause { reason, topic } = cause.into();
        let (priority, queue) = self.parts.routing.of(reason, topic.as_deref());
        let due_at = self.parts.office.due(priority, self.parts.clock.now());
        Handoff { ticket_id, reason, topic, subject, priority, queue, due_at }
    }
}

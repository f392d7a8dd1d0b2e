//! Handing a conversation over to a person: a typed action, decided by code.

use super::TicketId;

/// Why a conversation goes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffReason {
    /// The shopper asked for a person.
    Asked,
    /// The bot was not sure enough.
    LowConfidence,
    /// The order could not be verified or found.
    OrderNotVerified,
    /// The order is there, but what is wanted needs a person (cancel, change, refund).
    OrderChange,
    /// A part of the program failed.
    EngineFailure,
}

impl HandoffReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Asked, Self::LowConfidence, Self::OrderNotVerified, Self::OrderChange, Self::EngineFailure];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::LowConfidence => "low_confidence",
            Self::OrderNotVerified => "order_not_verified",
            Self::OrderChange => "order_change",
            Self::EngineFailure => "engine_failure",
        }
    }

    /// The reason of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code)
    }
}

/// The order to hand a conversation over; it commits with the one line that the shopper sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// The ticket's id.
    pub ticket_id: TicketId,
    /// Why.
    pub reason: HandoffReason,
    /// What the shopper wants, in one line: the console's title of the ticket.
    pub subject: String,
}

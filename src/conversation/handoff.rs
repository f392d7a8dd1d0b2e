//! Handing a conversation over to a person: a typed action, decided by code.

use super::TicketId;
use crate::support::Timestamp;

/// Why a conversation goes to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandoffReason {
    /// The shopper asked for a person.
    Asked,
    /// The bot was not sure enough.
    LowConfidence,
    /// The bot's answers did not help, twice.
    RepeatedFailure,
    /// The shopper complains, or is angry.
    Complaint,
    /// The message is about something that the shop wants people to deal with: law, safety, fraud, the press.
    Sensitive,
    /// The order could not be verified or found.
    OrderNotVerified,
    /// The order is there, but what is wanted needs a person (cancel, change, refund).
    OrderChange,
    /// A part of the program failed.
    EngineFailure,
    /// The entry that answers says that a person deals with this.
    Policy,
}

impl HandoffReason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Asked,
        Self::LowConfidence,
        Self::RepeatedFailure,
        Self::Complaint,
        Self::Sensitive,
        Self::OrderNotVerified,
        Self::OrderChange,
        Self::EngineFailure,
        Self::Policy,
    ];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::LowConfidence => "low_confidence",
            Self::RepeatedFailure => "repeated_failure",
            Self::Complaint => "complaint",
            Self::Sensitive => "sensitive",
            Self::OrderNotVerified => "order_not_verified",
            Self::OrderChange => "order_change",
            Self::EngineFailure => "engine_failure",
            Self::Policy => "policy",
        }
    }

    /// The reason of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code)
    }
}

/// A reason, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Why.
    pub reason: HandoffReason,
    /// The topic of a sensitive message: `legal`, `safety` …
    pub topic: Option<String>,
}

impl Cause {
    /// A message about something that the shop wants people to deal with.
    pub fn sensitive(topic: &str) -> Self {
        Self { reason: HandoffReason::Sensitive, topic: Some(topic.to_owned()) }
    }
}

impl From<HandoffReason> for Cause {
    fn from(reason: HandoffReason) -> Self {
        Self { reason, topic: None }
    }
}

/// How soon a ticket wants somebody. The order is that of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Before everything else.
    Urgent,
    /// Before the usual.
    High,
    /// The usual.
    Normal,
    /// When there is time.
    Low,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::High, Self::Normal, Self::Low];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The priority of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == code)
    }
}

/// The order to hand a conversation over; it commits with the one line that the shopper sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// The ticket's id.
    pub ticket_id: TicketId,
    /// Why.
    pub reason: HandoffReason,
    /// The topic of a sensitive message: `legal`, `safety` …
    pub topic: Option<String>,
    /// What the shopper wants, in one line: the console's title of the ticket.
    pub subject: String,
    /// How soon it wants somebody.
    pub priority: Priority,
    /// Whose work it is: the name of a queue.
    pub queue: String,
    /// When the first reply is due; none where the shop promises no time.
    pub due_at: Option<Timestamp>,
}

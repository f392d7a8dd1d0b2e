//! Who owns a conversation: a pure state machine.

use super::{AgentId, ContactId, ConversationId};
use crate::support::Timestamp;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The bot's.
    Pending,
    /// Waiting for or with a person.
    Open,
    /// Put aside by an agent.
    Snoozed,
    /// Done; the shopper's next message takes it up again.
    Resolved,
}

impl Status {
    /// The stable name in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Open, Self::Snoozed, Self::Resolved].into_iter().find(|s| s.as_str() == name)
    }

    /// The status after the shopper writes: a resolved conversation goes back to the bot, a snoozed one to its person.
    pub fn after_shopper_message(self) -> Self {
        match self {
            Self::Resolved => Self::Pending,
            Self::Snoozed => Self::Open,
            Self::Pending | Self::Open => self,
        }
    }
}

/// A conversation as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is.
    pub contact_id: ContactId,
    /// Whose turn it is.
    pub status: Status,
    /// The person who claimed it.
    pub assignee: Option<AgentId>,
    /// Goes up with each change of `status` or `assignee`; a reply commits only under the number it was begun with.
    pub fence: i64,
    /// Goes up with each shopper message.
    pub generation: i64,
    /// The last generation the bot has dealt with; lower than `generation` in a `pending` conversation means that a turn is due.
    pub answered_generation: i64,
    /// The number of its last event.
    pub last_seq: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When its last event happened.
    pub updated_at: Timestamp,
}

impl Conversation {
    /// Whether the bot owes a reply.
    pub fn turn_is_due(&self) -> bool {
        self.status == Status::Pending && self.answered_generation < self.generation
    }
}

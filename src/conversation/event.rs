//! The event log of a conversation.

use super::{AgentId, Assistance, ConversationId, Message, MessageId, Status};
use crate::support::Timestamp;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The shopper.
    Shopper,
    /// The bot, with the version that ran.
    Bot {
        /// The program's version.
        version: String,
    },
    /// An agent.
    Agent(AgentId),
    /// A rule of the desk, by name.
    Rule(String),
}

/// One thing that happened. `(conversation_id, seq)` is its identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Grows over all conversations; the console resumes by it.
    pub id: i64,
    /// Where.
    pub conversation_id: ConversationId,
    /// 1, 2, 3 … within the conversation, without a gap; the widget resumes by it.
    pub seq: i64,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A message was stored.
    MessageCreated(Box<Message>),
    /// A message changed: the shopper rated it.
    MessageUpdated(Box<Message>),
    /// The conversation changed hands.
    StatusChanged {
        /// Before.
        from: Status,
        /// After.
        to: Status,
        /// The agent it is assigned to after the change.
        assignee: Option<AgentId>,
        /// Why, as a stable code: `asked`, `low_confidence`, `claimed`, `resolved` …
        reason: String,
    },
    /// Something of it changed that is neither its words nor its hands.
    Updated(Update),
    /// The shopper rated the conversation.
    Rated {
        /// 1 to 5.
        rating: u8,
        /// In their words.
        comment: Option<String>,
    },
}

/// What of a conversation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// The shopper wants the bot to go on while they wait, or not any more.
    Assistance(Assistance),
    /// The shopper left an e-mail address.
    EmailLeft,
}

impl Update {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Assistance(Assistance::On), Self::Assistance(Assistance::Off), Self::EmailLeft];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assistance(Assistance::On) => "assistance_on",
            Self::Assistance(Assistance::Off) => "assistance_off",
            Self::EmailLeft => "email_left",
        }
    }

    /// The update of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|update| update.as_str() == code)
    }
}

impl EventKind {
    /// The stable name in the API and the database.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageCreated(_) => "message.created",
            Self::MessageUpdated(_) => "message.updated",
            Self::StatusChanged { .. } => "conversation.status_changed",
            Self::Updated(_) => "conversation.updated",
            Self::Rated { .. } => "conversation.rated",
        }
    }

    /// The message that the event is about.
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Self::MessageCreated(message) | Self::MessageUpdated(message) => Some(message.id),
            Self::StatusChanged { .. } | Self::Updated(_) | Self::Rated { .. } => None,
        }
    }
}

//! A conversation on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::time;
use crate::conversation::{Conversation, Status};

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Status)]
#[serde(rename_all = "snake_case")]
pub enum StatusDto {
    /// The bot's.
    Pending,
    /// Waiting for or with a person.
    Open,
    /// Put aside by an agent.
    Snoozed,
    /// Done; the shopper's next message takes it up again.
    Resolved,
}

impl From<Status> for StatusDto {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Open => Self::Open,
            Status::Snoozed => Self::Snoozed,
            Status::Resolved => Self::Resolved,
        }
    }
}

/// The agent who has it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Assignee {
    /// Their id.
    pub id: Uuid,
    /// Their name, as shoppers see it.
    pub name: String,
}

/// A conversation.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationDto {
    /// Its id.
    pub id: Uuid,
    /// Whose turn it is.
    pub status: StatusDto,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// Whether the assistant goes on answering although a person is waited for.
    pub assisted: bool,
    /// Until when it is put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub snoozed_until: Option<String>,
    /// The number of its last event: a stream of events resumes after it.
    pub last_seq: i64,
    /// When it began.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When its last event happened.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl ConversationDto {
    /// The conversation, with its assignee's name.
    pub fn new(conversation: &Conversation, assignee: Option<Assignee>) -> Self {
        Self {
            id: conversation.id.0,
            status: conversation.status.into(),
            assignee,
            assisted: conversation.is_assisted(),
            snoozed_until: conversation.snoozed_until.map(time),
            last_seq: conversation.last_seq,
            created_at: time(conversation.created_at),
            updated_at: time(conversation.updated_at),
        }
    }
}

//! Data of the events that are not plain messages.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ConversationDto, StatusDto};

/// `message.delta`: more words of a reply that will be committed under this id.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeltaEvent {
    /// Where.
    pub conversation_id: Uuid,
    /// The message to come.
    pub message_id: Uuid,
    /// The words.
    pub text: String,
}

/// `conversation.status_changed`.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusChangedEvent {
    /// Where.
    pub conversation_id: Uuid,
    /// The conversation as it is now.
    pub conversation: ConversationDto,
    /// Before.
    pub from: StatusDto,
    /// After.
    pub to: StatusDto,
    /// Why, as a stable code: `asked`, `low_confidence`, `claimed`, `resolved` …
    pub reason: String,
}

/// `conversation.updated`: something of it changed that is neither its words nor its hands.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdatedEvent {
    /// Where.
    pub conversation_id: Uuid,
    /// The conversation as it is now.
    pub conversation: ConversationDto,
    /// What, as a stable code: `assistance_on`, `assistance_off`, `email_left`.
    pub what: &'static str,
}

/// `conversation.rated`, for agents.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatedEvent {
    /// Where.
    pub conversation_id: Uuid,
    /// 1 to 5.
    pub rating: u8,
    /// In the shopper's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// `typing`: somebody started or stopped writing.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypingEvent {
    /// Where.
    pub conversation_id: Uuid,
    /// `bot`, `agent` or `shopper`.
    pub who: &'static str,
    /// Started or stopped.
    pub on: bool,
}

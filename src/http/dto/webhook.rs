//! The body of a webhook: the shapes of the API, as agents see them.

use serde::Serialize;
use uuid::Uuid;

use super::agent::{ContactDto, TicketDto};
use super::{ConversationDto, MessageDto, StatusDto};

/// Who did it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActorDto {
    /// The shopper.
    Shopper,
    /// The bot.
    Bot {
        /// The program's version.
        version: String,
    },
    /// An agent.
    Agent {
        /// Their id.
        id: Uuid,
        /// Their name, as shoppers see it.
        name: String,
    },
    /// A rule of the desk.
    Rule {
        /// Its name.
        name: String,
    },
}

/// How a conversation changed hands.
#[derive(Debug, Serialize)]
pub struct StatusChangeDto {
    /// Before.
    pub from: StatusDto,
    /// After.
    pub to: StatusDto,
    /// Why, as a stable code: `asked`, `low_confidence`, `claimed`, `resolved` …
    pub reason: String,
}

/// What the shopper said of the conversation.
#[derive(Debug, Serialize)]
pub struct RatingDto {
    /// 1 to 5.
    pub rating: u8,
    /// In their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What is sent.
#[derive(Debug, Serialize)]
pub struct WebhookDto {
    /// What happened.
    pub event: &'static str,
    /// The id of the delivery, as in `X-Nightdesk-Delivery`: here it is signed.
    pub delivery: Uuid,
    /// When it happened.
    pub at: String,
    /// Who did it.
    pub actor: ActorDto,
    /// The number of the event in its conversation: 1, 2, 3 … Missing of what stands in no log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// The shopper.
    pub contact: ContactDto,
    /// The conversation as it is when this is sent, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationDto>,
    /// The message that was stored or changed, as it is when this is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageDto>,
    /// How the conversation changed hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<StatusChangeDto>,
    /// Its newest ticket as it is when this is sent, with a change of hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketDto>,
    /// What else of the conversation changed, as a stable code: `assistance_on`, `assistance_off`, `email_left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<&'static str>,
    /// What the shopper said of the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<RatingDto>,
}

//! Bodies of the shopper's side.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::availability::AvailabilityDto;
use super::{ConversationDto, MessageDto};
use crate::conversation::Contact;

/// Begins a session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionBody {
    /// The shop's public token.
    #[schema(example = "demo")]
    pub website_token: String,
    /// What the shopper says of themselves. Nothing is opened by it.
    pub identity: Option<IdentityBody>,
}

/// What a shopper says of themselves.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityBody {
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionResponse {
    /// The bearer token of all other requests. Whoever has it reads this shopper's conversation.
    pub session_token: String,
    /// The shopper.
    pub contact: WidgetContact,
    /// Their conversation, if they have one. Opening a session begins none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationDto>,
    /// Its last messages, oldest first.
    pub messages: Vec<MessageDto>,
    /// The shop.
    pub shop: Shop,
    /// Whether somebody is there for a shopper who needs a person.
    pub availability: AvailabilityDto,
}

/// The shopper as the desk knows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct WidgetContact {
    /// Their id.
    pub id: Uuid,
    /// Their name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl From<&Contact> for WidgetContact {
    fn from(contact: &Contact) -> Self {
        Self { id: contact.id.0, name: contact.name.clone(), email: contact.email.clone() }
    }
}

/// What the widget shows of the shop.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shop {
    /// Its name.
    pub name: String,
    /// Its language.
    #[schema(example = "en")]
    pub locale: String,
    /// The first line in an empty conversation.
    pub greeting: String,
    /// Questions to tap on.
    pub quick_replies: Vec<String>,
}

/// An entry of the knowledge base.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub struct EntryDto {
    /// Its stable id.
    #[schema(example = "returns/how")]
    pub id: String,
    /// Its question.
    pub question: String,
    /// All of its answer: plain text with blank lines between paragraphs and `- ` list lines.
    pub answer: String,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryResponse {
    /// The entry.
    pub entry: EntryDto,
}

/// A message to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    /// Plain text: something visible, at most 8000 characters. Card numbers are masked before it is stored.
    #[schema(min_length = 1, max_length = 8000)]
    pub content: String,
    /// The client's own id of the message: 1 to 128 visible ASCII characters. A retry with the same one adds nothing.
    #[schema(min_length = 1, max_length = 128)]
    pub echo_id: String,
}

/// A message as it was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageAccepted {
    /// The message; of a retry, the one stored the first time.
    pub message: MessageDto,
    /// The conversation after it.
    pub conversation: ConversationDto,
}

/// A conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationResponse {
    /// The conversation after the request.
    pub conversation: ConversationDto,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageResponse {
    /// The message after the request.
    pub message: MessageDto,
}

/// The shopper's word on a bot message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackBody {
    /// Which message.
    pub message_id: Uuid,
    /// Whether it helped.
    pub helpful: bool,
}

/// The shopper's word on the conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingBody {
    /// 1 (bad) to 5 (good).
    #[schema(minimum = 1, maximum = 5)]
    pub rating: i64,
    /// In their words.
    pub comment: Option<String>,
}

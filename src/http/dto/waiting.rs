//! Bodies of what a shopper does who waits for a person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ConversationDto;
use super::availability::AvailabilityDto;
use super::widget::WidgetContact;

/// Asks for a person.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// The language that the line is to be in, such as `en` or `zh-CN` (English where it is not spoken); the shop's where none is given.
    pub locale: Option<String>,
}

/// A request for a person, as it was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonResponse {
    /// The conversation after the request.
    pub conversation: ConversationDto,
    /// Whether somebody is there.
    pub availability: AvailabilityDto,
}

/// Leaves an e-mail address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailBody {
    /// Where the team can write to. It says nothing about who the shopper is, and opens no order.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
}

/// The shopper, with the address that they left.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactResponse {
    /// The shopper.
    pub contact: WidgetContact,
}

/// Whether the assistant goes on answering while a person is waited for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssistantBody {
    /// It does, or does not any more.
    pub on: bool,
}

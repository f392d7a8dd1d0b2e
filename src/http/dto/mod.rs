//! What goes over the wire. Domain types do not serialize; these do, and say who may see what.

pub mod agent;
pub mod availability;
pub mod conversation;
pub mod copilot;
pub mod event;
pub mod message;
pub mod statement;
pub mod waiting;
pub mod webhook;
pub mod widget;

pub use conversation::{Assignee, ConversationDto, StatusDto};
pub use message::{MessageDto, Viewer};
pub use statement::{EntryVersionDto, MadeWithDto, StatementDto};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::support::Timestamp;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// A stable code.
    #[schema(example = "not_found")]
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// A body without anything in it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// Somebody started or stopped writing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingBody {
    /// Started or stopped.
    pub on: bool,
}

/// RFC 3339, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string()
}

//! One conversation with all that belongs to it.

use axum::Json;
use axum::extract::State;

use super::super::auth::LoggedIn;
use super::super::dto::Viewer;
use super::super::dto::agent::ConversationDetail;
use super::super::error::ApiError;
use super::super::extract::ConversationPath;
use super::super::responses::{Common, OfConversation};
use super::super::state::AppState;

/// How many messages the console shows of the past.
const HISTORY: u32 = 500;

/// Read a conversation
#[utoipa::path(get, path = "/api/v1/agent/conversations/{id}", operation_id = "show_conversation", tag = "agent", security(("cookie" = [])),
    params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The conversation", body = ConversationDetail), OfConversation, Common))]
pub(super) async fn show_conversation(
    State(state): State<AppState>,
    _login: LoggedIn,
    ConversationPath(id): ConversationPath,
) -> Result<Json<ConversationDetail>, ApiError> {
    const ABSENT: ApiError = ApiError::NotFound("there is no such conversation");
    let conversation = state.conversations.conversation(id).await?.ok_or(ABSENT)?;
    let contact = state.conversations.contact(conversation.contact_id).await?.ok_or(ABSENT)?;
    let messages = state.conversations.messages(id, HISTORY).await?;
    let ticket = match state.desk.ticket_of(id).await? {
        Some(ticket) => Some(state.names.ticket(&ticket).await?),
        None => None,
    };
    Ok(Json(ConversationDetail {
        conversation: state.names.conversation(&conversation).await?,
        ticket,
        contact: (&contact).into(),
        messages: state.names.messages(&messages, Viewer::Agent).await?,
    }))
}

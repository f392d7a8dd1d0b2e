//! Help for the agent: a summary, drafts of a reply, a look at what they type.

use axum::Json;
use axum::extract::State;

use super::super::auth::LoggedIn;
use super::super::dto::copilot::{CheckBody, CheckResponse, DraftsResponse, SummaryResponse};
use super::super::error::ApiError;
use super::super::extract::{ConversationPath, JsonBody};
use super::super::responses::{Common, OfBody, OfConversation};
use super::super::state::AppState;
use crate::conversation::Content;

const ABSENT: ApiError = ApiError::NotFound("there is no such conversation");

/// Summarize a conversation
///
/// What the shopper wants and what is open are sentences of theirs, word for word. Which ones is chosen by the language model, or by a plain rule where
/// the model has no time within 3 s; `by` says which. Nothing of it is written by the model.
#[utoipa::path(get, path = "/api/v1/agent/conversations/{id}/summary", operation_id = "summarize_conversation", tag = "agent",
    security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The summary of what was said since the conversation was last taken up", body = SummaryResponse),
        OfConversation, Common))]
pub(super) async fn summarize_conversation(
    State(state): State<AppState>,
    _login: LoggedIn,
    ConversationPath(id): ConversationPath,
) -> Result<Json<SummaryResponse>, ApiError> {
    let summary = state.copilot.summary(id).await?.ok_or(ABSENT)?;
    Ok(Json(SummaryResponse { summary: summary.as_ref().into() }))
}

/// Draft replies
///
/// At most two for the question that is open: from the entries that may answer it, and from the shopper's order where they have shown that it is theirs.
/// A draft is sent by nobody but the agent.
#[utoipa::path(get, path = "/api/v1/agent/conversations/{id}/drafts", operation_id = "draft_replies", tag = "agent",
    security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The drafts, perhaps none", body = DraftsResponse), OfConversation, Common))]
pub(super) async fn draft_replies(
    State(state): State<AppState>,
    _login: LoggedIn,
    ConversationPath(id): ConversationPath,
) -> Result<Json<DraftsResponse>, ApiError> {
    Ok(Json(state.copilot.drafts(id).await?.ok_or(ABSENT)?.into()))
}

/// Check a reply
///
/// Tells for each of the first 60 sentences whether an entry or the shopper's order says so. It is a warning: nothing is stored, and nothing is kept
/// from being sent.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/check", operation_id = "check_reply", tag = "agent", request_body = CheckBody,
    security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The sentences", body = CheckResponse),
        (status = FORBIDDEN, description = "The request came from another site's page", body = crate::http::dto::ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "The text is empty or too long", body = crate::http::dto::ErrorBody),
        OfConversation, OfBody, Common))]
pub(super) async fn check_reply(
    State(state): State<AppState>,
    _login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(body): JsonBody<CheckBody>,
) -> Result<Json<CheckResponse>, ApiError> {
    let content = Content::parse(&body.content)?;
    let checked = state.copilot.check(id, content.as_str().to_owned()).await?.ok_or(ABSENT)?;
    Ok(Json(CheckResponse { sentences: checked.iter().map(Into::into).collect() }))
}

//! What an agent does with a conversation.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;

use super::super::auth::LoggedIn;
use super::super::dto::agent::SnoozeBody;
use super::super::dto::widget::{ConversationResponse, MessageBody, MessageResponse};
use super::super::dto::{Empty, TypingBody, Viewer};
use super::super::error::ApiError;
use super::super::extract::{ConversationPath, JsonBody};
use super::super::responses::{Common, OfAction, OfBody, OfConversation};
use super::super::state::AppState;
use super::super::subject::subject_of;
use super::super::widget::echo_id;
use crate::conversation::{Content, Conversation, ConversationId, HandoffReason, LiveKind, MessageId};
use crate::desk::{AgentReply, Claim, DeskOutcome};

/// The longest time that a conversation is put aside for, in minutes: thirty days.
const LONGEST_SNOOZE: u32 = 30 * 24 * 60;

const ABSENT: ApiError = ApiError::NotFound("there is no such conversation");

/// Take a conversation
///
/// Also out of the bot's hands; from then on the bot is silent.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/claim", operation_id = "claim_conversation", tag = "agent", request_body = Empty,
    security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The conversation is this agent's", body = ConversationResponse), OfAction, OfConversation, OfBody, Common))]
pub(super) async fn claim_conversation(
    State(state): State<AppState>,
    login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> Result<Json<ConversationResponse>, ApiError> {
    // Used only where the conversation has no open ticket yet.
    let subject = subject_of(&state, Some(id)).await?;
    let handoff = state.handoff(HandoffReason::Asked, subject);
    let outcome = state.desk.claim(claim(&state, &login, id), handoff).await?;
    changed(&state, done(&state, outcome).await?).await
}

/// Reply to the shopper
///
/// Takes the conversation first if it is nobody's.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/messages", operation_id = "reply_to_conversation", tag = "agent",
    request_body = MessageBody, security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = CREATED, description = "The reply is stored", body = MessageResponse),
        (status = UNPROCESSABLE_ENTITY, description = "The message is empty or too long, or the echo id is not of its form", body = crate::http::dto::ErrorBody),
        OfAction, OfConversation, OfBody, Common))]
pub(super) async fn reply_to_conversation(
    State(state): State<AppState>,
    login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(body): JsonBody<MessageBody>,
) -> Result<(StatusCode, Json<MessageResponse>), ApiError> {
    let reply = AgentReply {
        conversation_id: id,
        agent_id: login.agent.id,
        message_id: MessageId(state.ids.uuid()),
        content: Content::parse(&body.content)?,
        echo_id: echo_id(&body.echo_id)?,
        at: state.clock.now(),
    };
    let outcome = state.desk.reply(reply).await?;
    let message = done(&state, outcome).await?;
    let conversation = state.conversations.conversation(id).await?.ok_or(ABSENT)?;
    state.tell(id, conversation.contact_id, LiveKind::Changed);
    Ok((StatusCode::CREATED, Json(MessageResponse { message: state.names.message(&message, Viewer::Agent).await? })))
}

/// Put a conversation aside
///
/// It comes back to the agent after that time, or as soon as the shopper writes.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/snooze", operation_id = "snooze_conversation", tag = "agent",
    request_body = SnoozeBody, security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The conversation is put aside", body = ConversationResponse), OfAction, OfConversation, OfBody, Common))]
pub(super) async fn snooze_conversation(
    State(state): State<AppState>,
    login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(body): JsonBody<SnoozeBody>,
) -> Result<Json<ConversationResponse>, ApiError> {
    if !(1..=LONGEST_SNOOZE).contains(&body.minutes) {
        return Err(ApiError::InvalidContent(format!("minutes must lie between 1 and {LONGEST_SNOOZE}")));
    }
    let claim = claim(&state, &login, id);
    let until = claim.at.saturating_add(SignedDuration::from_mins(body.minutes.into()));
    let until = until.map_err(|_| ApiError::InvalidContent("the time lies too far ahead".to_owned()))?;
    let outcome = state.desk.snooze(claim, until).await?;
    changed(&state, done(&state, outcome).await?).await
}

/// Resolve a conversation
///
/// Closes it and its ticket. The shopper's next message takes it up again.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/resolve", operation_id = "resolve_conversation", tag = "agent",
    request_body = Empty, security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The conversation is resolved", body = ConversationResponse), OfAction, OfConversation, OfBody, Common))]
pub(super) async fn resolve_conversation(
    State(state): State<AppState>,
    login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> Result<Json<ConversationResponse>, ApiError> {
    let outcome = state.desk.resolve(claim(&state, &login, id)).await?;
    changed(&state, done(&state, outcome).await?).await
}

/// Give a conversation back to the bot
///
/// Closes its ticket.
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/return", operation_id = "return_conversation", tag = "agent",
    request_body = Empty, security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = OK, description = "The conversation is the bot's", body = ConversationResponse), OfAction, OfConversation, OfBody, Common))]
pub(super) async fn return_conversation(
    State(state): State<AppState>,
    login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(Empty {}): JsonBody<Empty>,
) -> Result<Json<ConversationResponse>, ApiError> {
    let outcome = state.desk.return_to_bot(claim(&state, &login, id)).await?;
    let conversation = done(&state, outcome).await?;
    if conversation.turn_is_due() {
        state.turns.wake(id);
    }
    changed(&state, conversation).await
}

/// Say that the agent is writing, or not any more
#[utoipa::path(post, path = "/api/v1/agent/conversations/{id}/typing", operation_id = "agent_typing", tag = "agent", request_body = TypingBody,
    security(("cookie" = [])), params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = NO_CONTENT, description = "Told to the shopper"), OfAction, OfConversation, OfBody, Common))]
pub(super) async fn agent_typing(
    State(state): State<AppState>,
    _login: LoggedIn,
    ConversationPath(id): ConversationPath,
    JsonBody(body): JsonBody<TypingBody>,
) -> Result<StatusCode, ApiError> {
    let conversation = state.conversations.conversation(id).await?.ok_or(ABSENT)?;
    state.tell(id, conversation.contact_id, LiveKind::Typing { who: "agent", on: body.on });
    Ok(StatusCode::NO_CONTENT)
}

fn claim(state: &AppState, login: &LoggedIn, conversation_id: ConversationId) -> Claim {
    Claim { conversation_id, agent_id: login.agent.id, at: state.clock.now() }
}

async fn done<T>(state: &AppState, outcome: DeskOutcome<T>) -> Result<T, ApiError> {
    match outcome {
        DeskOutcome::Done(value) => Ok(value),
        DeskOutcome::NotFound => Err(ABSENT),
        DeskOutcome::TakenBy(agent) => Err(ApiError::Taken(state.names.of(agent).await?)),
        DeskOutcome::Refused(why) => Err(ApiError::Conflict(why)),
    }
}

async fn changed(state: &AppState, conversation: Conversation) -> Result<Json<ConversationResponse>, ApiError> {
    state.tell(conversation.id, conversation.contact_id, LiveKind::Changed);
    Ok(Json(ConversationResponse { conversation: state.names.conversation(&conversation).await? }))
}

//! What a shopper does besides writing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::super::auth::Shopper;
use super::super::dto::waiting::{PersonBody, PersonResponse};
use super::super::dto::widget::{ConversationResponse, FeedbackBody, MessageResponse, RatingBody};
use super::super::dto::{TypingBody, Viewer};
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use super::super::responses::{Common, Counted, OfBody};
use super::super::state::AppState;
use super::super::subject::subject_of;
use crate::conversation::{Content, ConversationId, Feedback, HandoffReason, LiveKind, MessageId, Rating};
use crate::desk::PersonRequest;
use crate::support::text::ellipsis;

/// The longest comment in characters that is kept of a rating.
const COMMENT_LIMIT: usize = 2_000;

/// Ask for a person
///
/// From then on the bot is silent. A conversation that waits for a person already stays as it is.
#[utoipa::path(post, path = "/api/v1/widget/handoff", operation_id = "request_person", tag = "widget", request_body = PersonBody,
    security(("bearer" = [])),
    responses((status = ACCEPTED, description = "The conversation waits for a person", body = PersonResponse), OfBody, Counted, Common))]
pub(super) async fn request_person(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<PersonBody>,
) -> Result<(StatusCode, Json<PersonResponse>), ApiError> {
    state.limiters.messages.check(&contact.id)?;
    let known = state.conversations.conversation_of_contact(contact.id).await?;
    let subject = subject_of(&state, known.map(|conversation| conversation.id)).await?;
    let handoff = state.handoff(HandoffReason::Asked, subject);
    let availability = state.reception.availability().await;
    let request = PersonRequest {
        contact_id: contact.id,
        conversation_id: ConversationId(state.ids.uuid()),
        message_id: MessageId(state.ids.uuid()),
        line: (state.handoff_line)(body.locale.as_deref().unwrap_or(&state.widget.locale), &availability),
        handoff,
        at: state.clock.now(),
    };
    let conversation = state.desk.request_person(request).await?;
    state.tell(conversation.id, contact.id, LiveKind::Changed);
    let conversation = state.names.conversation(&conversation).await?;
    Ok((StatusCode::ACCEPTED, Json(PersonResponse { conversation, availability: (&availability).into() })))
}

/// Say whether a reply helped
#[utoipa::path(post, path = "/api/v1/widget/feedback", operation_id = "give_feedback", tag = "widget", request_body = FeedbackBody,
    security(("bearer" = [])),
    responses((status = OK, description = "Noted", body = MessageResponse),
        (status = NOT_FOUND, description = "There is no such bot message in this session", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn give_feedback(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<FeedbackBody>,
) -> Result<Json<MessageResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    let feedback =
        Feedback { contact_id: contact.id, message_id: MessageId(body.message_id), helpful: body.helpful, at: state.clock.now() };
    let message =
        state.conversations.feedback(feedback).await?.ok_or(ApiError::NotFound("there is no such bot message in this session"))?;
    state.tell(message.conversation_id, contact.id, LiveKind::Changed);
    Ok(Json(MessageResponse { message: state.names.message(&message, Viewer::Shopper).await? }))
}

/// Rate the conversation
#[utoipa::path(post, path = "/api/v1/widget/csat", operation_id = "rate_conversation", tag = "widget", request_body = RatingBody,
    security(("bearer" = [])),
    responses((status = OK, description = "Noted", body = ConversationResponse),
        (status = NOT_FOUND, description = "This session has no conversation", body = crate::http::dto::ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "The rating is not 1 to 5", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn rate_conversation(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<RatingBody>,
) -> Result<Json<ConversationResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    let rating = u8::try_from(body.rating).ok().filter(|rating| (1..=5).contains(rating));
    let rating = rating.ok_or_else(|| ApiError::InvalidContent("the rating must be 1 to 5".to_owned()))?;
    let comment = body.comment.and_then(|raw| comment(&raw));
    let rating = Rating { contact_id: contact.id, rating, comment, at: state.clock.now() };
    let conversation = state.conversations.rate(rating).await?.ok_or(ApiError::NotFound("this session has no conversation to rate"))?;
    state.tell(conversation.id, contact.id, LiveKind::Changed);
    Ok(Json(ConversationResponse { conversation: state.names.conversation(&conversation).await? }))
}

/// Cleaned and masked as a message is; a blank one is none, and of a very long one the beginning is kept.
fn comment(raw: &str) -> Option<String> {
    let content = Content::parse(&ellipsis(raw, COMMENT_LIMIT)).ok()?;
    Some(crate::conversation::redact::card_numbers(&content).as_str().to_owned())
}

/// Say that the shopper is writing, or not any more
#[utoipa::path(post, path = "/api/v1/widget/typing", operation_id = "shopper_typing", tag = "widget", request_body = TypingBody,
    security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "Told to the agents"), OfBody, Counted, Common))]
pub(super) async fn shopper_typing(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<TypingBody>,
) -> Result<StatusCode, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    if let Some(conversation) = state.conversations.conversation_of_contact(contact.id).await? {
        state.tell(conversation.id, contact.id, LiveKind::Typing { who: "shopper", on: body.on });
    }
    Ok(StatusCode::NO_CONTENT)
}

//! What a shopper does who waits for a person.

use axum::Json;
use axum::extract::State;

use super::super::auth::Shopper;
use super::super::dto::availability::AvailabilityResponse;
use super::super::dto::waiting::{AssistantBody, ContactResponse, EmailBody};
use super::super::dto::widget::ConversationResponse;
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use super::super::responses::{Common, Counted, OfBody};
use super::super::state::AppState;
use crate::conversation::{Assistance, Contact, LiveKind};
use crate::desk::{DeskOutcome, EmailLeft, Wish};
use crate::identity::Email;

/// See whether somebody is there
#[utoipa::path(get, path = "/api/v1/widget/availability", operation_id = "see_availability", tag = "widget", security(("bearer" = [])),
    responses((status = OK, description = "Whether somebody is at the desk, and else when somebody will be", body = AvailabilityResponse),
        Counted, Common))]
pub(super) async fn see_availability(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
) -> Result<Json<AvailabilityResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    Ok(Json(AvailabilityResponse { availability: (&state.reception.availability().await).into() }))
}

/// Leave an e-mail address
///
/// The team sees it beside the conversation. It says nothing about who the shopper is, and opens no order.
#[utoipa::path(post, path = "/api/v1/widget/email", operation_id = "leave_email", tag = "widget", request_body = EmailBody,
    security(("bearer" = [])),
    responses((status = OK, description = "The address is kept", body = ContactResponse),
        (status = UNPROCESSABLE_ENTITY, description = "The e-mail address is not one", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn leave_email(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<EmailBody>,
) -> Result<Json<ContactResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    let email = Email::parse(&body.email).ok_or_else(|| ApiError::InvalidContent("the e-mail address is not one".to_owned()))?;
    let left = EmailLeft { contact_id: contact.id, email: email.as_str().to_owned(), at: state.clock.now() };
    if let Some(conversation) = state.desk.leave_email(left).await? {
        state.tell(conversation.id, contact.id, LiveKind::Changed);
    }
    let contact = Contact { email: Some(email.as_str().to_owned()), ..contact };
    Ok(Json(ContactResponse { contact: (&contact).into() }))
}

/// Let the assistant go on while a person is waited for, or not any more
///
/// The request for a person stays as it is, and a person who takes the conversation silences the assistant.
#[utoipa::path(post, path = "/api/v1/widget/assistant", operation_id = "let_assistant_go_on", tag = "widget", request_body = AssistantBody,
    security(("bearer" = [])),
    responses((status = OK, description = "It does, or does not any more", body = ConversationResponse),
        (status = NOT_FOUND, description = "This session has no conversation", body = crate::http::dto::ErrorBody),
        (status = CONFLICT, description = "A person has the conversation, or it is over", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn let_assistant_go_on(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<AssistantBody>,
) -> Result<Json<ConversationResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    let assistance = if body.on { Assistance::On } else { Assistance::Off };
    let conversation = match state.desk.wish(Wish { contact_id: contact.id, assistance, at: state.clock.now() }).await? {
        DeskOutcome::Done(conversation) => conversation,
        DeskOutcome::NotFound => return Err(ApiError::NotFound("this session has no conversation")),
        DeskOutcome::TakenBy(_) => return Err(ApiError::Conflict("a person has this conversation and will answer here")),
        DeskOutcome::Refused(why) => return Err(ApiError::Conflict(why)),
    };
    state.tell(conversation.id, contact.id, LiveKind::Changed);
    // What was written while nobody answered is answered now, as far as the assistant can.
    if conversation.turn_is_due() {
        state.turns.wake(conversation.id);
    }
    Ok(Json(ConversationResponse { conversation: state.names.conversation(&conversation).await? }))
}

//! Taking in a shopper's message.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::super::auth::Shopper;
use super::super::dto::Viewer;
use super::super::dto::widget::{MessageAccepted, MessageBody};
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use super::super::responses::{Common, Counted, OfBody};
use super::super::state::AppState;
use crate::conversation::{AppendShopper, Content, ConversationId, EchoId, LiveKind, MessageId, redact};

/// Send a message
///
/// It is stored when this answers; the reply comes over the event stream. The first message begins the conversation, one to a resolved
/// conversation takes it up again.
#[utoipa::path(post, path = "/api/v1/widget/messages", operation_id = "send_message", tag = "widget", request_body = MessageBody,
    security(("bearer" = [])),
    responses((status = ACCEPTED, description = "The message is stored", body = MessageAccepted),
        (status = UNPROCESSABLE_ENTITY, description = "The message is empty or too long, or the echo id is not of its form", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn send_message(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    JsonBody(body): JsonBody<MessageBody>,
) -> Result<(StatusCode, Json<MessageAccepted>), ApiError> {
    state.limiters.messages.check(&contact.id)?;
    let content = redact::card_numbers(&Content::parse(&body.content)?);
    let appended = state
        .conversations
        .append_shopper(AppendShopper {
            contact_id: contact.id,
            message_id: MessageId(state.ids.uuid()),
            conversation_id: ConversationId(state.ids.uuid()),
            content,
            echo_id: echo_id(&body.echo_id)?,
            at: state.clock.now(),
        })
        .await?;
    let conversation = &appended.conversation;
    if !appended.duplicate {
        state.tell(conversation.id, contact.id, LiveKind::Changed);
    }
    // Of a retry too: the first time may have been cut off between the commit and here.
    if conversation.turn_is_due() {
        state.turns.wake(conversation.id);
    }
    let message = state.names.message(&appended.message, Viewer::Shopper).await?;
    Ok((StatusCode::ACCEPTED, Json(MessageAccepted { message, conversation: state.names.conversation(conversation).await? })))
}

/// The client's id of a message.
pub(in crate::http) fn echo_id(raw: &str) -> Result<EchoId, ApiError> {
    EchoId::parse(raw).ok_or_else(|| ApiError::InvalidContent("the echo id must be 1 to 128 visible ASCII characters".to_owned()))
}

//! Beginning and resuming a widget session.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use super::super::auth::bearer;
use super::super::dto::Viewer;
use super::super::dto::widget::{IdentityBody, SessionBody, SessionResponse, Shop};
use super::super::error::ApiError;
use super::super::extract::{Caller, JsonBody};
use super::super::responses::{Common, Counted, OfBody};
use super::super::state::AppState;
use crate::conversation::{Contact, ContactId};
use crate::identity::{AgentName, Email, SessionToken};

/// How many messages a widget shows of the past.
const HISTORY: u32 = 200;

/// Begin or resume a session
///
/// With the token of an earlier session as bearer, that session goes on; a token that opens nothing any more begins a new one. A session
/// begins no conversation: the first message does.
#[utoipa::path(post, path = "/api/v1/widget/session", operation_id = "begin_session", tag = "widget", request_body = SessionBody,
    security((), ("bearer" = [])),
    responses((status = OK, description = "The session", body = SessionResponse),
        (status = FORBIDDEN, description = "The website token is not the shop's", body = crate::http::dto::ErrorBody),
        (status = UNPROCESSABLE_ENTITY, description = "Name or e-mail cannot be taken", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn begin_session(
    State(state): State<AppState>,
    Caller(address): Caller,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SessionBody>,
) -> Result<Json<SessionResponse>, ApiError> {
    if !state.widget.opens(&body.website_token) {
        return Err(ApiError::Forbidden("the website token is not this shop's; take it from the shop's configuration"));
    }
    let (token, contact) = match resume(&state, &headers).await? {
        Some(session) => session,
        None => {
            state.limiters.sessions.check(&address)?;
            begin(&state, body.identity.unwrap_or_default()).await?
        }
    };
    state.webhooks.widget_opened(contact.id).await;
    let conversation = state.conversations.conversation_of_contact(contact.id).await?;
    let (conversation, messages) = match conversation {
        None => (None, Vec::new()),
        Some(conversation) => {
            let messages = state.conversations.messages(conversation.id, HISTORY).await?;
            (Some(state.names.conversation(&conversation).await?), state.names.messages(&messages, Viewer::Shopper).await?)
        }
    };
    let widget = &state.widget;
    let shop = Shop {
        name: widget.shop_name.clone(),
        locale: widget.locale.clone(),
        greeting: widget.greeting.clone(),
        quick_replies: widget.quick_replies.clone(),
    };
    let availability = (&state.reception.availability().await).into();
    let (session_token, contact) = (token.reveal().to_owned(), (&contact).into());
    Ok(Json(SessionResponse { session_token, contact, conversation, messages, shop, availability }))
}

async fn resume(state: &AppState, headers: &HeaderMap) -> Result<Option<(SessionToken, Contact)>, ApiError> {
    let Some(token) = bearer(headers) else { return Ok(None) };
    let contact = state.conversations.contact_of_session(token.hash(), state.clock.now()).await?;
    Ok(contact.map(|contact| (token, contact)))
}

async fn begin(state: &AppState, identity: IdentityBody) -> Result<(SessionToken, Contact), ApiError> {
    let name = given(identity.name)
        .map(|raw| {
            AgentName::parse(&raw).ok_or_else(|| ApiError::InvalidContent("the name must be 1 to 80 characters of one line".to_owned()))
        })
        .transpose()?;
    let email = given(identity.email)
        .map(|raw| Email::parse(&raw).ok_or_else(|| ApiError::InvalidContent("the e-mail address is not one".to_owned())))
        .transpose()?;
    let contact = Contact {
        id: ContactId(state.ids.uuid()),
        name: name.map(|name| name.as_str().to_owned()),
        email: email.map(|email| email.as_str().to_owned()),
        created_at: state.clock.now(),
    };
    let token =
        SessionToken::parse(&state.ids.token()).ok_or_else(|| ApiError::Internal("a new token is not of a token's form".to_owned()))?;
    state.conversations.create_session(&contact, token.hash()).await?;
    Ok((token, contact))
}

/// A form's empty field is one that was not given.
fn given(field: Option<String>) -> Option<String> {
    field.filter(|text| !text.trim().is_empty())
}

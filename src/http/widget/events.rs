//! The shopper's event stream.

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event as Frame;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::auth::Shopper;
use super::super::dto::Viewer;
use super::super::error::ApiError;
use super::super::events;
use super::super::extract::Params;
use super::super::responses::Common;
use super::super::sse::{self, Feed, PAGE, Page, Start};
use super::super::state::AppState;
use crate::conversation::{Contact, ConversationId, Live};
use crate::support::StoreError;

/// Where to resume.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ResumeQuery {
    /// The id of the last event that was seen, for clients that cannot send `Last-Event-ID`.
    pub(in crate::http) last_event_id: Option<String>,
}

/// Follow the conversation
///
/// Server-sent events: `message.created` and `message.updated` (a Message), `message.delta` (`conversation_id`, `message_id`, `text`),
/// `conversation.status_changed` (`conversation`, `from`, `to`, `reason`), `typing` (`who`, `on`), and `reconnect` when the server stops.
/// Those that are stored carry an id; the stream resumes after the one in `Last-Event-ID`, from the beginning where there is none. It may be
/// opened before there is a conversation. A comment is sent every 15 s.
#[utoipa::path(get, path = "/api/v1/widget/events", operation_id = "widget_events", tag = "widget", security(("bearer" = [])),
    params(ResumeQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = OK, description = "The stream", body = String, content_type = "text/event-stream"), Common))]
pub(super) async fn widget_events(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    headers: HeaderMap,
    Params(query): Params<ResumeQuery>,
) -> Result<Response, ApiError> {
    // Before anything is read: what happens from here on is either in the log or in these notices.
    let notices = state.live.subscribe();
    let conversation = state.conversations.conversation_of_contact(contact.id).await?;
    let newest = conversation.as_ref().map_or(0, |conversation| conversation.last_seq);
    // A number beyond the log is of another log: everything is new.
    let after = sse::resume_after(&headers, query.last_event_id.as_deref()).filter(|after| *after <= newest).unwrap_or(0);
    let soft = state.soft.clone();
    let feed = ShopperFeed { conversation: conversation.map(|conversation| conversation.id), contact, state };
    Ok(sse::respond(feed, Start { notices, after, first: Vec::new(), soft }))
}

struct ShopperFeed {
    state: AppState,
    contact: Contact,
    /// Not known before the first message.
    conversation: Option<ConversationId>,
}

#[async_trait]
impl Feed for ShopperFeed {
    async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError> {
        if self.conversation.is_none() {
            self.conversation =
                self.state.conversations.conversation_of_contact(self.contact.id).await?.map(|conversation| conversation.id);
        }
        let Some(id) = self.conversation else { return Ok(None) };
        let log = self.state.conversations.events_after(id, after, PAGE).await?;
        let Some(last) = log.last().map(|event| event.seq) else { return Ok(None) };
        let mut frames: Vec<Frame> = Vec::with_capacity(log.len());
        for event in &log {
            frames.extend(events::stored(&self.state, event, event.seq, Viewer::Shopper).await?);
        }
        Ok(Some(Page { last, events: frames }))
    }

    fn concerns(&self, live: &Live) -> bool {
        live.contact_id == self.contact.id
    }

    fn passing(&self, live: &Live) -> Option<Frame> {
        events::passing(live, Viewer::Shopper)
    }

    async fn is_welcome(&self) -> Result<bool, StoreError> {
        Ok(self.state.conversations.contact(self.contact.id).await?.is_some())
    }
}

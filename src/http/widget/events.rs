//! The shopper's event stream.

use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::super::auth::Shopper;
use super::super::dto::Viewer;
use super::super::error::ApiError;
use super::super::events;
use super::super::extract::Params;
use super::super::responses::Common;
use super::super::sse::{self, Feed, PAGE, Page, Rest, Start, Told};
use super::super::state::AppState;
use crate::conversation::{Contact, ConversationId, Live, LiveKind, Notices};
use crate::support::StoreError;

/// How often the log is read without a notice. Every change is told, also another process's; this finds one whose request was broken off between its
/// commit and its notice. Thousands of shoppers have the shop open, so not often.
const LOOK_EVERY: Duration = Duration::from_secs(30);

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
/// `conversation.status_changed` (`conversation`, `from`, `to`, `reason`), `conversation.updated` (`conversation`, `what`), `typing` (`who`, `on`),
/// and `reconnect` when the server stops. Those that are stored carry an id; the stream resumes after the one in `Last-Event-ID`, from the
/// beginning where there is none. It may be opened before there is a conversation. A comment is sent every 15 s.
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
    let notices = state.live.subscribe_to(contact.id);
    let conversation = state.conversations.conversation_of_contact(contact.id).await?;
    let newest = conversation.as_ref().map_or(0, |conversation| conversation.last_seq);
    // A number beyond the log is of another log: everything is new.
    let after = sse::resume_after(&headers, query.last_event_id.as_deref()).filter(|after| *after <= newest).unwrap_or(0);
    let soft = state.soft.clone();
    let feed = ShopperFeed { conversation: conversation.map(|conversation| conversation.id), contact, state, notices };
    Ok(sse::respond(feed, Start { after, first: Vec::new(), soft }))
}

struct ShopperFeed {
    state: AppState,
    contact: Contact,
    /// Not known before the first message.
    conversation: Option<ConversationId>,
    notices: Notices,
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
        let mut frames = Vec::with_capacity(log.len());
        for event in &log {
            let frame = events::stored(&self.state, event, event.seq, Viewer::Shopper).await?;
            frames.extend(frame.map(|frame| (event.seq, frame)));
        }
        Ok(Some(Page { after, last, events: frames, rest: Rest::of(log.len()) }))
    }

    async fn told(&mut self) -> Told {
        match self.notices.recv().await {
            Ok(Live { kind: LiveKind::Changed, .. }) | Err(RecvError::Lagged(_)) => Told::Look,
            Ok(live) => events::passing(&live, Viewer::Shopper).map_or(Told::Nothing, Told::Passing),
            Err(RecvError::Closed) => Told::Over,
        }
    }

    fn look_every(&self) -> Duration {
        LOOK_EVERY
    }

    async fn is_welcome(&self) -> Result<bool, StoreError> {
        Ok(self.state.conversations.contact(self.contact.id).await?.is_some())
    }
}

//! The agents' event stream: all conversations in one.

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event as Frame;

use super::super::auth::LoggedIn;
use super::super::dto::Viewer;
use super::super::error::ApiError;
use super::super::events;
use super::super::extract::Params;
use super::super::responses::Common;
use super::super::sse::{self, Feed, PAGE, Page, Start};
use super::super::state::AppState;
use super::super::widget::events::ResumeQuery;
use crate::conversation::Live;
use crate::identity::TokenHash;
use crate::support::StoreError;

/// Follow all conversations
///
/// Server-sent events as on the shopper's side, each with its `conversation_id`, and `conversation.rated` besides. The stream resumes after
/// the event in `Last-Event-ID`; where there is none it begins now, with a `ready` event that carries the number to resume after: what is
/// loaded after it misses nothing.
#[utoipa::path(get, path = "/api/v1/agent/events", operation_id = "agent_events", tag = "agent", security(("cookie" = [])),
    params(ResumeQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = OK, description = "The stream", body = String, content_type = "text/event-stream"), Common))]
pub(super) async fn agent_events(
    State(state): State<AppState>,
    login: LoggedIn,
    headers: HeaderMap,
    Params(query): Params<ResumeQuery>,
) -> Result<Response, ApiError> {
    // Before anything is read: what happens from here on is either in the log or in these notices.
    let notices = state.live.subscribe();
    let newest = state.conversations.last_event_id().await?;
    // The whole history of the desk is nobody's to replay: without a number that makes sense the stream begins now.
    let after = sse::resume_after(&headers, query.last_event_id.as_deref()).filter(|after| *after <= newest).unwrap_or(newest);
    let first = vec![sse::stored("ready", after, &serde_json::json!({}))];
    let soft = state.soft.clone();
    Ok(sse::respond(AgentFeed { token: login.token.hash(), state }, Start { notices, after, first, soft }))
}

struct AgentFeed {
    state: AppState,
    token: TokenHash,
}

#[async_trait]
impl Feed for AgentFeed {
    async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError> {
        let log = self.state.conversations.all_events_after(after, PAGE).await?;
        let Some(last) = log.last().map(|event| event.id) else { return Ok(None) };
        let mut frames: Vec<Frame> = Vec::with_capacity(log.len());
        for event in &log {
            frames.extend(events::stored(&self.state, event, event.id, Viewer::Agent).await?);
        }
        Ok(Some(Page { last, events: frames }))
    }

    fn concerns(&self, _live: &Live) -> bool {
        true
    }

    fn passing(&self, live: &Live) -> Option<Frame> {
        events::passing(live, Viewer::Agent)
    }

    async fn is_welcome(&self) -> Result<bool, StoreError> {
        Ok(self.state.agents.agent_of_session(self.token, self.state.clock.now()).await?.is_some())
    }
}

//! The agents' event stream: all conversations in one.

use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::broadcast::Receiver;

use super::super::attendance::Attended;
use super::super::auth::LoggedIn;
use super::super::consoles;
use super::super::error::ApiError;
use super::super::extract::Params;
use super::super::responses::Common;
use super::super::sse::{self, Feed, Page, Start, Told};
use super::super::state::AppState;
use super::super::widget::events::ResumeQuery;
use crate::identity::TokenHash;
use crate::support::StoreError;

/// How often the session is looked at: whoever has logged out, or was removed, hears no more.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Follow all conversations
///
/// Server-sent events as on the shopper's side except `message.delta` (a reply is shown when it is stored), each with its `conversation_id`,
/// and `conversation.rated` besides. An agent counts as there while a stream of theirs is open (`POST /api/v1/agent/presence` sets them away).
/// The stream resumes after the event in `Last-Event-ID`; where there is none it begins now, with a `ready`
/// event that carries the number to resume after: what is loaded after it misses nothing.
#[utoipa::path(get, path = "/api/v1/agent/events", operation_id = "agent_events", tag = "agent", security(("cookie" = [])),
    params(ResumeQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = OK, description = "The stream", body = String, content_type = "text/event-stream"), Common))]
pub(super) async fn agent_events(
    State(state): State<AppState>,
    login: LoggedIn,
    headers: HeaderMap,
    Params(query): Params<ResumeQuery>,
) -> Result<Response, ApiError> {
    // Before anything is read: what happens from here on is either in the log or told.
    let told = state.consoles.listen(&state);
    let newest = state.conversations.last_event_id().await?;
    // The whole history of the desk is nobody's to replay: without a number that makes sense the stream begins now.
    let after = sse::resume_after(&headers, query.last_event_id.as_deref()).filter(|after| *after <= newest).unwrap_or(newest);
    let first = vec![sse::stored("ready", after, &serde_json::json!({}))];
    let soft = state.soft.clone();
    let attended = state.attendance.open(login.agent.id).await;
    Ok(sse::respond(AgentFeed { token: login.token.hash(), state, told, _attended: attended }, Start { after, first, soft }))
}

struct AgentFeed {
    state: AppState,
    token: TokenHash,
    told: Receiver<Told>,
    /// The agent counts as there as long as this stream is open.
    _attended: Attended,
}

#[async_trait]
impl Feed for AgentFeed {
    async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError> {
        consoles::page_after(&self.state, after).await
    }

    async fn told(&mut self) -> Told {
        consoles::next(&mut self.told).await
    }

    fn look_every(&self) -> Duration {
        LOOK_EVERY
    }

    async fn is_welcome(&self) -> Result<bool, StoreError> {
        Ok(self.state.agents.agent_of_session(self.token, self.state.clock.now()).await?.is_some())
    }
}

//! Whether the agent who is logged in takes conversations.

use axum::Json;
use axum::extract::State;

use super::super::auth::LoggedIn;
use super::super::dto::agent::{PresenceBody, PresenceResponse};
use super::super::error::ApiError;
use super::super::extract::JsonBody;
use super::super::responses::{Common, OfBody};
use super::super::state::AppState;
use crate::desk::Standing;

/// See whether one is away
#[utoipa::path(get, path = "/api/v1/agent/presence", operation_id = "show_presence", tag = "agent", security(("cookie" = [])),
    responses((status = OK, description = "What the agent has set", body = PresenceResponse), Common))]
pub(super) async fn show_presence(State(state): State<AppState>, login: LoggedIn) -> Result<Json<PresenceResponse>, ApiError> {
    let standing = state.presence.standing(login.agent.id).await?;
    Ok(Json(PresenceResponse { away: standing == Standing::Away }))
}

/// Set oneself away, or here again
///
/// An agent with an open console counts as there unless they are away; shoppers are told when nobody is.
#[utoipa::path(post, path = "/api/v1/agent/presence", operation_id = "set_presence", tag = "agent", request_body = PresenceBody,
    security(("cookie" = [])),
    responses((status = OK, description = "It is set", body = PresenceResponse),
        (status = FORBIDDEN, description = "The request came from another site's page", body = crate::http::dto::ErrorBody),
        OfBody, Common))]
pub(super) async fn set_presence(
    State(state): State<AppState>,
    login: LoggedIn,
    JsonBody(body): JsonBody<PresenceBody>,
) -> Result<Json<PresenceResponse>, ApiError> {
    let standing = if body.away { Standing::Away } else { Standing::Here };
    state.presence.stand(login.agent.id, standing).await?;
    Ok(Json(PresenceResponse { away: body.away }))
}

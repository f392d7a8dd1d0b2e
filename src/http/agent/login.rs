//! Logging in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum_extra::extract::cookie::{Cookie, CookieJar};

use super::super::auth::{LoggedIn, SESSION_COOKIE, cookie_of, session_cookie};
use super::super::dto::agent::{AgentResponse, LoginBody};
use super::super::error::ApiError;
use super::super::extract::{Caller, JsonBody};
use super::super::responses::{Common, Counted, OfBody};
use super::super::state::AppState;
use crate::identity::{self, Credentials};

/// Log in
///
/// Sets the session cookie. A refusal never says which part was wrong.
#[utoipa::path(post, path = "/api/v1/agent/login", operation_id = "log_in", tag = "agent", request_body = LoginBody, security(()),
    responses((status = OK, description = "Logged in; the cookie is set", body = AgentResponse),
        (status = FORBIDDEN, description = "The request came from another site's page", body = crate::http::dto::ErrorBody),
        OfBody, Counted, Common))]
pub(super) async fn log_in(
    State(state): State<AppState>,
    Caller(address): Caller,
    headers: HeaderMap,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<(CookieJar, Json<AgentResponse>), ApiError> {
    const REFUSED: ApiError = ApiError::Unauthorized("e-mail or password is wrong");
    state.limiters.logins.check(&(address, body.email.trim().to_lowercase()))?;
    let credentials = Credentials { email: body.email, password: body.password.0 };
    let login = identity::login(state.agents.as_ref(), credentials, &state.ids, state.clock.now()).await?;
    let (agent, token) = login.ok_or(REFUSED)?;
    tracing::info!(agent.id = %agent.id, "an agent logged in");
    Ok((CookieJar::new().add(cookie_of(&token, &headers)), Json(AgentResponse { agent: (&agent).into() })))
}

/// Log out
///
/// Ends the session, if there is one.
#[utoipa::path(post, path = "/api/v1/agent/logout", operation_id = "log_out", tag = "agent", security((), ("cookie" = [])),
    responses((status = NO_CONTENT, description = "Logged out; the cookie is gone"), Common))]
pub(super) async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Result<(CookieJar, StatusCode), ApiError> {
    if let Some(token) = session_cookie(&headers) {
        state.agents.end_session(token.hash()).await?;
    }
    let gone = Cookie::build((SESSION_COOKIE, "")).path("/").http_only(true).build();
    Ok((CookieJar::from_headers(&headers).remove(gone), StatusCode::NO_CONTENT))
}

/// See who is logged in
#[utoipa::path(get, path = "/api/v1/agent/me", operation_id = "who_am_i", tag = "agent", security(("cookie" = [])),
    responses((status = OK, description = "The agent", body = AgentResponse), Common))]
pub(super) async fn who_am_i(login: LoggedIn) -> Json<AgentResponse> {
    Json(AgentResponse { agent: (&login.agent).into() })
}

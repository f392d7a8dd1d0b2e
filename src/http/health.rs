//! Whether the program lives and whether it is ready.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::AppState;

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `waiting` while it is not ready.
    pub status: &'static str,
    /// What it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// From when on the bot answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
}

/// The rule by which the bot answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answers {
    /// The confidence from which it does.
    pub threshold: f64,
    /// What that rests on: `guaranteed` by the judged messages, `expected` on average, `shipped` with the program, or `set` by hand.
    pub basis: &'static str,
    /// What the confidence was calibrated on: `labelled` questions, `provisional` (the knowledge base's own phrasings), or `shipped`.
    pub calibration: &'static str,
}

/// See whether the program lives
#[utoipa::path(get, path = "/health/live", operation_id = "health_live", tag = "health",
    responses((status = OK, description = "It does", body = Health)))]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "ok", reasons: Vec::new(), answers: None })
}

/// See whether the program is ready for shoppers
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health",
    responses((status = OK, description = "It is", body = Health), (status = SERVICE_UNAVAILABLE, description = "It is not", body = Health)))]
pub(super) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let mut reasons = state.readiness.reasons();
    if let Err(error) = state.conversations.last_event_id().await {
        tracing::warn!(%error, "not ready: the database does not answer");
        reasons.push("database: it does not answer; the log says why".to_owned());
    }
    if state.soft.is_cancelled() {
        reasons.push("server: it is stopping".to_owned());
    }
    let rule = state.rule.load();
    let answers =
        Some(Answers { threshold: rule.threshold.value(), basis: rule.promise.as_str(), calibration: rule.calibration.origin().as_str() });
    match reasons.is_empty() {
        true => (StatusCode::OK, Json(Health { status: "ok", reasons, answers })),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "waiting", reasons, answers })),
    }
}

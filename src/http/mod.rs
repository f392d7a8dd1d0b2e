//! Routes, DTOs, errors as status codes, assets. Only this room knows axum.
//!
//! A handler takes in, calls one port and answers; every error goes through [`error::ApiError`].

mod agent;
mod assets;
mod attendance;
mod auth;
mod consoles;
pub mod dto;
pub mod error;
mod events;
mod extract;
mod health;
pub mod limits;
mod metrics;
mod openapi;
pub mod readiness;
mod responses;
mod serve;
mod sse;
pub mod state;
mod subject;
mod tracing_layer;
mod view;
mod webhooks;
mod widget;

pub use self::limits::{Limits, Rate};
pub use self::metrics::metrics_router;
pub use self::openapi::openapi;
pub use self::readiness::Readiness;
pub use self::serve::serve;
pub use self::state::{AppParts, AppState, DemoPage, HandoffLine, Proxy, WidgetSettings};
pub use self::webhooks::WebhookBodies;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};

use self::error::ApiError;

/// The largest body in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// All that is served to the public: API, pages, assets, health.
pub fn router(state: AppState) -> Router {
    let (api, document) = openapi::described();
    let document =
        document.to_json().map_err(|error| tracing::error!(%error, "the OpenAPI document could not be written")).unwrap_or_default();
    let document = axum::body::Bytes::from(document);
    let serve_document = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    let request_id = HeaderName::from_static("x-request-id");
    api.route("/api/openapi.json", get(serve_document))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .merge(assets::routes(&state))
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(tracing_layer::after_panic))
        .layer(SetResponseHeaderLayer::overriding(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .layer(SetResponseHeaderLayer::overriding(header::REFERRER_POLICY, HeaderValue::from_static("same-origin")))
        .layer(from_fn(metrics::measure))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        // Errors are logged where they become a response; a failure line here would say the same again.
        .layer(TraceLayer::new_for_http().make_span_with(tracing_layer::span_of).on_response(DefaultOnResponse::new()).on_failure(()))
        .layer(SetRequestIdLayer::new(request_id, tracing_layer::RequestIds(state.ids.clone())))
        .with_state(state)
}

async fn nothing_here(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") || uri.path() == "/api" {
        ApiError::NotFound("there is nothing at this address; see /api/openapi.json").into_response()
    } else {
        (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response()
    }
}

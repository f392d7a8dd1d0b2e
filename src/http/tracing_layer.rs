//! One span a request, with an id that the response carries too.

use std::any::Any;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing::Span;

use super::error::ApiError;
use crate::support::Ids;

/// Names a request that came without a name.
#[derive(Clone)]
pub(super) struct RequestIds(pub(super) Ids);

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&self.0.uuid().to_string()).ok().map(RequestId::new)
    }
}

/// The span that everything of a request is logged under. The query stays out of it: it may hold what is nobody's business.
pub(super) fn span_of(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    tracing::info_span!("request", request.id = id, http.method = %request.method(), http.route = route)
}

/// What is answered where a handler panicked.
pub(super) fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let what = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::Internal(format!("a handler panicked: {}", what.unwrap_or_else(|| "without a text".to_owned()))).into_response()
}

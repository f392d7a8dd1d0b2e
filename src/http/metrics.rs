//! Counts requests, and serves all of the program's metrics on a listener of its own.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

const REQUESTS: &str = "nightdesk_http_requests_total";
const SECONDS: &str = "nightdesk_http_request_seconds";

/// `/metrics` in Prometheus' text format. Not part of the public router.
pub fn metrics_router(handle: PrometheusHandle) -> Router {
    metrics::describe_counter!(REQUESTS, "HTTP requests by method, route and status");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time up to the response's head, in seconds");
    metrics::describe_gauge!("nightdesk_answer_threshold", "The confidence from which the bot answers");
    let render = move || async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()) };
    Router::new().route("/metrics", get(render))
}

/// Counts and times a request under the route it matched, so that ids in a path make no series of their own.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = method_label(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!(SECONDS, "method" => method, "route" => route).record(began.elapsed().as_secs_f64());
    response
}

/// A client may invent methods; they are one series.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

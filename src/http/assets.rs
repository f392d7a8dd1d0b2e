//! Pages, scripts and styles, embedded in the program (a debug build reads them from the source folder).

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use tower_http::compression::CompressionLayer;

use super::state::{AppState, DemoPage};

/// How long a browser may use a script or style without asking.
const ASSET_CACHE: &str = "public, max-age=3600";
/// A page is asked for anew each time; mostly the answer is that it has not changed.
const PAGE_CACHE: &str = "no-cache";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/web/"]
struct Web;

/// The routes of all that a browser loads.
pub(super) fn routes(state: &AppState) -> Router<AppState> {
    let router = Router::new()
        .route("/", get(home))
        .route("/widget", get(widget))
        .route("/console", get(console))
        .route("/sdk.js", get(sdk))
        .route("/assets/{*path}", get(asset));
    let router = match state.demo {
        DemoPage::Served => router.route("/demo", get(demo)),
        DemoPage::Absent => router,
    };
    router.layer(CompressionLayer::new())
}

async fn home(State(state): State<AppState>) -> Redirect {
    Redirect::temporary(match state.demo {
        DemoPage::Served => "/demo",
        DemoPage::Absent => "/console",
    })
}

async fn demo(headers: HeaderMap) -> Response {
    page("demo/index.html", &headers, "'self'")
}

async fn console(headers: HeaderMap) -> Response {
    page("console/index.html", &headers, "'none'")
}

async fn widget(State(state): State<AppState>, headers: HeaderMap) -> Response {
    page("widget/index.html", &headers, &widget_ancestors(&state.widget.frame_ancestors))
}

async fn sdk(headers: HeaderMap) -> Response {
    file("sdk.js", &headers, ASSET_CACHE)
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    // Pages have addresses of their own, with the headers that belong to them.
    if path.ends_with(".html") { absent() } else { file(&path, &headers, ASSET_CACHE) }
}

/// Our own pages and those of the shop. An origin that would not stand as one word in the header is left out.
fn widget_ancestors(origins: &[String]) -> String {
    let clean = |origin: &&String| !origin.is_empty() && origin.bytes().all(|b| b.is_ascii_graphic() && b != b';' && b != b',');
    let shop = origins.iter().filter(clean).map(String::as_str);
    std::iter::once("'self'").chain(shop).collect::<Vec<_>>().join(" ")
}

fn page(path: &str, headers: &HeaderMap, ancestors: &str) -> Response {
    let mut response = file(path, headers, PAGE_CACHE);
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
    );
    let policy = HeaderValue::from_str(&policy).expect("graphic ASCII and spaces are a header's value");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn file(path: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some(file) = Web::get(path) else { return absent() };
    // Weak: the same file also goes out compressed.
    let tag = format!("W/\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|tags| names(tags, &tag));
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { axum::body::Body::from(file.data.into_owned()).into_response() };
    let sent = response.headers_mut();
    sent.insert(header::ETAG, HeaderValue::from_str(&tag).expect("hexadecimal digits are a header's value"));
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if !known {
        sent.insert(header::CONTENT_TYPE, content_type(path));
    }
    response
}

fn content_type(path: &str) -> HeaderValue {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text = mime.type_() == "text" || matches!(mime.subtype().as_str(), "javascript" | "json");
    let value = if text { format!("{mime}; charset=utf-8") } else { mime.to_string() };
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// Whether an `If-None-Match` names the tag.
fn names(tags: &str, tag: &str) -> bool {
    let opaque = tag.trim_start_matches("W/");
    tags.split(',').map(str::trim).any(|named| named == "*" || named.trim_start_matches("W/") == opaque)
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_go_into_the_policy() {
        for (origins, expected) in [
            (&[][..], "'self'"),
            (&["https://shop.example", "http://localhost:3000"], "'self' https://shop.example http://localhost:3000"),
            (&["https://a.example; script-src *", "", "https://b.example\n"], "'self'"),
        ] {
            let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
            assert_eq!(widget_ancestors(&origins), expected);
        }
    }

    #[test]
    fn a_known_tag_is_known_in_all_its_spellings() {
        for (tags, known) in [("W/\"ab\"", true), ("\"ab\"", true), ("\"x\", W/\"ab\"", true), ("*", true), ("\"abc\"", false), ("", false)]
        {
            assert_eq!(names(tags, "W/\"ab\""), known, "of {tags}");
        }
    }
}

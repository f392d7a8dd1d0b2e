//! What handlers take in: JSON bodies, ids in the path, the caller's address. Each refuses with an [`ApiError`].

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use uuid::Uuid;

use super::error::ApiError;
use super::limits::counted;
use super::state::{AppState, Proxy};
use crate::conversation::ConversationId;

/// How long a body of at most 64 KiB may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(20);

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType);
        }
        let bytes = match tokio::time::timeout(BODY_PATIENCE, Bytes::from_request(request, state)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => return Err(ApiError::TooLarge),
            Ok(Err(_)) => return Err(ApiError::BadRequest("the body could not be read to its end".to_owned())),
            Err(_) => return Err(ApiError::BadRequest(format!("the body did not arrive within {} s", BODY_PATIENCE.as_secs()))),
        };
        parse(&bytes).map(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would take a list for a struct, field by field.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::BadRequest("the body must be a JSON object".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => ApiError::BadRequest(format!("the body is not as documented in /api/openapi.json: {error}")),
        Category::Io | Category::Syntax | Category::Eof => ApiError::InvalidJson(error.to_string()),
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or(value).trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The parameters behind the question mark.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|refused| ApiError::BadRequest(refused.body_text()))
    }
}

/// `{id}` in the path. What is no id is the id of nothing.
pub(super) struct ConversationPath(pub(super) ConversationId);

impl<S: Send + Sync> FromRequestParts<S> for ConversationPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<Uuid>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(ConversationId(id))).map_err(|_| ApiError::NotFound("there is no such conversation"))
    }
}

/// `{version}` in the path: 16 hexadecimal digits.
pub(super) struct VersionPath(pub(super) String);

impl VersionPath {
    /// What is said of a version that is not there.
    pub(super) const ABSENT: ApiError = ApiError::NotFound(
        "no entry of that version was ever in use here; a version is the 16 hexadecimal digits that a message's statement names",
    );
}

impl<S: Send + Sync> FromRequestParts<S> for VersionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(Path(version)) = Path::<String>::from_request_parts(parts, state).await else { return Err(Self::ABSENT) };
        let fits = version.len() == 16 && version.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if fits { Ok(Self(version)) } else { Err(Self::ABSENT) }
    }
}

/// The address that a request is counted under.
pub(super) struct Caller(pub(super) IpAddr);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        // Without a connection (a router called in a test) all callers are one.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let address = match state.proxy {
            Proxy::Absent => peer,
            Proxy::InFront => forwarded(&parts.headers).unwrap_or(peer),
        };
        Ok(Self(counted(address)))
    }
}

/// The last address of the last `X-Forwarded-For`: the one that our own proxy wrote. Those before it are whatever the client claimed.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::dto::widget::MessageBody;
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_the_address_that_our_proxy_wrote_counts() {
        let check = |values: &[&str], expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            assert_eq!(forwarded(&headers).map(|ip| ip.to_string()).as_deref(), expect, "{values:?}");
        };
        check(&["1.2.3.4, 203.0.113.9"], Some("203.0.113.9"));
        check(&["1.2.3.4", "2001:db8::1"], Some("2001:db8::1"));
        check(&["unknown"], None);
        check(&[], None);
    }

    async fn refusal(content_type: Option<&str>, body: &[u8]) -> String {
        let mut request = Request::builder().method("POST");
        if let Some(value) = content_type {
            request = request.header(header::CONTENT_TYPE, value);
        }
        let request = request.body(Body::from(body.to_vec())).unwrap();
        match JsonBody::<MessageBody>::from_request(request, &()).await {
            Ok(JsonBody(body)) => format!("took {:?}", body.content),
            Err(error) => format!("{error:?}"),
        }
    }

    #[tokio::test]
    async fn bodies_are_taken_or_refused_by_name() {
        let json = Some("application/json; charset=utf-8");
        for (content_type, body, expected) in [
            (json, &br#"{"content": "hi", "echo_id": "1"}"#[..], "took \"hi\""),
            (json, br#"{"content": "a\u0000b", "echo_id": "1"}"#, "took \"a\\0b\""),
            (None, b"{}", "UnsupportedMediaType"),
            (Some("text/plain"), b"{}", "UnsupportedMediaType"),
            (Some("application/jsonp"), b"{}", "UnsupportedMediaType"),
            (json, b"", "InvalidJson"),
            (json, b"{\"content\": ", "InvalidJson"),
            (json, b"{\"content\": \"\xff\xfe\", \"echo_id\": \"1\"}", "InvalidJson"),
            (json, br#"{"content": "\ud800", "echo_id": "1"}"#, "InvalidJson"),
            (json, br#"{"content": 5, "echo_id": "1"}"#, "BadRequest"),
            (json, br#"{"content": "hi"}"#, "BadRequest"),
            (json, br#"{"content": "hi", "echo_id": "1", "admin": true}"#, "BadRequest"),
            (json, br#" ["hi", "1"]"#, "BadRequest"),
        ] {
            let got = refusal(content_type, body).await;
            assert!(got.starts_with(expected), "of {:?}: {got}", String::from_utf8_lossy(body));
        }
    }
}

//! Who stands behind a request: a shopper by bearer token, an agent by cookie.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::error::ApiError;
use super::state::AppState;
use crate::conversation::Contact;
use crate::identity::{Agent, SessionToken};

/// The cookie of an agent's session.
pub(super) const SESSION_COOKIE: &str = "nightdesk_session";

/// The shopper of the bearer token.
pub(super) struct Shopper(pub(super) Contact);

impl FromRequestParts<AppState> for Shopper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        const REFUSED: ApiError =
            ApiError::Unauthorized("the session token is missing or not valid; begin a session with POST /api/v1/widget/session");
        let token = bearer(&parts.headers).ok_or(REFUSED)?;
        let contact = state.conversations.contact_of_session(token.hash(), state.clock.now()).await?;
        contact.map(Self).ok_or(REFUSED)
    }
}

/// The token of `Authorization: Bearer`, if it has the form of one.
pub(super) fn bearer(headers: &HeaderMap) -> Option<SessionToken> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SessionToken::parse(token.trim()))?
}

/// The agent of the session cookie, and the cookie's token.
pub(super) struct LoggedIn {
    pub(super) agent: Agent,
    pub(super) token: SessionToken,
}

impl FromRequestParts<AppState> for LoggedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        const REFUSED: ApiError = ApiError::Unauthorized("you are not logged in, or not any more; log in at /console");
        let token = session_cookie(&parts.headers).ok_or(REFUSED)?;
        let agent = state.agents.agent_of_session(token.hash(), state.clock.now()).await?;
        agent.map(|agent| Self { agent, token }).ok_or(REFUSED)
    }
}

/// The token of the session cookie, if it has the form of one.
pub(super) fn session_cookie(headers: &HeaderMap) -> Option<SessionToken> {
    CookieJar::from_headers(headers).get(SESSION_COOKIE).and_then(|cookie| SessionToken::parse(cookie.value()))
}

/// The cookie that carries `token`; it ends with the browser, or with the session in the store.
pub(super) fn cookie_of(token: &SessionToken, headers: &HeaderMap) -> Cookie<'static> {
    Cookie::build((SESSION_COOKIE, token.reveal().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(came_by_https(headers))
        .build()
}

/// The proxy in front says so; we speak plain HTTP ourselves.
fn came_by_https(headers: &HeaderMap) -> bool {
    let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    proto.and_then(|list| list.split(',').next()).is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

/// Lets a request that changes something through only from our own pages. `SameSite=Strict` keeps the cookie from other sites; this keeps
/// sibling origins of the same site, and logins on somebody's behalf, out too.
pub(super) async fn same_origin_only(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_same_origin(request.headers()) {
        next.run(request).await
    } else {
        ApiError::Forbidden("this request came from another site's page").into_response()
    }
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"));
    match (text(header::HeaderName::from_static("sec-fetch-site")), text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let own = text(header::HOST).unwrap_or_default();
            let theirs: Option<Uri> = origin.parse().ok();
            theirs.and_then(|uri| uri.authority().map(|authority| authority.as_str().eq_ignore_ascii_case(own))).unwrap_or(false)
        }
        // No browser sends a cookie across sites without either header.
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_pages_change_something() {
        for (pairs, allowed) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://desk.example"), ("host", "inner:8080")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "http://localhost:8080"), ("host", "localhost:8080")], true),
            (&[("origin", "http://localhost:9090"), ("host", "localhost:8080")], false),
            (&[("origin", "null"), ("host", "localhost:8080")], false),
            (&[("origin", "https://evil.example")], false),
        ] {
            assert_eq!(is_same_origin(&headers(pairs)), allowed, "of {pairs:?}");
        }
    }

    #[test]
    fn bearer_takes_a_token_and_nothing_else() {
        let token = "a".repeat(64);
        for (value, taken) in [
            (format!("Bearer {token}"), true),
            (format!("bearer {token}"), true),
            (format!("Basic {token}"), false),
            ("Bearer short".to_owned(), false),
            ("Bearer".to_owned(), false),
            (token.clone(), false),
        ] {
            assert_eq!(bearer(&headers(&[("authorization", &value)])).is_some(), taken, "of {value}");
        }
    }

    #[test]
    fn the_cookie_is_secure_behind_https() {
        let token = SessionToken::parse(&"b".repeat(64)).unwrap();
        for (proto, secure) in [("https", true), ("https, http", true), ("http", false)] {
            let cookie = cookie_of(&token, &headers(&[("x-forwarded-proto", proto)])).to_string();
            assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
        }
    }
}

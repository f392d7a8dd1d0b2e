//! Every error of the API, and its one mapping to a status, a stable code and a sentence.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::dto::{ErrorBody, ErrorDetail};
use crate::assistant::RespondError;
use crate::conversation::ContentError;
use crate::support::StoreError;

/// When a client may come again after the store was away.
const STORE_RETRY: Duration = Duration::from_secs(2);

/// Why a request was not done. What the client is told is `to_string()`, except of a store's error, which is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request is not of the documented form.
    #[error("{0}")]
    BadRequest(String),
    /// The body is not JSON.
    #[error("the body is not valid JSON: {0}")]
    InvalidJson(String),
    /// Nobody, or nobody any more, stands behind the request.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Somebody does, and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing, or it is somebody else's.
    #[error("{0}")]
    NotFound(&'static str),
    /// The address exists, but not with this method.
    #[error("this address does not take this method; see /api/openapi.json")]
    MethodNotAllowed,
    /// Another agent has the conversation.
    #[error("{0} has taken this conversation")]
    Taken(String),
    /// The state does not allow it.
    #[error("{0}")]
    Conflict(&'static str),
    /// Over the limit of a body.
    #[error("the body is larger than {} KiB", super::BODY_LIMIT / 1024)]
    TooLarge,
    /// Not JSON by its content type.
    #[error("the content type must be application/json")]
    UnsupportedMediaType,
    /// A value is of the right form but cannot be taken.
    #[error("{0}")]
    InvalidContent(String),
    /// Too often.
    #[error("too many requests; try again in {} s", whole_seconds(*.0))]
    TooManyRequests(Duration),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("{0}")]
    Internal(String),
}

impl From<ContentError> for ApiError {
    fn from(error: ContentError) -> Self {
        Self::InvalidContent(error.to_string())
    }
}

impl From<RespondError> for ApiError {
    fn from(error: RespondError) -> Self {
        match error {
            RespondError::Store(fault) => Self::Store(fault),
            RespondError::Retrieval(_) | RespondError::Worker(_) => Self::Internal(error.to_string()),
        }
    }
}

impl ApiError {
    /// The status and the stable code.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::InvalidJson(_) => (StatusCode::BAD_REQUEST, "invalid_json"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Taken(_) => (StatusCode::CONFLICT, "taken"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            Self::InvalidContent(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_content"),
            Self::TooManyRequests(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Store(StoreError::Unavailable(_) | StoreError::ReadOnly(_)) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Store(StoreError::Corrupt(_) | StoreError::Internal(_)) | Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    /// What the client reads. An error of ours says nothing about our inside.
    fn sentence(&self) -> String {
        match self.kind().0 {
            StatusCode::SERVICE_UNAVAILABLE => "the service is busy for the moment; try again shortly".to_owned(),
            StatusCode::INTERNAL_SERVER_ERROR => {
                "something went wrong on our side; the log has the details under this x-request-id".to_owned()
            }
            _ => self.to_string(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match (self, self.kind().0) {
            (Self::TooManyRequests(wait), _) => Some(whole_seconds(*wait)),
            (_, StatusCode::SERVICE_UNAVAILABLE) => Some(whole_seconds(STORE_RETRY)),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        // The boundary where an error is logged, once; the request's span carries its id.
        if status.is_server_error() {
            tracing::error!(error = %self, http.status = status.as_u16(), "a request failed");
        }
        let body = ErrorBody { error: ErrorDetail { code: code.to_owned(), message: self.sentence() } };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Rounded up, and never 0: a client that comes back at once is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn errors_become_status_code_and_sentence_and_keep_the_inside_to_themselves() {
        for (error, status, code, retry, sentence) in [
            (ApiError::BadRequest("no such queue".into()), 400, "bad_request", None, "no such queue"),
            (ApiError::Taken("Ana".into()), 409, "taken", None, "Ana has taken this conversation"),
            (ApiError::TooLarge, 413, "too_large", None, "the body is larger than 64 KiB"),
            (ContentError::Empty.into(), 422, "invalid_content", None, "the message is empty"),
            (
                ApiError::TooManyRequests(Duration::from_millis(1_200)),
                429,
                "too_many_requests",
                Some("2"),
                "too many requests; try again in 2 s",
            ),
            (StoreError::Unavailable("secret".into()).into(), 503, "unavailable", Some("2"), "the service is busy"),
            (StoreError::ReadOnly("secret".into()).into(), 503, "unavailable", Some("2"), "the service is busy"),
            (StoreError::Internal("secret".into()).into(), 500, "internal", None, "something went wrong"),
            (RespondError::Store(StoreError::Unavailable("secret".into())).into(), 503, "unavailable", Some("2"), "the service is busy"),
            (RespondError::Worker("secret".into()).into(), 500, "internal", None, "something went wrong"),
            (StoreError::Corrupt("secret".into()).into(), 500, "internal", None, "something went wrong"),
        ] {
            let response = error.into_response();
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap()), retry, "of {code}");
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"]["code"], code);
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(sentence) && !message.contains("secret"), "of {code}: {message}");
        }
    }
}

//! The error responses of the OpenAPI document, once for all handlers.

use utoipa::IntoResponses;

use super::dto::ErrorBody;

/// What every address of either side may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the derive, never made")]
pub(super) enum Common {
    /// Nobody, or nobody any more, stands behind the request.
    #[response(status = UNAUTHORIZED)]
    Unauthorized(ErrorBody),
    /// A defect of ours; the log has the details under the response's `x-request-id`.
    #[response(status = INTERNAL_SERVER_ERROR)]
    Internal(ErrorBody),
    /// Busy for the moment; `Retry-After` says when to come again.
    #[response(status = SERVICE_UNAVAILABLE)]
    Unavailable(ErrorBody),
}

/// What an address that takes a body may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the derive, never made")]
pub(super) enum OfBody {
    /// The body is not JSON (`invalid_json`) or not as documented (`bad_request`).
    #[response(status = BAD_REQUEST)]
    BadRequest(ErrorBody),
    /// The body is larger than 64 KiB.
    #[response(status = PAYLOAD_TOO_LARGE)]
    TooLarge(ErrorBody),
    /// The content type is not `application/json`.
    #[response(status = UNSUPPORTED_MEDIA_TYPE)]
    UnsupportedMediaType(ErrorBody),
}

/// What an address that is counted may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the derive, never made")]
pub(super) enum Counted {
    /// Too often; `Retry-After` says when to come again.
    #[response(status = TOO_MANY_REQUESTS)]
    TooManyRequests(ErrorBody),
}

/// What an address under a conversation's id may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the derive, never made")]
pub(super) enum OfConversation {
    /// There is no such conversation.
    #[response(status = NOT_FOUND)]
    NotFound(ErrorBody),
}

/// What an agent's action may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the derive, never made")]
pub(super) enum OfAction {
    /// The request came from another site's page.
    #[response(status = FORBIDDEN)]
    Forbidden(ErrorBody),
    /// Another agent has the conversation (`taken`), or its state does not allow the action (`conflict`).
    #[response(status = CONFLICT)]
    Conflict(ErrorBody),
}

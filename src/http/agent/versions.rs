//! What entries said when messages were taken from them.

use axum::Json;
use axum::extract::State;

use super::super::auth::LoggedIn;
use super::super::dto::EntryVersionDto;
use super::super::error::ApiError;
use super::super::extract::VersionPath;
use super::super::responses::Common;
use super::super::state::AppState;

/// Read an entry as it was
///
/// Statements of messages name versions. A version never changes and stays when its entry is edited or removed.
#[utoipa::path(get, path = "/api/v1/agent/entry-versions/{version}", operation_id = "show_entry_version", tag = "agent",
    security(("cookie" = [])), params(("version" = String, Path, description = "The version, as a statement names it")),
    responses((status = OK, description = "Its question and answer", body = EntryVersionDto),
        (status = NOT_FOUND, description = "No entry ever said that here", body = crate::http::dto::ErrorBody), Common))]
pub(super) async fn show_entry_version(
    State(state): State<AppState>,
    _login: LoggedIn,
    VersionPath(version): VersionPath,
) -> Result<Json<EntryVersionDto>, ApiError> {
    let kept = state.versions.entry_version(&version).await?;
    Ok(Json(kept.ok_or(VersionPath::ABSENT)?.into()))
}

//! An entry's own page: all of an answer of which a reply said a part.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::auth::Shopper;
use super::super::dto::widget::{EntryDto, EntryResponse};
use super::super::error::ApiError;
use super::super::extract::Params;
use super::super::responses::{Common, Counted};
use super::super::state::AppState;

/// Which entry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryQuery {
    /// The entry's stable id.
    #[param(example = "returns/how")]
    id: String,
}

/// Read an entry
///
/// The entry as it is now. What an entry says is for everybody who may chat; it is the shop's FAQ.
#[utoipa::path(get, path = "/api/v1/widget/entry", operation_id = "read_entry", tag = "widget",
    security(("bearer" = [])),
    params(EntryQuery),
    responses((status = OK, description = "The entry", body = EntryResponse),
        (status = NOT_FOUND, description = "There is no such entry, or not any more", body = crate::http::dto::ErrorBody),
        Counted, Common))]
pub(super) async fn read_entry(
    State(state): State<AppState>,
    Shopper(contact): Shopper,
    Params(EntryQuery { id }): Params<EntryQuery>,
) -> Result<Json<EntryResponse>, ApiError> {
    state.limiters.signals.check(&contact.id)?;
    let entry = (state.entries)(&id).ok_or(ApiError::NotFound("there is no such entry"))?;
    let entry = EntryDto { id, question: entry.question.clone(), answer: entry.answer.clone() };
    Ok(Json(EntryResponse { entry }))
}

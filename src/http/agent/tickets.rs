//! The ticket lists.

use axum::Json;
use axum::extract::State;

use super::super::auth::LoggedIn;
use super::super::dto::Viewer;
use super::super::dto::agent::{QueueName, TicketLine, TicketsQuery, TicketsResponse};
use super::super::error::ApiError;
use super::super::extract::Params;
use super::super::responses::Common;
use super::super::state::AppState;
use crate::desk::Queue;

/// How many lines a list has.
const LINES: u32 = 200;

/// List tickets
#[utoipa::path(get, path = "/api/v1/agent/tickets", operation_id = "list_tickets", tag = "agent", params(TicketsQuery),
    security(("cookie" = [])),
    responses((status = OK, description = "The list, at most 200 lines, and how many tickets stand where", body = TicketsResponse),
        (status = BAD_REQUEST, description = "There is no such list", body = crate::http::dto::ErrorBody), Common))]
pub(super) async fn list_tickets(
    State(state): State<AppState>,
    login: LoggedIn,
    Params(query): Params<TicketsQuery>,
) -> Result<Json<TicketsResponse>, ApiError> {
    let queue = match query.queue {
        QueueName::Unassigned => Queue::Unassigned,
        QueueName::Mine => Queue::Mine(login.agent.id),
        QueueName::Open => Queue::Open,
        QueueName::Closed => Queue::Closed,
    };
    let rows = state.desk.tickets(queue, state.clock.now(), LINES).await?;
    let mut tickets = Vec::with_capacity(rows.len());
    for row in rows {
        let last_message = match &row.last_message {
            Some(message) => Some(state.names.message(message, Viewer::Agent).await?),
            None => None,
        };
        tickets.push(TicketLine {
            ticket: state.names.ticket(&row.ticket).await?,
            conversation: state.names.conversation(&row.conversation).await?,
            contact_name: row.contact_name,
            last_message,
            waiting: row.waiting,
        });
    }
    Ok(Json(TicketsResponse { tickets, counts: state.desk.counts(login.agent.id).await?.into() }))
}

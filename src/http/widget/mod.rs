//! The shopper's side, `/api/v1/widget/`. What is served here stays as it is.

mod actions;
mod entries;
pub(super) mod events;
mod messages;
mod session;
mod waiting;

pub(super) use messages::echo_id;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::AppState;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::begin_session))
        .routes(routes!(messages::send_message))
        .routes(routes!(events::widget_events))
        .routes(routes!(entries::read_entry))
        .routes(routes!(actions::request_person))
        .routes(routes!(actions::give_feedback))
        .routes(routes!(actions::rate_conversation))
        .routes(routes!(waiting::see_availability))
        .routes(routes!(waiting::leave_email))
        .routes(routes!(waiting::let_assistant_go_on))
        .routes(routes!(actions::shopper_typing))
}

//! The agents' side, `/api/v1/agent/`.

mod actions;
mod conversation;
mod copilot;
mod events;
mod login;
mod presence;
mod tickets;
mod versions;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::same_origin_only;
use super::state::AppState;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login::log_in))
        .routes(routes!(login::log_out))
        .routes(routes!(login::who_am_i))
        .routes(routes!(presence::show_presence, presence::set_presence))
        .routes(routes!(tickets::list_tickets))
        .routes(routes!(conversation::show_conversation))
        .routes(routes!(versions::show_entry_version))
        .routes(routes!(copilot::summarize_conversation))
        .routes(routes!(copilot::draft_replies))
        .routes(routes!(copilot::check_reply))
        .routes(routes!(actions::claim_conversation))
        .routes(routes!(actions::reply_to_conversation))
        .routes(routes!(actions::resolve_conversation))
        .routes(routes!(actions::return_conversation))
        .routes(routes!(actions::snooze_conversation))
        .routes(routes!(actions::agent_typing))
        .routes(routes!(events::agent_events))
        .route_layer(axum::middleware::from_fn(same_origin_only))
}

//! Work beside the requests.

pub mod reload;
pub mod turns;
pub mod webhooks;

pub use turns::{RunTurn, TurnFailure, Turns};
pub use webhooks::Webhooks;

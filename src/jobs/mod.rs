//! Work beside the requests.

pub mod reload;
pub mod turns;

pub use turns::{RunTurn, TurnFailure, Turns};

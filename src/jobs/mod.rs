//! Work beside the requests.

pub mod turns;

pub use turns::{RunTurn, TurnFailure, Turns};

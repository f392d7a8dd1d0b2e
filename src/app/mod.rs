//! Puts the rooms together and runs them.

pub mod calibrate;
mod calibration_file;
pub mod composer;
pub mod demo;
mod desk;
pub mod engine;
pub mod files;
pub mod indexing;
pub mod log;
pub mod measuring;
mod office;
pub mod open;
pub mod reload;
pub mod serve;
pub mod webhooks;

pub use measuring::{live_rule, open_composer_for_measuring, open_encoder, open_search, rehearsed_rule, shipped_rule};
pub use open::{Rooms, open_rooms, open_store};
pub use serve::{Running, serve, start};

/// The program's version: it stands in every event of the bot's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

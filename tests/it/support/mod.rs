//! What the tests are written with.

mod agent;
mod app;
pub mod http;
mod llama;
mod postgres;
mod program;
mod receiver;
mod require;
pub mod shop;
mod shopper;
mod stream;
mod verifier;

pub use agent::Agent;
pub use app::TestApp;
pub use llama::LlamaServer;
pub use postgres::Database;
pub use program::{Program, Ran, Serving};
pub use receiver::{Delivered, Mood, Receiver};
pub use require::available;
pub use shop::Shop;
pub use shopper::Shopper;
pub use stream::{Stream, Told};
pub use verifier::Verifier;

use serde_json::Value;

/// How long a test waits for something that should come at once.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The folder of the repository.
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A string in a JSON value, by pointer; panics with the value where there is none.
#[track_caller]
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

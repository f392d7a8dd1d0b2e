//! Time as a parameter: a room that needs the hour is handed a [`Clock`].

use std::fmt;

/// The instant everything is stamped with.
pub use jiff::Timestamp;

/// Where the time comes from. Tests hand in a clock that stands still.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        // The store keeps microseconds; cutting here makes a value equal itself after a round trip.
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

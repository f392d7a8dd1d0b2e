//! The ports of the domains on SQLite. Only this room knows SQL.
//!
//! One port method is one transaction, and no transaction leaves this room. Each statement is a constant with `$1` placeholders in the
//! file of its noun, and a test prepares every one of them. What happens to a conversation goes through `ledger`, which alone gives out
//! sequence numbers: they stand without a gap because the row of the conversation and the event commit together.

/// Declares the statements of a file, and lists them for the test that prepares each of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)+

        /// All statements of this file by name.
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

mod agents;
mod catalogue;
mod codes;
mod conversations;
mod desk;
mod error;
mod events;
mod ledger;
mod orders;
mod rows;
mod sqlite;
mod tickets;
mod turns;
mod versions;

#[cfg(test)]
mod suite;

pub use error::OpenError;
pub use sqlite::SqliteStore;

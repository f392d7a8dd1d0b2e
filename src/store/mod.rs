//! The ports of the domains on SQLite and on PostgreSQL. Only this room knows SQL.
//!
//! One port method is one transaction, and no transaction leaves this room. Each statement is a constant with `$1` placeholders in the
//! file of its noun, and a test prepares every one of them. What happens to a conversation goes through `ledger`, which alone gives out
//! sequence numbers: they stand without a gap because the row of the conversation and the event commit together.
//!
//! The files of the nouns are written once and compiled twice: `sqlite` and `postgres` each name them as modules of their own. To such a
//! file `super` is the database: the types of its driver, and all in which the two differ. What PostgreSQL needs because several processes
//! write (row locks, a lock of the log, notices, turns that belong to one process) is nothing in SQLite, where one connection writes.

#![allow(clippy::duplicate_mod, reason = "the nouns are compiled once for each database, with the types of its driver")]

/// Declares the statements of a file, and lists them for the test that prepares each of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)+

        /// All statements of this file by name.
        #[cfg(test)]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

mod codes;
mod error;
mod open;
mod postgres;
mod rows;
mod sqlite;

#[cfg(test)]
mod suite;

pub use error::OpenError;
pub use open::{Place, Store, check, open};
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;

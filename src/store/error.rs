//! What goes wrong with a database, in sentences.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

use crate::support::StoreError;

/// Why a database does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is missing.
    #[error("the folder of the database {0} does not exist: create it, or name another one with --data")]
    NoFolder(PathBuf),
    /// The file is something else, or broken.
    #[error("{path} is not a database or is damaged ({problem}): move it away and restore a backup, or start with an empty --data folder")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        problem: String,
    },
    /// Not writable, or no space.
    #[error(
        "the database {path} cannot be written ({problem}): check the folder's permissions and free space, or name another one with --data"
    )]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// Somebody else holds it.
    #[error("the database {0} is locked by another process: stop that process, or name another folder with --data")]
    Locked(PathBuf),
    /// Written by a later version.
    #[error(
        "the database {path} was written by a newer nightdesk (schema {found}, this program knows {known}): install that version again"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A migration that is not ours.
    #[error("the schema of {path} is not one that nightdesk made ({problem}): name another folder with --data")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
    /// A defect of ours.
    #[error("the database {path} does not open: {problem}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What the driver said.
        problem: String,
    },
}

impl OpenError {
    /// The sentence for what the driver says of `path`.
    pub(super) fn of_driver(path: &Path, error: &sqlx::Error) -> Self {
        let (path, problem) = (path.to_owned(), problem(error));
        match fault(error) {
            Fault::Away => Self::Locked(path),
            Fault::NotWritable => Self::NotWritable { path, problem },
            Fault::Damaged => Self::Damaged { path, problem },
            Fault::Ours => Self::Other { path, problem },
        }
    }

    /// The sentence for a migration that failed; `known` is the newest schema of this program.
    pub(super) fn of_migration(path: &Path, known: i64, error: &MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(found) if *found > known => Self::Newer { path: path.to_owned(), found: *found, known },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::of_driver(path, error),
            other => Self::Foreign { path: path.to_owned(), problem: other.to_string() },
        }
    }
}

/// The port's error for what the driver says.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let problem = problem(&error);
    match fault(&error) {
        Fault::Away => StoreError::Unavailable(problem),
        Fault::NotWritable => StoreError::ReadOnly(problem),
        Fault::Damaged => StoreError::Corrupt(problem),
        Fault::Ours => StoreError::Internal(problem),
    }
}

/// Whether a statement failed because a unique index has the value already.
pub(super) fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation())
}

/// A value in a row that this program never writes.
pub(super) fn unreadable(what: &str, value: &str) -> StoreError {
    StoreError::Corrupt(format!("{what} holds '{value}', which this version does not know"))
}

#[derive(Clone, Copy)]
enum Fault {
    Away,
    NotWritable,
    Damaged,
    Ours,
}

fn fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => Fault::Away,
        // The low byte of SQLite's extended code is its primary code: https://www.sqlite.org/rescode.html
        sqlx::Error::Database(e) => match e.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Fault::Away,                       // BUSY, LOCKED
            Some(3 | 8 | 10 | 13 | 14) => Fault::NotWritable, // PERM, READONLY, IOERR, FULL, CANTOPEN
            Some(11 | 26) => Fault::Damaged,                  // CORRUPT, NOTADB
            _ => Fault::Ours,
        },
        _ => Fault::Ours,
    }
}

fn problem(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        sqlx::Error::Database(e) => e.message().to_owned(),
        other => other.to_string(),
    }
}

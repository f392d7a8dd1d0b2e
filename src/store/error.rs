//! What goes wrong with a database, in sentences.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

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
        "the database {place} was written by a newer nightdesk (schema {found}, this program knows {known}): install that version again"
    )]
    Newer {
        /// The file, or the database of a server.
        place: String,
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
    #[error("the database {place} does not open: {problem}")]
    Other {
        /// The file, or the database of a server.
        place: String,
        /// What the driver said.
        problem: String,
    },
    /// No address of a database.
    #[error("database.url cannot be used ({0}); it looks like postgres://user:password@host:5432/database")]
    NoUrl(String),
    /// Nobody is there.
    #[error("the database {place} does not answer ({problem}): start the server, or correct database.url")]
    NoServer {
        /// The database of a server.
        place: String,
        /// What the driver said.
        problem: String,
    },
    /// It is there and says no.
    #[error("the database {place} refuses ({problem}): correct user, password and name in database.url, or give the user its rights there")]
    Refused {
        /// The database of a server.
        place: String,
        /// What the server said.
        problem: String,
    },
    /// It is there and is another one than this program was written for.
    #[error("the database {place} {wanted}")]
    Unfit {
        /// The database of a server.
        place: String,
        /// What it is, and what it has to be.
        wanted: String,
    },
    /// A schema that is not ours.
    #[error("the schema of the database {place} is not one that nightdesk made ({problem}): name another database in database.url")]
    ForeignServer {
        /// The database of a server.
        place: String,
        /// What differs.
        problem: String,
    },
}

impl OpenError {
    /// The sentence for what the driver says of `path`.
    pub(super) fn of_driver(path: &Path, error: &sqlx::Error) -> Self {
        let (path, problem) = (path.to_owned(), problem(error));
        match fault(error) {
            Fault::Away | Fault::Refused => Self::Locked(path),
            Fault::NotWritable => Self::NotWritable { path, problem },
            Fault::Damaged => Self::Damaged { path, problem },
            Fault::Ours => Self::Other { place: path.display().to_string(), problem },
        }
    }

    /// The sentence for a migration that failed; `known` is the newest schema of this program.
    pub(super) fn of_migration(path: &Path, known: i64, error: &MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(found) if *found > known => {
                Self::Newer { place: path.display().to_string(), found: *found, known }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::of_driver(path, error),
            other => Self::Foreign { path: path.to_owned(), problem: other.to_string() },
        }
    }

    /// The sentence for what the driver says of the server at `place`.
    pub(super) fn of_server(place: &str, error: &sqlx::Error) -> Self {
        let (place, problem) = (place.to_owned(), problem(error));
        match fault(error) {
            Fault::Refused | Fault::NotWritable => Self::Refused { place, problem },
            Fault::Away | Fault::Damaged => Self::NoServer { place, problem },
            Fault::Ours => Self::Other { place, problem },
        }
    }

    /// The sentence for a migration that failed on a server; `known` is the newest schema of this program.
    pub(super) fn of_server_migration(place: &str, known: i64, error: &MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(found) if *found > known => Self::Newer { place: place.to_owned(), found: *found, known },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::of_server(place, error),
            other => Self::ForeignServer { place: place.to_owned(), problem: other.to_string() },
        }
    }
}

/// The port's error for what the driver says.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let problem = problem(&error);
    match fault(&error) {
        Fault::Away | Fault::Refused => StoreError::Unavailable(problem),
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Away,
    /// The server lets this program in no more, which somebody may put right while it runs.
    Refused,
    NotWritable,
    Damaged,
    Ours,
}

fn fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => Fault::Away,
        // A server that goes down in the middle of a word.
        sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Fault::Away,
        sqlx::Error::Database(e) => match (e.try_downcast_ref::<PgDatabaseError>(), e.code()) {
            (Some(e), _) => postgres_fault(e.code()),
            (None, code) => sqlite_fault(code.and_then(|code| code.parse().ok()).unwrap_or_default()),
        },
        _ => Fault::Ours,
    }
}

/// The low byte of SQLite's extended code is its primary code: <https://www.sqlite.org/rescode.html>
fn sqlite_fault(code: i32) -> Fault {
    match code & 0xff {
        5 | 6 => Fault::Away,                       // BUSY, LOCKED
        3 | 8 | 10 | 13 | 14 => Fault::NotWritable, // PERM, READONLY, IOERR, FULL, CANTOPEN
        11 | 26 => Fault::Damaged,                  // CORRUPT, NOTADB
        _ => Fault::Ours,
    }
}

/// The first two letters are the class: <https://www.postgresql.org/docs/15/errcodes-appendix.html>
fn postgres_fault(code: &str) -> Fault {
    match (code.get(..2).unwrap_or_default(), code) {
        // Read-only (a standby), disk full, a lack of rights, an error of its system.
        (_, "25006" | "53100" | "42501") | ("58", _) => Fault::NotWritable,
        (_, "XX001" | "XX002") => Fault::Damaged,
        // The log-in, the name of the database, the schema.
        ("28" | "3D" | "3F", _) => Fault::Refused,
        // Lost connections, no room, shutting down or starting up, rolled back for another transaction's sake, a lock or a statement that took
        // too long, a transaction that was idle for too long.
        ("08" | "53" | "57" | "40" | "55", _) | (_, "25P03") => Fault::Away,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_told_apart() {
        for (code, fault) in [
            ("57P01", Fault::Away),
            ("57P03", Fault::Away),
            ("53300", Fault::Away),
            ("40001", Fault::Away),
            ("40P01", Fault::Away),
            ("55P03", Fault::Away),
            ("25P03", Fault::Away),
            ("08006", Fault::Away),
            ("28P01", Fault::Refused),
            ("3D000", Fault::Refused),
            ("25006", Fault::NotWritable),
            ("53100", Fault::NotWritable),
            ("42501", Fault::NotWritable),
            ("58030", Fault::NotWritable),
            ("XX001", Fault::Damaged),
            ("42601", Fault::Ours),
            ("23505", Fault::Ours),
            ("", Fault::Ours),
        ] {
            assert_eq!(postgres_fault(code), fault, "{code}");
        }
        for (code, fault) in
            [(5, Fault::Away), (2067, Fault::Ours), (8, Fault::NotWritable), (3850, Fault::NotWritable), (26, Fault::Damaged)]
        {
            assert_eq!(sqlite_fault(code), fault, "{code}");
        }
    }
}

//! One SQLite file: how it is opened, and who may write.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::{OpenError, store_error};
use super::{Store, codes, error, rows};
use crate::conversation::{ContactId, Conversation, ConversationId, Event, LiveBus};
use crate::support::StoreError;

/// How a row is read that this transaction will change: as any other, since no other transaction writes meanwhile.
macro_rules! for_update {
    () => {
        ""
    };
}

/// Which turns nobody runs: one process serves the file, and knows its own.
macro_rules! taken_by_nobody {
    () => {
        ""
    };
}

/// Whether a process that starts is the only one: one serves the file, so what another one claimed it claimed before it died.
macro_rules! is_alone {
    () => {
        "TRUE"
    };
}

#[path = "agents.rs"]
mod agents;
#[path = "catalogue.rs"]
mod catalogue;
#[path = "conversations.rs"]
mod conversations;
#[path = "desk.rs"]
mod desk;
#[path = "events.rs"]
mod events;
#[path = "ledger.rs"]
mod ledger;
#[path = "orders.rs"]
mod orders;
#[path = "presence.rs"]
mod presence;
#[path = "tickets.rs"]
mod tickets;
#[path = "turns.rs"]
mod turns;
#[path = "versions.rs"]
mod versions;
#[path = "webhooks.rs"]
mod webhooks;

/// The store that the nouns are methods of.
type Backend = SqliteStore;
/// What their statements run on.
type Connection = SqliteConnection;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// How long a statement waits for another process that writes (`nightdesk agents add` beside a running server).
const BUSY: Duration = Duration::from_secs(5);
/// How long a call waits for its turn on a pool.
const TURN: Duration = Duration::from_secs(10);
/// Readers at a time; SQLite in WAL mode lets them read while one writes.
const READERS: u32 = 4;
/// How often due turns are looked for: one process serves the file and wakes them itself, so only what failed is found.
const SWEEP: Duration = Duration::from_secs(60);
/// Up to this size the whole file is checked at the start: some 50 ms.
const CHECKED_BYTES: u64 = 16 << 20;

/// The store of one shop. Clones share the pools.
///
/// All writes go through one connection and begin with `BEGIN IMMEDIATE`: a transaction that reads and then writes can never meet a
/// newer state in between, and waits its turn here and not in SQLite's busy loop. A commit is on the disk when it returns
/// (`synchronous = FULL`), so an acknowledged message outlives `kill -9` and a power cut.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(OpenError::NoFolder(path.to_owned()));
        }
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        let of_driver = |error: sqlx::Error| OpenError::of_driver(path, &error);

        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(200);
        let pool = || SqlitePoolOptions::new().acquire_timeout(TURN).idle_timeout(None).max_lifetime(None).test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(of_driver)?;

        if (1..=CHECKED_BYTES).contains(&size) {
            let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&writer).await.map_err(of_driver)?;
            if verdict != "ok" {
                return Err(OpenError::Damaged { path: path.to_owned(), problem: verdict });
            }
        }
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        MIGRATIONS.run(&writer).await.map_err(|error| OpenError::of_migration(path, known, &error))?;

        let readers = pool().max_connections(READERS).connect_with(options.pragma("query_only", "ON")).await.map_err(of_driver)?;
        Ok(Self { writer, readers })
    }

    /// Whether the database answers: for the readiness probe.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await.map(drop).map_err(store_error)
    }

    /// Closes the file after what is under way; the write-ahead log is folded into it.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that may write. Dropped without `commit`, it leaves nothing behind.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        let begin = || self.writer.begin_with("BEGIN IMMEDIATE");
        match begin().await {
            // On a full disk SQLite ends a transaction by itself. The driver is not told, takes it for open still, and would refuse every later one on that
            // connection.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await.map_err(store_error)?.close().await.map_err(store_error)?;
                begin().await.map_err(store_error)
            }
            begun => begun.map_err(store_error),
        }
    }

    /// Begins a transaction of one contact's.
    async fn write_for(&self, _contact: ContactId) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.write().await
    }

    /// Begins to read for a turn, which is always this process's.
    async fn take_turn(&self, _id: ConversationId) -> Result<Option<Transaction<'static, Sqlite>>, StoreError> {
        self.snapshot().await.map(Some)
    }

    /// Begins a transaction that reads one state of the database, whatever is written meanwhile.
    async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(store_error)
    }

    /// For a read of one statement.
    fn readers(&self) -> &SqlitePool {
        &self.readers
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn process(&self) -> Uuid {
        Uuid::nil()
    }

    fn sweep_every(&self) -> Duration {
        SWEEP
    }

    async fn follow(&self, _live: LiveBus, _stop: CancellationToken) {}

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// Keeps the order of the log: the one transaction that writes keeps it.
async fn lock_log(_tx: &mut Connection) -> Result<(), StoreError> {
    Ok(())
}

/// Keeps two imports apart: there is one at a time.
async fn lock_import(_tx: &mut Connection) -> Result<(), StoreError> {
    Ok(())
}

/// Tells other processes: there are none.
async fn announce(_tx: &mut Connection, _conversation: &Conversation, _newest: &Event) -> Result<(), StoreError> {
    Ok(())
}

/// Gives a turn back: nobody else waits for it.
async fn end_turn(_tx: &mut Connection, _id: ConversationId) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
#[path = "migrations_tests.rs"]
mod migrations;

/// A file as a program of before left it.
#[cfg(test)]
mod old {
    use super::*;

    pub(super) struct Old {
        pub(super) pool: SqlitePool,
        folder: tempfile::TempDir,
    }

    impl Old {
        pub(super) async fn of(version: i64) -> Option<Self> {
            let folder = tempfile::tempdir().unwrap();
            let options = SqliteConnectOptions::new().filename(folder.path().join("desk.db")).create_if_missing(true);
            let pool = SqlitePool::connect_with(options).await.unwrap();
            migrations::up_to(version).run(&pool).await.unwrap();
            Some(Self { pool, folder })
        }

        pub(super) async fn open(&self) -> SqliteStore {
            SqliteStore::open(&self.folder.path().join("desk.db")).await.unwrap()
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Executor, SqlSafeStr};

    use super::*;
    use crate::conversation::Conversations;
    use crate::store::suite::World;

    #[tokio::test]
    async fn every_statement_prepares() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("desk.db")).await.unwrap();
        let mut connection = store.writer.acquire().await.unwrap();
        let files = [
            agents::STATEMENTS,
            catalogue::STATEMENTS,
            conversations::STATEMENTS,
            desk::STATEMENTS,
            events::STATEMENTS,
            ledger::STATEMENTS,
            orders::STATEMENTS,
            presence::STATEMENTS,
            tickets::STATEMENTS,
            turns::STATEMENTS,
            versions::STATEMENTS,
            webhooks::STATEMENTS,
        ];
        for (name, sql) in files.concat() {
            if let Err(error) = (&mut *connection).prepare(sql.into_sql_str()).await {
                panic!("{name}: {error}\n{sql}");
            }
        }
    }

    #[tokio::test]
    async fn closing_folds_the_write_ahead_log_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).await.unwrap();
        store.close().await;
        assert!(!folder.path().join("desk.db-wal").exists());
        SqliteStore::open(&path).await.unwrap().ping().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_processes_write_by_turns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let server = World::new(SqliteStore::open(&path).await.unwrap());
        let shopper = server.shopper().await;
        let writer = async || {
            let process = World::new(SqliteStore::open(&path).await.unwrap());
            for _ in 0..25 {
                process.say(shopper, "Hello").await;
            }
        };
        tokio::join!(writer(), writer(), writer());
        let conversation = server.store.conversation_of_contact(shopper).await.unwrap().unwrap();
        assert_eq!(server.log(conversation.id).await.len(), 75);
    }

    #[tokio::test]
    async fn a_full_disk_refuses_keeps_nothing_half_and_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let w = World::new(SqliteStore::open(&folder.path().join("desk.db")).await.unwrap());
        let shopper = w.shopper().await;
        let id = w.say(shopper, "Hello").await.conversation.id;
        // The one writer has no more pages than now: SQLite says of that what it says of a full disk. Its successor has room again.
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&w.store.writer).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).execute(&w.store.writer).await.unwrap();
        let text = "word ".repeat(1_500);
        let (mut kept, mut message) = (1, w.message(shopper, &text));
        let error = loop {
            match w.store.append_shopper(message.clone()).await {
                Ok(_) => (kept, message) = (kept + 1, w.message(shopper, &text)),
                Err(error) => break error,
            }
        };
        assert!(matches!(&error, StoreError::ReadOnly(problem) if problem.contains("full")), "{error}");
        assert_eq!((w.log(id).await.len(), w.store.messages(id, 100).await.unwrap().len()), (kept, kept));

        assert!(!w.store.append_shopper(message.clone()).await.unwrap().duplicate, "nothing of it had been kept");
        assert!(w.store.append_shopper(message).await.unwrap().duplicate);
        assert_eq!(w.log(id).await.len(), kept + 1);
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("desk.db")).await.unwrap();
        let error = sqlx::query("DELETE FROM contacts").execute(store.readers()).await.unwrap_err();
        assert!(matches!(store_error(error), StoreError::ReadOnly(_)));
    }

    #[tokio::test]
    async fn what_does_not_open_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let check = async |name: &str, expect: &str| {
            let error = SqliteStore::open(&folder.path().join(name)).await.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(expect), "{name}: {error}");
        };
        std::fs::write(folder.path().join("letter.db"), "Dear sir or madam, ".repeat(100)).unwrap();
        check("letter.db", "is not a database or is damaged").await;
        check("nowhere/desk.db", "does not exist: create it").await;
        std::fs::create_dir(folder.path().join("folder.db")).unwrap();
        check("folder.db", "cannot be written").await;

        // A page in the middle is overwritten: the header is fine, the content is not.
        let torn = folder.path().join("torn.db");
        SqliteStore::open(&torn).await.unwrap().close().await;
        let mut bytes = std::fs::read(&torn).unwrap();
        let page = 4096;
        bytes[page..3 * page].fill(0xa5);
        std::fs::write(&torn, bytes).unwrap();
        check("torn.db", "is not a database or is damaged").await;

        let newer = SqliteStore::open(&folder.path().join("newer.db")).await.unwrap();
        let sql =
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'x', TRUE, x'00', 0)";
        sqlx::query(sql).execute(&newer.writer).await.unwrap();
        newer.close().await;
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
        check("newer.db", &format!("was written by a newer nightdesk (schema 9000, this program knows {newest})")).await;
    }

    #[tokio::test]
    async fn a_file_that_somebody_else_holds_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).await.unwrap();
        store.readers.close().await;
        sqlx::query("PRAGMA locking_mode = EXCLUSIVE").execute(&store.writer).await.unwrap();
        sqlx::query("DELETE FROM contacts").execute(&store.writer).await.unwrap();
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(error, OpenError::Locked(_)), "{error}");
    }
}

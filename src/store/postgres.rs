//! One PostgreSQL database: how it is opened, what is locked, and who runs a turn. Several processes may serve one desk from it.
//!
//! Locks are taken in one order, so that nobody waits in a circle: the contact, then the conversation, then the log.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::{OpenError, store_error};
use super::{Store, codes, error, rows};
use crate::conversation::{ContactId, Conversation, ConversationId, Event, LiveBus};
use crate::support::StoreError;

/// How a row is read that this transaction will change. Not the stronger `FOR UPDATE`: that would also stop who only refers to the row.
macro_rules! for_update {
    () => {
        " FOR NO KEY UPDATE OF c"
    };
}

/// Whether a process that took a turn shows that it lives: it holds a lock in its listening session, which the server ends with the connection.
macro_rules! shows_life {
    ($process:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM pg_locks k JOIN pg_database d ON d.oid = k.database \
             WHERE k.locktype = 'advisory' AND k.classid = 1313096787 AND k.objsubid = 2 AND d.datname = current_database() \
             AND k.objid::bigint = (hashtext(",
            $process,
            ")::bigint & 4294967295))"
        )
    };
}

/// Which turns nobody runs. One that this process took and did not end is left out as well: it is tried again when its lease is over.
macro_rules! taken_by_nobody {
    () => {
        concat!(
            " AND NOT EXISTS (SELECT 1 FROM turn_leases l WHERE l.conversation_id = c.id AND l.until > clock_timestamp() AND (NOT l.shown OR ",
            shows_life!("l.process::text"),
            "))"
        )
    };
}

/// Whether a process that starts is the only one: others may serve the same desk, and what they claimed is theirs until it is over.
macro_rules! is_alone {
    () => {
        "FALSE"
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
mod follow;
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
type Backend = PostgresStore;
/// What their statements run on.
type Connection = PgConnection;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/postgres");

/// The oldest server that is supported, as its `server_version_num` says it.
const OLDEST: i32 = 150_000;
/// How long the first connection may take.
const FIRST: Duration = Duration::from_secs(10);
/// How long a call waits for its turn on the pool, or for a server that is away, before the request is refused with a time to come back.
const TURN: Duration = Duration::from_secs(5);
/// Connections of one process; one more listens. Four processes fit into the hundred that a server allows by default, with much to spare.
const CONNECTIONS: u32 = 10;
/// How often due turns are looked for: another process may have died with some.
const SWEEP: Duration = Duration::from_secs(2);

/// What a session is held to by the server. A process that vanishes in the middle of a transaction (its machine lost the network) holds the
/// lock of the log; the server lets go of it after these times, and the desk goes on.
const SESSION: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("lock_timeout", "10s"),
    ("statement_timeout", "30s"),
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

statements! {
    LOCK_CONTACT = "SELECT c.id FROM contacts c WHERE c.id = $1 FOR NO KEY UPDATE";
    /// The first number is this program's and the kind of lock, the second one the schema: two desks in one database do not wait for each other.
    LOCK_LOG = "SELECT pg_advisory_xact_lock(1313096785, n.oid::int4) FROM pg_namespace n WHERE n.nspname = current_schema()";
    LOCK_IMPORT = "SELECT pg_advisory_xact_lock(1313096786, n.oid::int4) FROM pg_namespace n WHERE n.nspname = current_schema()";
    /// The channel belongs to the schema as well. A process knows its own notices by the first word.
    ANNOUNCE = "SELECT pg_notify('nightdesk_' || n.oid, current_setting('nightdesk.process') || ' ' || $1) \
        FROM pg_namespace n WHERE n.nspname = current_schema()";
    /// Nothing is taken from a process that lives.
    TAKE_TURN = concat!(
        "INSERT INTO turn_leases (conversation_id, process, taken_at, until, shown) \
         SELECT c.id, current_setting('nightdesk.process')::uuid, clock_timestamp(), clock_timestamp() + interval '6 seconds', ",
        shows_life!("current_setting('nightdesk.process')"),
        " FROM conversations c WHERE c.id = $1 \
         ON CONFLICT (conversation_id) DO UPDATE \
         SET process = excluded.process, taken_at = excluded.taken_at, until = excluded.until, shown = excluded.shown \
         WHERE turn_leases.process = excluded.process OR turn_leases.until < clock_timestamp() OR (turn_leases.shown AND NOT ",
        shows_life!("turn_leases.process::text"),
        ")"
    );
    /// Shared: a session that was lost may not have ended yet when the next one begins.
    SHOW_LIFE = "SELECT pg_advisory_lock_shared(1313096787, hashtext(current_setting('nightdesk.process')))";
    END_TURN = "DELETE FROM turn_leases WHERE conversation_id = $1 AND process = current_setting('nightdesk.process')::uuid";
    /// Not for ever: a turn that this process cannot do is free for another one after two minutes.
    KEEP_TURNS = "UPDATE turn_leases SET until = clock_timestamp() + interval '6 seconds' \
        WHERE process = current_setting('nightdesk.process')::uuid AND taken_at > clock_timestamp() - interval '2 minutes'";
    END_TURNS = "DELETE FROM turn_leases WHERE process = current_setting('nightdesk.process')::uuid \
        OR until < clock_timestamp() - interval '1 hour'";
}

/// The store of one shop. Clones share the pool.
///
/// Every transaction that writes reads its rows as they are now (`READ COMMITTED`) and locks what it is going to change, the conversation
/// first. A commit is on the server's disk when it returns, as far as the server is set up so.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
    process: Uuid,
}

impl fmt::Debug for PostgresStore {
    /// The driver's own options would print the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", name_of(&self.options))
    }
}

impl PostgresStore {
    /// Goes to the server, makes the tables where there are none, and brings the schema up to date.
    pub async fn open(url: &SecretString) -> Result<Self, OpenError> {
        let options = options_of(url)?;
        let place = name_of(&options);
        let of_driver = |error: sqlx::Error| OpenError::of_server(&place, &error);

        // Not through the pool, which would wait for a server that refuses the connection.
        let silent = || OpenError::NoServer { place: place.clone(), problem: format!("nothing for {} s", FIRST.as_secs()) };
        let connecting = tokio::time::timeout(FIRST, PgConnection::connect_with(&options));
        let mut first = connecting.await.map_err(|_| silent())?.map_err(of_driver)?;
        is_fit(&mut first, &place).await?;
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        MIGRATIONS.run(&mut first).await.map_err(|error| OpenError::of_server_migration(&place, known, &error))?;
        let process: Uuid = sqlx::query_scalar("SELECT gen_random_uuid()").fetch_one(&mut first).await.map_err(of_driver)?;
        first.close().await.map_err(of_driver)?;

        // Each session carries the number of its process, so that a statement needs not be told.
        let options = options.options([("nightdesk.process", process)]).options(SESSION).statement_cache_capacity(200);
        let options = options.application_name(&format!("nightdesk {process}"));
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(TURN).connect_with(options.clone());
        Ok(Self { pool: pool.await.map_err(of_driver)?, options, process })
    }

    /// Whether the database answers: for the readiness probe.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(drop).map_err(store_error)
    }

    /// Closes the connections after what is under way; the turns that were not ended are free for other processes.
    pub async fn close(&self) {
        if let Err(error) = sqlx::query(END_TURNS).execute(&self.pool).await {
            tracing::debug!(%error, "the turns of this process were not given back and will be free in some seconds");
        }
        self.pool.close().await;
    }

    /// Begins a transaction that may write. Dropped without `commit`, it leaves nothing behind.
    async fn write(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await.map_err(store_error)
    }

    /// Begins a transaction of one contact's. Another one of theirs waits until it ends: of two first messages at once only one begins a
    /// conversation, and a retry beside its original finds it.
    async fn write_for(&self, contact: ContactId) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(LOCK_CONTACT).bind(contact.0).execute(&mut *tx).await.map_err(store_error)?;
        Ok(tx)
    }

    /// Begins to read for a turn that this process runs; `None` when another one does. Dropped without `commit`, the turn is not taken.
    async fn take_turn(&self, id: ConversationId) -> Result<Option<Transaction<'static, Postgres>>, StoreError> {
        let mut tx = self.write().await?;
        let taken = sqlx::query(TAKE_TURN).bind(id.0).execute(&mut *tx).await.map_err(store_error)?.rows_affected() > 0;
        Ok(taken.then_some(tx))
    }

    /// Begins a transaction that reads one state of the database, whatever is written meanwhile.
    async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(store_error)
    }

    /// For a read of one statement.
    fn readers(&self) -> &PgPool {
        &self.pool
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn process(&self) -> Uuid {
        self.process
    }

    fn sweep_every(&self) -> Duration {
        SWEEP
    }

    async fn follow(&self, live: LiveBus, stop: CancellationToken) {
        follow::follow(self, &live, &stop).await;
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

/// Keeps the order of the log until this transaction ends.
///
/// An identity value is given out when a row is written, and rows become visible when their transaction commits: without this lock a reader
/// that has seen event 8 could miss event 7, which commits later. The lock is taken in a statement of its own, before the number: what a
/// statement sees is settled when it begins. It is given back after the commit is visible.
async fn lock_log(tx: &mut Connection) -> Result<(), StoreError> {
    sqlx::query(LOCK_LOG).execute(tx).await.map(drop).map_err(store_error)
}

/// Keeps two imports apart: with the same rows in another order they would wait for each other.
async fn lock_import(tx: &mut Connection) -> Result<(), StoreError> {
    sqlx::query(LOCK_IMPORT).execute(tx).await.map(drop).map_err(store_error)
}

/// Tells other processes with the commit of this transaction. The log is what counts; the notice says where to read.
async fn announce(tx: &mut Connection, conversation: &Conversation, newest: &Event) -> Result<(), StoreError> {
    let notice = follow::Notice { conversation: conversation.id, contact: conversation.contact_id, seq: newest.seq, event: newest.id };
    sqlx::query(ANNOUNCE).bind(notice.to_string()).execute(tx).await.map(drop).map_err(store_error)
}

/// Gives a turn back with the commit of this transaction.
async fn end_turn(tx: &mut Connection, id: ConversationId) -> Result<(), StoreError> {
    sqlx::query(END_TURN).bind(id.0).execute(tx).await.map(drop).map_err(store_error)
}

/// What to call the database of an address.
pub(super) fn server_of(url: &SecretString) -> Result<String, OpenError> {
    options_of(url).map(|options| name_of(&options))
}

fn options_of(url: &SecretString) -> Result<PgConnectOptions, OpenError> {
    url.expose_secret().parse().map_err(|error| match error {
        sqlx::Error::Configuration(problem) => OpenError::NoUrl(problem.to_string()),
        _ => OpenError::NoUrl("it is no address".to_owned()),
    })
}

/// Name and machine, and nothing that is secret.
fn name_of(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(folder) => format!("{name} in {}", folder.display()),
        None => format!("{name} at {}:{}", options.get_host(), options.get_port()),
    }
}

/// Whether the server is one that this program was written for.
async fn is_fit(first: &mut PgConnection, place: &str) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
        current_setting('server_encoding'), current_schema()::text";
    let answer: (i32, String, String, Option<String>) =
        sqlx::query_as(sql).fetch_one(first).await.map_err(|error| OpenError::of_server(place, &error))?;
    let wanted = match answer {
        (number, version, _, _) if number < OLDEST => {
            format!("is kept by PostgreSQL {version}, and nightdesk needs 15 or later: upgrade the server")
        }
        (_, _, encoding, _) if encoding != "UTF8" => {
            format!("keeps text as {encoding}: make one with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`")
        }
        (_, _, _, None) => "has no schema for this user's tables: make the one that its search_path names".to_owned(),
        _ => return Ok(()),
    };
    Err(OpenError::Unfit { place: place.to_owned(), wanted })
}

#[cfg(test)]
#[path = "migrations_tests.rs"]
mod migrations;

/// A schema as a program of before left it.
#[cfg(test)]
mod old {
    use super::*;
    use crate::store::suite::server::Schema;

    pub(super) struct Old {
        pub(super) pool: PgPool,
        schema: Schema,
    }

    impl Old {
        pub(super) async fn of(version: i64) -> Option<Self> {
            let schema = Schema::new().await?;
            let pool = PgPool::connect_with(options_of(&schema.url()).unwrap()).await.unwrap();
            migrations::up_to(version).run(&pool).await.unwrap();
            Some(Self { pool, schema })
        }

        pub(super) async fn open(&self) -> PostgresStore {
            PostgresStore::open(&self.schema.url()).await.unwrap()
        }
    }
}

#[cfg(test)]
mod processes_tests;
#[cfg(test)]
mod server_tests;

//! The server as it is found: fit or not, there or away.

use secrecy::SecretString;
use sqlx::{Executor, SqlSafeStr};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::conversation::Conversations;
use crate::store::suite::World;
use crate::store::suite::server::{Schema, server};

#[tokio::test]
async fn every_statement_prepares() {
    let Some(schema) = Schema::new().await else { return };
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let mut connection = store.pool.acquire().await.unwrap();
    let files = [
        STATEMENTS,
        agents::STATEMENTS,
        catalogue::STATEMENTS,
        conversations::STATEMENTS,
        desk::STATEMENTS,
        events::STATEMENTS,
        follow::STATEMENTS,
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

#[test]
fn migrations_have_the_same_numbers_and_names_as_those_of_sqlite() {
    let names = |database: &str| {
        let folder = format!("{}/src/store/migrations/{database}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        files.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(names("sqlite").contains("0001_first.sql"));
    assert_eq!(names("postgres"), names("sqlite"));
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_one_left() {
    let Some(schema) = Schema::new().await else { return };
    let first = World::new(PostgresStore::open(&schema.url()).await.unwrap());
    let id = first.say(first.shopper().await, "Hello").await.conversation.id;
    first.store.close().await;
    let (one, other) = (schema.url(), schema.url());
    let (one, other) = tokio::join!(PostgresStore::open(&one), PostgresStore::open(&other));
    assert_eq!(World::new(one.unwrap()).story(id).await, ["shopper: Hello"]);
    other.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn what_does_not_open_says_what_to_do_and_keeps_the_password() {
    let check = async |url: &str, parts: &[&str]| {
        let fault = PostgresStore::open(&SecretString::from(url)).await.unwrap_err();
        let (sentence, debug) = (fault.to_string(), format!("{fault:?}"));
        assert!(parts.iter().all(|part| sentence.contains(part)), "of {url}: {sentence}");
        assert!(!sentence.contains("hush") && !debug.contains("hush"), "{sentence} {debug}");
    };
    check("nonsense hush", &["database.url cannot be used", "postgres://"]).await;
    check("postgres://me:hush@127.0.0.1:99999/desk", &["database.url cannot be used", "port"]).await;
    check("postgres://me:hush@127.0.0.1/desk?sslmode=loud", &["database.url cannot be used", "loud"]).await;
    // Bound and not listened on.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(&format!("postgres://me:hush@{closed}/desk"), &[&format!("desk at {closed}"), "does not answer", "database.url"]).await;

    let Some(schema) = Schema::new().await else { return };
    let address: PgConnectOptions = server().unwrap().parse().unwrap();
    let place = format!("{}:{}", address.get_host(), address.get_port());
    check(&format!("postgres://nobody_here:hush@{place}/postgres"), &["refuses", "database.url"]).await;

    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
    let newer = PostgresStore::open(&schema.url()).await.unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9000, 'x', TRUE, '', 0)";
    sqlx::query(sql).execute(&newer.pool).await.unwrap();
    let sentence = PostgresStore::open(&schema.url()).await.unwrap_err().to_string();
    assert!(sentence.contains(&format!("was written by a newer nightdesk (schema 9000, this program knows {known})")), "{sentence}");
}

#[tokio::test]
async fn a_store_does_not_print_its_password() {
    let Some(schema) = Schema::new().await else { return };
    let store = PostgresStore::open(&schema.url()).await.unwrap();
    let shown = format!("{store:?}");
    assert!(shown.starts_with("PostgresStore(") && !shown.contains("assword"), "{shown}");
}

/// The way to the server, which can be cut.
struct Way {
    address: std::net::SocketAddr,
    server: String,
    carrier: JoinHandle<()>,
}

impl Way {
    async fn open(address: &str) -> Self {
        let target: PgConnectOptions = server().unwrap().parse().unwrap();
        let server = format!("{}:{}", target.get_host(), target.get_port());
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, to) = (listener.local_addr().unwrap(), server.clone());
        let carrier = tokio::spawn(async move {
            let mut carried = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let to = to.clone();
                carried.spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { address, server, carrier }
    }

    /// The tests' server by this way.
    fn url(&self) -> String {
        server().unwrap().replace(&self.server, &self.address.to_string())
    }

    /// Cuts it: what is open ends, and nothing new begins.
    async fn cut(self) -> std::net::SocketAddr {
        self.carrier.abort();
        let _ = self.carrier.await;
        self.address
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_unavailable_until_it_is_back() {
    let Some(schema) = Schema::new().await else { return };
    let way = Way::open("127.0.0.1:0").await;
    let w = World::new(PostgresStore::open(&schema.at(&way.url())).await.unwrap());
    let shopper = w.shopper().await;
    let id = w.say(shopper, "Hello").await.conversation.id;

    let address = way.cut().await;
    let began = std::time::Instant::now();
    let message = w.message(shopper, "Still there?");
    let error = w.store.append_shopper(message.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(began.elapsed() < TURN * 2, "a request is refused after {:?}", began.elapsed());

    let _way = Way::open(&address.to_string()).await;
    assert!(!w.store.append_shopper(message).await.unwrap().duplicate);
    assert_eq!(w.story(id).await, ["shopper: Hello", "shopper: Still there?"]);
}

#[tokio::test]
async fn sessions_that_the_server_ended_are_replaced() {
    let Some(schema) = Schema::new().await else { return };
    let w = World::new(PostgresStore::open(&schema.url()).await.unwrap());
    let shopper = w.shopper().await;
    end_sessions_of(&w.store).await;
    w.say(shopper, "Hello").await;
}

/// Ends all sessions of a store's process on the server, as a restart of the server does.
pub(super) async fn end_sessions_of(store: &PostgresStore) {
    let mut other = PgConnection::connect_with(&store.options.clone().application_name("the one who ends")).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    let ended: Vec<bool> = sqlx::query_scalar(sql).bind(format!("nightdesk {}", store.process)).fetch_all(&mut other).await.unwrap();
    assert!(!ended.is_empty(), "there were sessions");
}

//! A PostgreSQL database that several processes share, and the way to it, which can be cut.

use std::net::SocketAddr;

use nightdesk::support::{Ids, SystemClock};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Where the server is unless `NIGHTDESK_TEST_POSTGRES` says so.
const DEFAULT: &str = "postgres://postgres:postgres@127.0.0.1:5432/postgres";

/// A schema of a test's own; gone when it is dropped.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one; `None` where the tests are told to skip PostgreSQL.
    pub async fn new() -> Option<Self> {
        let named = std::env::var_os("NIGHTDESK_TEST_POSTGRES").map(|url| url.to_string_lossy().into_owned());
        let server = Some(named.unwrap_or_else(|| DEFAULT.to_owned())).filter(|url| url != "skip")?;
        let name = format!("nightdesk_test_{}", Ids::new(std::sync::Arc::new(SystemClock)).uuid().simple());
        if let Err(fault) = run(&server, format!("CREATE SCHEMA {name}")).await {
            panic!(
                "no PostgreSQL for the tests ({fault}): start one at {DEFAULT}, name another one in NIGHTDESK_TEST_POSTGRES, or set \
                 NIGHTDESK_TEST_POSTGRES=skip to leave these tests out"
            );
        }
        Some(Self { server, name })
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.at(&self.server)
    }

    /// Its address by another way.
    pub fn by(&self, way: &Way) -> String {
        self.at(&self.server.replace(&place(&self.server), &way.address.to_string()))
    }

    /// A way to it, at an address of this machine; port 0 takes a free one.
    pub async fn way(&self, address: &str) -> Way {
        Way::open(place(&self.server), address).await
    }

    fn at(&self, server: &str) -> String {
        let mark = if server.contains('?') { '&' } else { '?' };
        format!("{server}{mark}options[search_path]={}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        // The test's own runtime cannot be waited for from within it.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&server, sql))
        });
        if let Ok(Err(fault)) = dropped.join() {
            eprintln!("the schema {} is left behind: {fault}", self.name);
        }
    }
}

/// Host and port of an address.
fn place(url: &str) -> String {
    let options: PgConnectOptions = url.parse().unwrap();
    format!("{}:{}", options.get_host(), options.get_port())
}

async fn run(server: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

/// Carries bytes to the server until it is cut.
pub struct Way {
    address: SocketAddr,
    carrier: JoinHandle<()>,
}

impl Way {
    async fn open(server: String, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let carrier = tokio::spawn(async move {
            let mut carried = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let server = server.clone();
                carried.spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { address, carrier }
    }

    /// Cuts it: what is open ends, and nothing new begins. Its address, to open it again.
    pub async fn cut(self) -> String {
        self.carrier.abort();
        let _ = self.carrier.await;
        self.address.to_string()
    }
}

//! A schema of a test's own on a PostgreSQL server.

use std::sync::Arc;

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{Clock, Ids, SystemClock};

/// Where the server is unless `NIGHTDESK_TEST_POSTGRES` says so.
const DEFAULT: &str = "postgres://postgres:postgres@127.0.0.1:5432/postgres";

/// The address of the server that the tests use; `None` where they are told to skip it.
pub(in crate::store) fn server() -> Option<String> {
    let named = std::env::var_os("NIGHTDESK_TEST_POSTGRES").map(|url| url.to_string_lossy().into_owned());
    Some(named.unwrap_or_else(|| DEFAULT.to_owned())).filter(|url| url != "skip")
}

/// A schema that is gone when it is dropped.
pub(in crate::store) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(in crate::store) async fn new() -> Option<Self> {
        let server = server()?;
        let ids = Ids::new(Arc::new(SystemClock) as Arc<dyn Clock>);
        let name = format!("nightdesk_test_{}", ids.uuid().simple());
        if let Err(fault) = run(&server, format!("CREATE SCHEMA {name}")).await {
            panic!(
                "no PostgreSQL for the tests ({fault}): start one at {DEFAULT}, name another one in NIGHTDESK_TEST_POSTGRES, or set \
                 NIGHTDESK_TEST_POSTGRES=skip to leave these tests out"
            );
        }
        Some(Self { server, name })
    }

    /// The address of the schema.
    pub(in crate::store) fn url(&self) -> SecretString {
        self.at(&self.server)
    }

    /// The schema at another address of the same server.
    pub(in crate::store) fn at(&self, server: &str) -> SecretString {
        let mark = if server.contains('?') { '&' } else { '?' };
        format!("{server}{mark}options[search_path]={}", self.name).into()
    }
}

impl Drop for Schema {
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

async fn run(server: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await
}

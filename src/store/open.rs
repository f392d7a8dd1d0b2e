//! Opening the database that the settings name.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::OpenError;
use super::{PostgresStore, SqliteStore};
use crate::commerce::{Catalogue, Orders};
use crate::conversation::{Conversations, EntryVersions, LiveBus, Outbox};
use crate::desk::{Desk, Presence};
use crate::identity::Agents;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file of SQLite's.
    File(PathBuf),
    /// The address of a PostgreSQL database, with the password in it.
    Server(SecretString),
}

/// One open database: all ports, and what its owner asks of it.
#[async_trait]
pub trait Store: Conversations + EntryVersions + Outbox + Desk + Presence + Orders + Catalogue + Agents {
    /// By what this process is known to others on the same database. Where no other can be, always the same: what one that was killed held is held on.
    fn process(&self) -> Uuid;

    /// How often the turns that are due are to be looked for.
    fn sweep_every(&self) -> Duration;

    /// Tells `live` of what other processes commit to this database and keeps the turns that this process runs, until `stop`. Returns at once
    /// where no other process can.
    async fn follow(&self, live: LiveBus, stop: CancellationToken);

    /// Closes it after what is under way.
    async fn close(&self);
}

/// Opens it, makes its tables where there are none, and brings its schema up to date.
pub async fn open(place: &Place) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match place {
        Place::File(path) => Arc::new(SqliteStore::open(path).await?),
        Place::Server(url) => Arc::new(PostgresStore::open(url).await?),
    })
}

/// Checks an address without going there; what to call that database in a sentence.
pub fn check(url: &SecretString) -> Result<String, OpenError> {
    super::postgres::server_of(url)
}

//! The program on one folder and one database, which dies and is started again.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use nightdesk::app::open_store;
use nightdesk::desk::Queue;
use tokio::sync::watch;

use super::line::Line;
use crate::support::{Database, Program, Serving, Shop};

/// Where its data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In a file.
    Sqlite,
    /// On a server.
    Postgres,
}

impl Kind {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// One desk.
pub struct Desk {
    shop: Shop,
    /// Kept until the test ends: its schema is gone with it.
    _database: Option<Database>,
    serving: Option<Serving>,
    place: watch::Sender<String>,
    starts: usize,
    ready: Vec<Duration>,
}

/// What every agent logs in with.
pub const PASSWORD: &str = "correct horse battery";

impl Desk {
    /// A desk that has not been started; `None` where PostgreSQL is left out.
    pub async fn open(kind: Kind) -> Option<Self> {
        let shop = Shop::new();
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let database = Database::new().await?;
                shop.keep_in(&database.url());
                Some(database)
            }
        };
        Some(Self { shop, _database: database, serving: None, place: watch::Sender::default(), starts: 0, ready: Vec::new() })
    }

    /// Starts the program and waits until it is ready.
    pub async fn start(&mut self) {
        let (program, began) = (self.serve(), Instant::now());
        let serving = tokio::task::spawn_blocking(move || program.serve()).await.unwrap();
        self.ready.push(began.elapsed());
        self.place.send_replace(serving.url.clone());
        self.serving = Some(serving);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.serving.take().expect("it runs").kill();
    }

    /// Starts the program and kills it after a while, ready or not.
    pub async fn die_while_starting(&mut self, after: Duration) {
        let program = self.serve();
        tokio::task::spawn_blocking(move || program.start_and_kill(after)).await.unwrap();
    }

    /// A line to whatever address the program has.
    pub fn line(&self) -> Line {
        Line::new(self.place.subscribe())
    }

    /// Adds an agent beside the running program.
    pub async fn hire(&self, email: &str, name: &str) {
        let program = self.program(&["agents", "add", email, "--name", name, "--password-stdin"]);
        let added = tokio::task::spawn_blocking(move || program.run_with(format!("{PASSWORD}\n").as_bytes()));
        added.await.unwrap().well();
    }

    /// How many tickets each conversation has.
    pub async fn tickets(&self) -> HashMap<String, usize> {
        let store = open_store(&self.shop.settings()).await.unwrap();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for queue in [Queue::Open, Queue::Closed] {
            for row in store.tickets(queue, nightdesk::support::Timestamp::UNIX_EPOCH, 1_000_000).await.unwrap() {
                *counts.entry(row.conversation.id.to_string()).or_default() += 1;
            }
        }
        store.close().await;
        counts
    }

    /// How long each start took until the program was ready.
    pub fn ready(&self) -> Vec<Duration> {
        self.ready.clone()
    }

    /// Lines of the log that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        let logs = (0..self.starts).map(|start| fs::read_to_string(self.shop.path().join(format!("log-{start}"))).unwrap());
        logs.flat_map(|log| log.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    fn serve(&mut self) -> Program {
        let log = self.shop.path().join(format!("log-{}", self.starts));
        self.starts += 1;
        self.program(&["serve"]).log_into(&log)
    }

    fn program(&self, arguments: &[&str]) -> Program {
        Program::of(&self.shop, arguments).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0")
    }
}

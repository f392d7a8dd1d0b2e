//! Somebody who listens through every cut: the stream is opened anew after the last number that was heard, as a browser does it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::line::Line;
use super::story::number;
use crate::support::{Stream, Told};

/// The pause before a new try.
const PAUSE: Duration = Duration::from_millis(250);

/// What one of them has heard. It stops listening when it is dropped.
pub struct Ear {
    line: Line,
    path: &'static str,
    notes: Arc<Mutex<Notes>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    /// The stored events in the order in which they came.
    heard: Vec<Told>,
    /// Where a stream without a past began.
    first: Option<String>,
}

impl Ear {
    /// Begins to listen.
    pub fn of(line: Line, path: &'static str) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let task = tokio::spawn(listen(line.clone(), path, Arc::clone(&notes)));
        Self { line, path, notes, task }
    }

    /// All that was heard and is stored.
    pub fn heard(&self) -> Vec<Told> {
        self.notes.lock().unwrap().heard.clone()
    }

    /// Waits until an event was heard; whether it was, in time.
    pub async fn has_heard(&self, until: i64, patience: Duration) -> bool {
        let began = Instant::now();
        loop {
            if self.notes.lock().unwrap().heard.last().map_or(0, number) >= until {
                return true;
            }
            if began.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What somebody hears who listens only now, from where this one began up to the last event of `heard`.
    pub async fn whole(&self, heard: &[Told]) -> Vec<Told> {
        let first = self.notes.lock().unwrap().first.clone().unwrap_or_else(|| "0".to_owned());
        whole(&self.line, self.path, &first, heard.last().map_or(0, number)).await
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The stored events after `first` up to number `until`, on a stream of its own.
pub async fn whole(line: &Line, path: &str, first: &str, until: i64) -> Vec<Told> {
    let mut stream = Stream::of(line.stream(path, Some(first)).await.expect("the server is there"));
    let mut log: Vec<Told> = Vec::new();
    while log.last().map_or(0, number) < until {
        let told = tokio::time::timeout(Duration::from_secs(30), stream.next()).await.expect("the log is told").expect("to its end");
        log.extend(Some(told).filter(is_stored));
    }
    log
}

async fn listen(line: Line, path: &'static str, notes: Arc<Mutex<Notes>>) {
    let mut last: Option<String> = None;
    loop {
        if let Some(response) = line.stream(path, last.as_deref()).await {
            let mut stream = Stream::of(response);
            while let Some(told) = stream.next().await {
                let mut notes = notes.lock().unwrap();
                if told.name == "ready" {
                    notes.first = notes.first.take().or_else(|| told.id.clone());
                }
                last = told.id.clone().or(last);
                notes.heard.extend(Some(told).filter(is_stored));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_stored(told: &Told) -> bool {
    told.id.is_some() && told.name != "ready"
}

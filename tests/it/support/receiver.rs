//! A program of the shop's that is told things.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::PATIENCE;

/// How it takes what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// With this status.
    Answers(u16),
    /// It never answers.
    Hangs,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// As it came.
    pub headers: HeaderMap,
    /// As it came.
    pub body: Bytes,
    /// What the body says.
    pub json: Value,
    /// How it was taken.
    pub mood: Mood,
}

impl Delivered {
    /// A header.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The id of the delivery.
    #[track_caller]
    pub fn id(&self) -> &str {
        self.header("x-nightdesk-delivery")
    }

    /// What happened.
    #[track_caller]
    pub fn event(&self) -> &str {
        super::text(&self.json, "/event")
    }

    /// The words of its message; empty where there is none.
    pub fn says(&self) -> &str {
        self.json.pointer("/message/content").and_then(Value::as_str).unwrap_or_default()
    }
}

/// It ends with the test.
pub struct Receiver {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    told: UnboundedReceiver<Delivered>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Ears {
    mood: Arc<Mutex<Mood>>,
    sender: UnboundedSender<Delivered>,
}

impl Receiver {
    /// One that takes everything well.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, told) = unbounded_channel();
        let mood = Arc::new(Mutex::new(Mood::Well));
        let router = Router::new().fallback(hear).with_state(Ears { mood: Arc::clone(&mood), sender });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, mood, told, server }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// How it takes things from now on.
    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Everything up to and with the first that `wanted` takes.
    pub async fn until(&mut self, wanted: impl Fn(&Delivered) -> bool) -> Vec<Delivered> {
        let mut heard = Vec::new();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let told = self.told.recv().await.expect("it listens");
                let last = wanted(&told);
                heard.push(told);
                if last {
                    return;
                }
            }
        });
        if waited.await.is_err() {
            let heard: Vec<_> = heard.iter().map(|told| (told.id(), told.event(), told.says(), told.mood)).collect();
            panic!("what was waited for was not told; told was {heard:#?}");
        }
        heard
    }

    /// The first that `wanted` takes.
    pub async fn first(&mut self, wanted: impl Fn(&Delivered) -> bool) -> Delivered {
        self.until(wanted).await.pop().expect("until ends with one")
    }

    /// What it was told and nobody has looked at.
    pub fn rest(&mut self) -> Vec<Delivered> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hear(State(ears): State<Ears>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mood = *ears.mood.lock().unwrap();
    let json = serde_json::from_slice(&body).expect("a webhook is JSON");
    // Nobody listens any more when the test is over.
    let _ = ears.sender.send(Delivered { headers, body, json, mood });
    match mood {
        Mood::Well => StatusCode::NO_CONTENT,
        Mood::Answers(status) => StatusCode::from_u16(status).unwrap(),
        Mood::Hangs => std::future::pending().await,
    }
}

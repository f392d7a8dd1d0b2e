//! A weak line to the server: whoever speaks over it says the same again until somebody answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::watch;

use crate::support::http::builder;

/// How long nobody may answer before that is a fault: longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// The pause before the same is said again.
const PAUSE: Duration = Duration::from_millis(250);

/// One browser's way to the server, wherever that is now. Clones share cookies and count together.
#[derive(Clone)]
pub struct Line {
    client: Client,
    place: watch::Receiver<String>,
    token: Option<String>,
    retries: Arc<AtomicUsize>,
}

impl Line {
    /// A line of somebody new.
    pub fn new(place: watch::Receiver<String>) -> Self {
        let client = builder().cookie_store(true).timeout(Duration::from_secs(20)).build().unwrap();
        Self { client, place, token: None, retries: Arc::default() }
    }

    /// The same line in the name of a session.
    pub fn of_session(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Posts until it is done or refused for good; the status and the answer.
    pub async fn posts(&self, path: &str, body: &Value) -> (u16, Value) {
        self.until_answered(path, |line, url| line.client.post(url).json(body)).await
    }

    /// Gets until it is answered.
    pub async fn gets(&self, path: &str) -> Value {
        let (status, answer) = self.until_answered(path, |line, url| line.client.get(url)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Opens an event stream after a number; `None` where nobody answers now.
    pub async fn stream(&self, path: &str, after: Option<&str>) -> Option<Response> {
        // A stream lasts longer than a request may.
        let mut request = self.client.get(self.url(path)).timeout(Duration::from_secs(24 * 60 * 60));
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        self.named(request).send().await.ok().filter(|response| response.status() == 200)
    }

    /// How often something was said again.
    pub fn retries(&self) -> usize {
        self.retries.load(Ordering::Relaxed)
    }

    async fn until_answered(&self, path: &str, request: impl Fn(&Self, String) -> RequestBuilder) -> (u16, Value) {
        let began = Instant::now();
        loop {
            let sent = self.named(request(self, self.url(path))).send().await;
            let heard = match sent {
                Err(fault) => fault.to_string(),
                Ok(response) => {
                    let status = response.status().as_u16();
                    let text = response.text().await;
                    match (status, text) {
                        (200..=299 | 409, Ok(text)) => return (status, serde_json::from_str(&text).unwrap_or_default()),
                        // Busy, or the address is another program's by now.
                        (status, text) => format!("{status}: {text:?}"),
                    }
                }
            };
            assert!(began.elapsed() < PATIENCE, "{path} is not answered: {heard}");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.place.borrow().as_str())
    }

    fn named(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

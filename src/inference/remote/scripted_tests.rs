//! A server whose every byte is written here, and a local model that says one sentence.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

use super::{Remote, RemoteOptions};
use crate::inference::engine::queue::Permit;
use crate::inference::error::InferenceError;
use crate::inference::text::chat::{ChatMessage, Class, Generate, Generation, Overloaded, Scoring};

/// What the server does with a connection, one after the other; then it closes.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes in one packet.
    Send(String),
    /// Waits until the client has gone.
    Hang,
}

/// A head and the parts of a stream, each a packet of its own.
pub fn stream(parts: &[&str]) -> Vec<Step> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    std::iter::once(head).chain(parts.iter().copied()).map(|part| Step::Send(part.to_owned())).collect()
}

/// A status with a body.
pub fn status(status: &str, kind: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    vec![Step::Send(format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"))]
}

/// The event of a piece of text.
pub fn text(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// How a stream ends.
pub const END: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A server on a port of its own.
pub struct Scripted {
    pub url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    gone: AtomicUsize,
}

impl Scripted {
    /// Each connection gets the next script; the last one serves all that follow.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        tokio::spawn(async move {
            let mut scripts = scripts.into_iter();
            let mut script = scripts.next().unwrap_or_default();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(follow(socket, script.clone(), shared.clone()));
                script = scripts.next().unwrap_or(script);
            }
        });
        Self { url, seen }
    }

    /// A client of it.
    pub fn remote(&self) -> Remote {
        remote(&self.url)
    }

    /// What was asked so far, heads and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// Waits until a hanging connection was closed by the client.
    pub async fn client_leaves(&self) {
        let gone = async {
            while self.seen.gone.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the client closes the connection");
    }
}

/// A client of any address.
pub fn remote(url: &str) -> Remote {
    Remote::new(RemoteOptions { url: url.to_owned(), key: Some("hush".into()), model: "small".to_owned(), queue: 2 }).unwrap()
}

async fn follow(mut socket: TcpStream, script: Vec<Step>, seen: Arc<Seen>) {
    socket.set_nodelay(true).unwrap();
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut buffer = [0; 4096];
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    seen.requests.lock().unwrap().push(String::from_utf8(request).unwrap());
    for step in script {
        match step {
            Step::Send(bytes) => {
                let _ = socket.write_all(bytes.as_bytes()).await;
                // The next bytes shall be a packet of their own.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Step::Hang => {
                while socket.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
                seen.gone.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    let _ = socket.shutdown().await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    body.len() >= length.unwrap_or(0)
}

/// A request with that much time.
pub fn request(deadline: Duration) -> Generation {
    Generation { max_tokens: 20, deadline, ..Generation::new(vec![ChatMessage::user("Why?")]) }
}

/// Enough time for everything.
pub const LONG: Duration = Duration::from_secs(20);

/// Asks and listens to the end.
pub async fn ask(model: &dyn Generate, deadline: Duration) -> Result<String, InferenceError> {
    let mut pieces = model.generate(model.admit(Class::Shopper).unwrap(), request(deadline));
    let mut said = String::new();
    while let Some(piece) = pieces.recv().await {
        said.push_str(&piece?);
    }
    Ok(said)
}

/// The model of this process.
pub struct Local {
    pub says: &'static str,
    pub deadlines: Mutex<Vec<Duration>>,
}

impl Local {
    pub fn new(says: &'static str) -> Arc<Self> {
        Arc::new(Self { says, deadlines: Mutex::default() })
    }
}

impl Generate for Local {
    fn admit(&self, class: Class) -> Result<Permit, Overloaded> {
        Ok(Permit::unbounded(class))
    }

    fn generate(&self, _permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>> {
        self.deadlines.lock().unwrap().push(request.deadline);
        let (out, pieces) = channel(1);
        out.try_send(Ok(self.says.to_owned())).unwrap();
        pieces
    }

    fn score(&self, _permit: Permit, request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>> {
        let (out, scores) = oneshot::channel();
        out.send(Ok(vec![vec![-1.0]; request.continuations.len()])).unwrap();
        scores
    }

    fn tokens(&self, texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>> {
        let (out, tokens) = oneshot::channel();
        out.send(Ok(vec![vec![1]; texts.len()])).unwrap();
        tokens
    }

    fn name(&self) -> &str {
        "local"
    }
}

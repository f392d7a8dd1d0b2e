//! An event stream, read as a browser reads it.

use futures_util::StreamExt;
use reqwest::Response;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::AbortHandle;

use super::PATIENCE;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its number, where it is stored.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Told {
    /// Whether it is a message written by that kind of author.
    pub fn is_message_of(&self, author: &str) -> bool {
        self.name == "message.created" && self.data["author"]["type"] == author
    }
}

/// An open stream. A task reads it, so that nothing is lost while the test does something else. Dropped, it is closed, as by a page that is left.
pub struct Stream {
    events: UnboundedReceiver<Told>,
    reader: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Stream {
    /// Reads the answer to a GET of an event stream.
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200, "the stream opens");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let (sender, events) = unbounded_channel();
        let reader = tokio::spawn(async move {
            let mut body = response.bytes_stream();
            let mut text = Vec::new();
            while let Some(Ok(bytes)) = body.next().await {
                text.extend_from_slice(&bytes);
                while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                    let frame: Vec<u8> = text.drain(..end + 2).collect();
                    let Some(told) = parse(std::str::from_utf8(&frame).expect("events are UTF-8")) else { continue };
                    if sender.send(told).is_err() {
                        return;
                    }
                }
            }
        });
        Self { events, reader: reader.abort_handle() }
    }

    /// The next event; `None` once the stream is over.
    pub async fn next(&mut self) -> Option<Told> {
        self.events.recv().await
    }

    /// Waits until the server ends the stream; the names of what it said until then.
    pub async fn read_to_end(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(told) = tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("the stream ends in time") {
            names.push(told.name);
        }
        names
    }

    /// All events up to and with the first one that `wanted` takes.
    pub async fn until(&mut self, wanted: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut heard = Vec::new();
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let told = self.events.recv().await.expect("the stream goes on");
                let last = wanted(&told);
                heard.push(told);
                if last {
                    return;
                }
            }
        });
        if waited.await.is_err() {
            panic!("what was waited for did not come; heard {heard:#?}");
        }
        heard
    }

    /// The first event that `wanted` takes.
    pub async fn first(&mut self, wanted: impl Fn(&Told) -> bool) -> Told {
        self.until(wanted).await.pop().expect("until ends with one")
    }
}

/// A comment is no event.
fn parse(frame: &str) -> Option<Told> {
    let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data: Vec<&str> = frame.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let name = field("event")?.to_owned();
    Some(Told { id: field("id").map(str::to_owned), name, data: serde_json::from_str(&data.join("\n")).expect("data is JSON") })
}

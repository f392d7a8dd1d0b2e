//! An answer while it comes in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use tokio::time::timeout_at;

use super::client::cause;
use super::events::EventReader;
use super::fault::{RemoteFault, beginning};
use super::wire::{Chunk, DONE};

/// After the last text the figures follow at once, or not at all.
const FIGURES: Duration = Duration::from_millis(200);

/// How much of an error's body is read.
const SAID: usize = 4096;

/// A stream of text. Dropping it closes the connection, which is how the server learns that nobody listens any more.
pub(super) struct Answer {
    response: Response,
    events: Option<EventReader>,
    ready: VecDeque<String>,
    is_complete: bool,
}

impl Answer {
    /// Sends the request and waits until `by` for the server to begin a stream.
    pub(super) async fn begin(request: RequestBuilder, by: Instant) -> Result<Self, RemoteFault> {
        let sent = timeout_at(by.into(), request.send()).await.map_err(|_| RemoteFault::Late)?;
        let response = sent.map_err(|fault| match fault.is_timeout() && !fault.is_connect() {
            true => RemoteFault::Late,
            false => RemoteFault::Unreachable(cause(&fault)),
        })?;
        let status = response.status();
        if !status.is_success() {
            let said = said(response, by).await;
            return Err(RemoteFault::of_status(status.as_u16(), &said));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("no type");
        if !kind.starts_with("text/event-stream") {
            return Err(RemoteFault::Malformed(format!("{} instead of an event stream", beginning(kind))));
        }
        Ok(Self { response, events: Some(EventReader::default()), ready: VecDeque::new(), is_complete: false })
    }

    /// More text, waited for until `by`; `None` at the end.
    pub(super) async fn next(&mut self, by: Instant) -> Result<Option<String>, RemoteFault> {
        loop {
            while let Some(data) = self.ready.pop_front() {
                if data.trim() == DONE {
                    return Ok(None);
                }
                let chunk = match Chunk::read(&data) {
                    // A fault behind the last text takes nothing away from it.
                    Err(_) if self.is_complete => return Ok(None),
                    chunk => chunk?,
                };
                self.is_complete |= chunk.is_last;
                if let Some(usage) = chunk.usage {
                    metrics::counter!("nightdesk_engine_remote_tokens_total", "kind" => "prompt").increment(usage.prompt_tokens);
                    metrics::counter!("nightdesk_engine_remote_tokens_total", "kind" => "generated").increment(usage.completion_tokens);
                }
                if !chunk.text.is_empty() {
                    return Ok(Some(chunk.text));
                }
            }
            if !self.read(by).await? {
                return Ok(None);
            }
        }
    }

    /// Reads on; whether there may be more.
    async fn read(&mut self, by: Instant) -> Result<bool, RemoteFault> {
        let by = if self.is_complete { by.min(Instant::now() + FIGURES) } else { by };
        let Some(events) = &mut self.events else {
            return if self.is_complete { Ok(false) } else { Err(RemoteFault::CutOff("the stream ended".to_owned())) };
        };
        match timeout_at(by.into(), self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                self.ready.extend(events.push(&bytes).map_err(|_| RemoteFault::Malformed("an event without an end".to_owned()))?);
            }
            Ok(Ok(None)) => self.ready.extend(self.events.take().and_then(EventReader::finish)),
            Ok(Err(_)) | Err(_) if self.is_complete => return Ok(false),
            Ok(Err(fault)) => return Err(RemoteFault::CutOff(cause(&fault))),
            Err(_) => return Err(RemoteFault::Late),
        }
        Ok(true)
    }
}

/// The beginning of what an error says.
async fn said(mut response: Response, by: Instant) -> String {
    let mut body = Vec::new();
    while body.len() < SAID {
        match timeout_at(by.into(), response.chunk()).await {
            Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
            _ => break,
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

//! A language model on a server that speaks OpenAI's protocol (vLLM, llama-server), for a shop that has outgrown its own processor.
//!
//! [`Remote`] asks the server; [`Fallback`] asks it first and the model of this process where it fails. The server renders the messages, so
//! whether a shopper's text can become a control token there is the server's concern; what is said to the shopper is verified here either way.

mod answer;
mod breaker;
mod client;
mod events;
mod fallback;
mod fault;
mod serve;
mod wire;

pub use client::{base, client};
pub use events::EventReader;
pub use fallback::Fallback;

use std::sync::Arc;
use std::time::Instant;

use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

use crate::inference::engine::queue::{Gate, Permit};
use crate::inference::error::InferenceError;
use crate::inference::text::chat::{Class, Generate, Generation, Overloaded, Scoring};
use serve::{Server, Times};

/// How many pieces may wait for a reader; a slower one slows the server down.
const PLACES: usize = 64;

/// How a server is asked.
pub struct RemoteOptions {
    /// The base address: `http://127.0.0.1:8081/v1`.
    pub url: String,
    /// What it wants to be shown, if anything.
    pub key: Option<SecretString>,
    /// The model, by the server's name for it.
    pub model: String,
    /// How many requests may be admitted at a time.
    pub queue: usize,
}

/// A model on a server. Nothing is asked of the server until the first request.
pub struct Remote {
    server: Arc<Server>,
    gate: Arc<Gate>,
    runtime: Handle,
}

impl Remote {
    /// Must be called in the runtime that shall carry the requests.
    pub fn new(options: RemoteOptions) -> Result<Self, InferenceError> {
        let gate = Gate::new(options.queue);
        Ok(Self { server: Arc::new(Server::new(options)?), gate, runtime: Handle::current() })
    }
}

impl Generate for Remote {
    fn admit(&self, class: Class) -> Result<Permit, Overloaded> {
        self.gate.admit(class)
    }

    fn generate(&self, permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>> {
        let (out, pieces) = channel(PLACES);
        let (server, gate) = (self.server.clone(), self.gate.clone());
        let times = Times::patient(Instant::now(), request.deadline);
        self.runtime.spawn(async move {
            let ended = server.serve(&request, times, &out).await;
            if ended.is_complete() {
                gate.note_duration(times.since.elapsed());
            }
            if let Some(fault) = ended.fault() {
                let _ = out.send(Err(server.error(fault, &request))).await;
            }
            drop(permit);
        });
        pieces
    }

    fn score(&self, _permit: Permit, _request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>> {
        refused(self.server.unavailable("it cannot be asked how likely a text is; set `engine.enabled`"))
    }

    fn tokens(&self, _texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>> {
        refused(self.server.unavailable("its tokens are not known here; set `engine.enabled`"))
    }

    fn name(&self) -> &str {
        self.server.model()
    }
}

/// What a server cannot do.
fn refused<T>(fault: InferenceError) -> oneshot::Receiver<Result<T, InferenceError>> {
    let (out, answer) = oneshot::channel();
    let _ = out.send(Err(fault));
    answer
}

#[cfg(test)]
#[path = "scripted_tests.rs"]
mod scripted;
#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;

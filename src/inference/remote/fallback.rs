//! The server first, and the model of this process where the server fails.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

use super::breaker::{Breaker, Pass};
use super::fault::RemoteFault;
use super::serve::{Ended, Out, Server, Times};
use super::{PLACES, Remote};
use crate::inference::engine::queue::Permit;
use crate::inference::error::InferenceError;
use crate::inference::text::chat::{Class, Generate, Generation, Overloaded, Scoring};

/// A model on a server, with the local one behind it. A request keeps its place in the one queue, whoever answers it.
pub struct Fallback {
    remote: Remote,
    local: Option<Arc<dyn Generate>>,
    breaker: Arc<Breaker>,
}

impl Fallback {
    /// Without a local model a failure of the server is the request's.
    pub fn new(remote: Remote, local: Option<Arc<dyn Generate>>) -> Self {
        Self { remote, local, breaker: Breaker::new() }
    }
}

/// Whether only the local model can answer. The one place that says so: a server cannot be held to a constraint token by token.
fn must_stay(request: &Generation) -> bool {
    request.constraint.is_some()
}

impl Generate for Fallback {
    fn admit(&self, class: Class) -> Result<Permit, Overloaded> {
        self.remote.admit(class)
    }

    fn generate(&self, permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>> {
        let stays = must_stay(&request);
        let pass = if stays { None } else { self.breaker.enter(Instant::now()) };
        if let (None, Some(local)) = (&pass, &self.local) {
            fell_back(if stays { "constrained" } else { "paused" });
            return local.generate(permit, request);
        }
        let (out, pieces) = channel(PLACES);
        let Some(pass) = pass else {
            let fault = if stays {
                "a constrained request needs the local model; set `engine.enabled`"
            } else {
                "it failed a moment ago and is left alone"
            };
            let _ = out.try_send(Err(self.remote.server.unavailable(fault)));
            return pieces;
        };
        let asked = Asked { server: self.remote.server.clone(), local: self.local.clone(), permit, request, pass, out };
        let gate = self.remote.gate.clone();
        self.remote.runtime.spawn(async move {
            let began = Instant::now();
            if asked.answer(began).await.is_ok() {
                gate.note_duration(began.elapsed());
            }
        });
        pieces
    }

    fn score(&self, permit: Permit, request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>> {
        match &self.local {
            Some(local) => local.score(permit, request),
            None => self.remote.score(permit, request),
        }
    }

    fn tokens(&self, texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>> {
        match &self.local {
            Some(local) => local.tokens(texts),
            None => self.remote.tokens(texts),
        }
    }

    fn fingerprint(&self) -> String {
        let local = self.local.as_ref().map(|local| local.fingerprint());
        [Some(self.remote.fingerprint()), local].into_iter().flatten().collect::<Vec<_>>().join(" or ")
    }

    fn name(&self) -> &str {
        self.remote.name()
    }
}

/// A request under way.
struct Asked {
    server: Arc<Server>,
    local: Option<Arc<dyn Generate>>,
    permit: Permit,
    request: Generation,
    pass: Pass,
    out: Out,
}

/// There was no complete answer.
struct Unanswered;

impl Asked {
    async fn answer(self, began: Instant) -> Result<(), Unanswered> {
        let Self { server, local, permit, request, pass, out } = self;
        let times = if local.is_some() { Times::halved(began, request.deadline) } else { Times::patient(began, request.deadline) };
        let ended = server.serve(&request, times, &out).await;
        judge(pass, &ended);
        match (ended, local) {
            (Ended::Complete, _) => return Ok(()),
            (Ended::Unheard, _) => {}
            (Ended::Failed(fault), Some(local)) => {
                tracing::debug!(error.message = %fault, "the model server failed; the local model answers");
                fell_back(fault.outcome());
                let deadline = request.deadline.saturating_sub(began.elapsed());
                pass_on(local.generate(permit, Generation { deadline, ..request }), &out).await;
            }
            (Ended::Failed(fault) | Ended::Broken(fault), _) => {
                let _ = out.send(Err(server.error(&fault, &request))).await;
            }
        }
        Err(Unanswered)
    }
}

/// What an end says about the server.
fn judge(pass: Pass, ended: &Ended) {
    match ended {
        Ended::Unheard => drop(pass),
        // A server that is slower than the deadline is not broken: text came.
        Ended::Complete | Ended::Broken(RemoteFault::Late) => pass.succeeded(),
        Ended::Failed(fault) if fault.is_about_the_request() => pass.succeeded(),
        Ended::Failed(fault) | Ended::Broken(fault) => {
            if let Some(pause) = pass.failed(Instant::now()) {
                tracing::warn!(error.message = %fault, pause.seconds = pause.as_secs(), "the model server fails and is left alone for a while");
            }
        }
    }
}

fn fell_back(reason: &'static str) {
    metrics::counter!("nightdesk_engine_fallbacks_total", "reason" => reason).increment(1);
}

async fn pass_on(mut pieces: Receiver<Result<String, InferenceError>>, out: &Out) {
    loop {
        let piece = tokio::select! {
            () = out.closed() => return,
            piece = pieces.recv() => piece,
        };
        let Some(piece) = piece else { return };
        if out.send(piece).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[path = "fallback_tests.rs"]
mod tests;

//! The engine: one thread owns the model and answers many requests side by side.
//!
//! What runs is a sequence of tokens (`sequence`). In each pass (`pass`) the plan (`plan`) gives every sequence its rows: replies go on by a token,
//! and by what was guessed rightly (`lookup`); prompts are read in pieces beside them. A prompt begins where a kept one parts from it (`prefix`).
//! The worker (`worker`) decides who runs, within the places and the memory (`pool`) there are. A reply may be bound by a [`constraint`].

pub mod constraint;
pub mod queue;

mod ended;
mod job;
mod lookup;
mod meters;
mod pass;
mod plan;
mod pool;
mod prefix;
mod reply;
mod scoring;
mod sequence;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

use self::job::{Asked, Job};
use self::queue::{Gate, Inbox, Permit};
use self::worker::Worker;
use crate::inference::error::InferenceError;
use crate::inference::model::causal::{Causal, Segment};
use crate::inference::model::language::{LanguageModel, LanguageOptions};
use crate::inference::text::chat::{ChatMessage, Class, Generate, Generation, Overloaded, Scoring};

/// How the engine is set up.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// How many requests may be admitted at a time, the ones being answered included.
    pub queue: usize,
    /// How many tokens of prompt and answer fit together (at most what the model allows).
    pub context: usize,
    /// How many sequences run side by side, at least one.
    pub sequences: usize,
    /// How many bytes the keys and values of all sequences may take, kept beginnings included. One sequence as long as the context always fits.
    pub memory: usize,
    /// How many bytes of these the kept beginnings may take.
    pub kept: usize,
    /// How many threads share the arithmetic; 0 for as many as there are cores, at most eight.
    pub threads: usize,
}

impl EngineOptions {
    /// Eight sequences in 384 MB, a quarter of it for beginnings: with the weights of the small model that is half a
    /// gigabyte.
    pub fn new(queue: usize, context: usize) -> Self {
        Self { queue, context, sequences: 8, memory: 384 << 20, kept: 96 << 20, threads: 0 }
    }
}

/// A loaded language model on its own thread. Dropping it stops the thread; requests under way end with an error.
pub struct Engine {
    name: String,
    fingerprint: String,
    gate: Arc<Gate>,
    inbox: Arc<Inbox<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Loads the model at `path`, with an adapter's products added to its weights, and warms it up: the first start packs the weights, which
    /// takes a second or more, and every start reads them once.
    pub fn load(path: &Path, adapter: Option<&Path>, options: EngineOptions) -> Result<Self, InferenceError> {
        let language = LanguageOptions { context: options.context, threads: options.threads, adapter };
        let mut model = LanguageModel::load(path, language)?;
        let prompt = model.prompt(&[ChatMessage::user("Hello")])?;
        let mut cache = model.cache()?;
        model.forward(&mut [Segment { cache: &mut cache, start: 0, tokens: &prompt, read: prompt.len(), scored: 1 }])?;
        let name = path.file_stem().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
        let fingerprint = format!("{name} {}", model.fingerprint());
        let mut engine = Self::start(model, name, options);
        engine.fingerprint = fingerprint;
        Ok(engine)
    }

    /// Puts a model to work.
    pub fn start(model: impl Causal, name: String, options: EngineOptions) -> Self {
        let gate = Gate::new(options.queue);
        let inbox = Arc::new(Inbox::default());
        let (thread_gate, thread_inbox) = (gate.clone(), inbox.clone());
        let thread = std::thread::Builder::new()
            .name("language-model".to_owned())
            .spawn(move || Worker::new(model, thread_gate, options).run(&thread_inbox))
            .expect("the system can start one thread");
        Self { fingerprint: name.clone(), name, gate, inbox, thread: Some(thread) }
    }

    fn ask(&self, job: Job) {
        if let Err(job) = self.inbox.push(job) {
            job.refuse(InferenceError::ShuttingDown);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.inbox.close();
        if let Some(thread) = self.thread.take() {
            // The thread catches the panics of requests; if it died of another, there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

impl Generate for Engine {
    fn admit(&self, class: Class) -> Result<Permit, Overloaded> {
        self.gate.admit(class)
    }

    fn generate(&self, permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>> {
        let (out, pieces) = channel(reply::places(request.max_tokens));
        self.ask(Job::Reply(Asked { permit, request, asked: Instant::now(), out }));
        pieces
    }

    fn score(&self, permit: Permit, request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>> {
        let (out, scores) = oneshot::channel();
        self.ask(Job::Score(Asked { permit, request, asked: Instant::now(), out }));
        scores
    }

    fn tokens(&self, texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>> {
        let (out, tokens) = oneshot::channel();
        self.ask(Job::Tokens { texts, out });
        tokens
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

#[cfg(test)]
mod suite;

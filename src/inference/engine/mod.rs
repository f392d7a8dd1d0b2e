//! The engine: one thread owns the model and answers one request after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::inference::text::chat::{ChatMessage, Class, Generate, Generation, Overloaded};
use crate::inference::error::InferenceError;
use crate::inference::model::language::{Causal, LanguageModel};
use crate::inference::text::pieces::{Piece, Pieces};
use super::queue::{Gate, Permit, Waiting};

/// How the engine is set up.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// How many requests may be admitted at a time, the one being answered included.
    pub queue: usize,
    /// How many tokens of prompt and answer fit together (at most what the model allows).
    pub context: usize,
}

/// A loaded language model on its own thread. Dropping it stops the thread; requests under way end with an error.
pub struct Engine {
    name: String,
    gate: Arc<Gate>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    waiting: Waiting<Job>,
    stopping: AtomicBool,
}

struct Job {
    permit: Permit,
    request: Generation,
    since: Instant,
    out: Sender<Result<String, InferenceError>>,
}

impl Engine {
    /// Loads the model at `path` (a second or two of arithmetic) and warms it up, so that the first shopper does not wait for the packing of
    /// the weights.
    pub fn load(path: &Path, options: EngineOptions) -> Result<Self, InferenceError> {
        let mut model = LanguageModel::load(path, options.context)?;
        let prompt = model.prompt(&[ChatMessage::user("Hello")])?;
        model.step(&prompt)?;
        let name = path.file_stem().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self::start(Box::new(model), name, options))
    }

    fn start(mut model: Box<dyn Causal>, name: String, options: EngineOptions) -> Self {
        let gate = Gate::new(options.queue);
        let shared = Arc::new(Shared { waiting: Waiting::new(), stopping: AtomicBool::new(false) });
        let (thread_gate, thread_shared) = (gate.clone(), shared.clone());
        let thread = std::thread::Builder::new()
            .name("language-model".to_owned())
            .spawn(move || {
                while let Some(job) = thread_shared.waiting.pop() {
                    serve(model.as_mut(), job, &thread_shared, &thread_gate);
                }
            })
            .expect("the system can start one thread");
        Self { name, gate, shared, thread: Some(thread) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.waiting.close();
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
        // A place for every piece there can be: a slow reader never makes the model wait.
        let (out, pieces) = channel(request.max_tokens.saturating_add(2).min(tokio::sync::Semaphore::MAX_PERMITS));
        let class = permit.class();
        let job = Job { permit, request, since: Instant::now(), out };
        if let Err(job) = self.shared.waiting.push(class, job) {
            let _ = job.out.try_send(Err(InferenceError::ShuttingDown));
        }
        pieces
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// Why an answer ended before its end.
enum Ended {
    /// Nobody listens any more.
    Cancelled,
    Fault(InferenceError),
}

impl From<InferenceError> for Ended {
    fn from(fault: InferenceError) -> Self {
        Self::Fault(fault)
    }
}

fn serve(model: &mut dyn Causal, job: Job, shared: &Shared, gate: &Gate) {
    let begun = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| answer(model, &job, shared))).unwrap_or_else(|panic| {
        model.reset();
        let fault = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let fault = fault.unwrap_or_else(|| "a step panicked".to_owned());
        tracing::error!(%fault, "a request of the language model panicked; the engine goes on");
        Err(Ended::Fault(InferenceError::Failed { fault }))
    });
    match ended {
        Ok(()) => gate.note_duration(begun.elapsed()),
        Err(Ended::Cancelled) => shed(&job, "cancelled"),
        Err(Ended::Fault(fault)) => {
            shed(
                &job,
                match fault {
                    InferenceError::DeadlinePassed { .. } => "deadline",
                    InferenceError::PromptTooLong { .. } => "too_long",
                    InferenceError::ShuttingDown => "shutdown",
                    _ => "failed",
                },
            );
            let _ = job.out.try_send(Err(fault));
        }
    }
}

fn shed(job: &Job, reason: &'static str) {
    metrics::counter!("nightdesk_engine_shed_total", "reason" => reason, "class" => job.permit.class().label()).increment(1);
}

fn answer(model: &mut dyn Causal, job: &Job, shared: &Shared) -> Result<(), Ended> {
    go_on(job, shared)?;
    let mut tokens = model.prompt(&job.request.messages)?;
    let context = model.context();
    // At least one token must be able to follow.
    if tokens.len() >= context {
        return Err(InferenceError::PromptTooLong { tokens: tokens.len(), context }.into());
    }
    metrics::counter!("nightdesk_engine_tokens_total", "kind" => "prompt").increment(tokens.len() as u64);
    let end = tokens.len().saturating_add(job.request.max_tokens).min(context);
    let mut pieces = Pieces::new(job.request.stop.clone());
    let mut first = true;
    while tokens.len() < end {
        go_on(job, shared)?;
        let Some(token) = model.step(&tokens)? else { continue };
        if first {
            metrics::histogram!("nightdesk_engine_time_to_first_token_seconds").record(job.since.elapsed().as_secs_f64());
            first = false;
        }
        if model.ends(token) {
            break;
        }
        metrics::counter!("nightdesk_engine_tokens_total", "kind" => "generated").increment(1);
        match pieces.push(&model.bytes(token)) {
            Piece::More(text) => send(job, text)?,
            Piece::Last(text) => return send(job, text),
        }
        tokens.push(token);
    }
    send(job, pieces.finish())
}

/// Whether there is still a reason to work on this request.
fn go_on(job: &Job, shared: &Shared) -> Result<(), Ended> {
    if job.out.is_closed() {
        return Err(Ended::Cancelled);
    }
    if shared.stopping.load(Ordering::Relaxed) {
        return Err(InferenceError::ShuttingDown.into());
    }
    if job.since.elapsed() > job.request.deadline {
        return Err(InferenceError::DeadlinePassed { after: job.request.deadline }.into());
    }
    Ok(())
}

fn send(job: &Job, text: String) -> Result<(), Ended> {
    if text.is_empty() {
        return Ok(());
    }
    job.out.try_send(Ok(text)).map_err(|_| Ended::Cancelled)
}

#[cfg(test)]

mod tests;

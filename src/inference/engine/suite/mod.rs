//! The engine with a scripted model in the place of the weights.

mod batches;
mod constrained;
mod prefixes;
mod replies;
mod scores;
mod scripted;
mod weights;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use self::scripted::{CONTEXT, Read, Script, Scripted};
use super::{Engine, EngineOptions};
use crate::inference::error::InferenceError;
use crate::inference::text::chat::{ChatMessage, Class, Generate, Generation};

/// An engine, and the strings on which its model hangs.
struct Bench {
    engine: Engine,
    /// Passes wait for this, so that a test decides what happens while the model is at work.
    turn: Arc<Mutex<()>>,
    /// The passes, each with what it read.
    log: Arc<Mutex<Vec<Vec<Read>>>>,
    begun: Arc<AtomicUsize>,
    /// How many caches the model can make.
    room: Arc<AtomicUsize>,
}

type Pieces = Receiver<Result<String, InferenceError>>;

fn options() -> EngineOptions {
    EngineOptions { queue: 64, context: CONTEXT, sequences: 8, memory: 16 * CONTEXT, kept: 8 * CONTEXT, threads: 1 }
}

fn bench_with(script: Script, options: EngineOptions) -> Bench {
    let model = Scripted::new(script);
    let (turn, log, begun, room) = (model.turn.clone(), model.log.clone(), model.begun.clone(), model.room.clone());
    Bench { engine: Engine::start(model, "scripted".into(), options), turn, log, begun, room }
}

fn bench(script: Script) -> Bench {
    bench_with(script, options())
}

fn request(content: &str) -> Generation {
    Generation { max_tokens: 50, deadline: Duration::from_secs(60), ..Generation::new(vec![ChatMessage::user(content)]) }
}

impl Bench {
    fn ask(&self, request: Generation) -> Pieces {
        self.ask_as(Class::Shopper, request)
    }

    fn ask_as(&self, class: Class, request: Generation) -> Pieces {
        self.engine.generate(self.engine.admit(class).unwrap(), request)
    }

    /// Asks for one and, once the model is at work on it, for the other; the work goes on only then.
    fn ask_during<T>(&self, first: impl FnOnce() -> T, second: Generation) -> (T, Pieces) {
        let turn = self.turn.lock().unwrap();
        let first = first();
        while self.begun.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let second = self.ask(second);
        drop(turn);
        (first, second)
    }

    fn passes(&self) -> Vec<Vec<Read>> {
        self.log.lock().unwrap().clone()
    }

    /// How many tokens were read in all.
    fn rows(&self) -> usize {
        self.passes().iter().flatten().map(|read| read.tokens).sum()
    }
}

fn all(mut pieces: Pieces) -> Result<Vec<String>, InferenceError> {
    std::iter::from_fn(|| pieces.blocking_recv()).collect()
}

fn text(pieces: Pieces) -> String {
    all(pieces).unwrap().concat()
}

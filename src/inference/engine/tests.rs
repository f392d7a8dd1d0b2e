//! The engine with a scripted model in the place of the weights.

use std::sync::Mutex;
use std::time::Duration;

use super::*;

/// Answers with the bytes of its script, one a token; the prompt's first message says what else happens.
struct Scripted {
    /// Steps wait for this, so that a test decides what happens while the model is at work.
    turn: Arc<Mutex<()>>,
    script: &'static str,
    last: String,
    resets: Arc<Mutex<usize>>,
}

const PROMPT: usize = 4;
const END: u32 = 1000;

impl Causal for Scripted {
    fn context(&self) -> usize {
        64
    }

    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError> {
        let length = if messages[0].content == "long" { 64 } else { PROMPT };
        Ok(vec![if messages[0].content == "panic" { 1 } else { 0 }; length])
    }

    fn step(&mut self, tokens: &[u32]) -> Result<Option<u32>, InferenceError> {
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert!(tokens[0] != 1, "scripted panic");
        self.last = format!("{tokens:?}");
        let at = tokens.len() - PROMPT;
        Ok(Some(self.script.as_bytes().get(at).map_or(END, |&byte| u32::from(byte))))
    }

    fn ends(&self, token: u32) -> bool {
        token == END
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        vec![u8::try_from(token).unwrap()]
    }

    fn reset(&mut self) {
        *self.resets.lock().unwrap() += 1;
    }
}

struct Bench {
    engine: Engine,
    turn: Arc<Mutex<()>>,
    resets: Arc<Mutex<usize>>,
}

fn bench(script: &'static str) -> Bench {
    let (turn, resets) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(0)));
    let model = Scripted { turn: turn.clone(), script, last: String::new(), resets: resets.clone() };
    let engine = Engine::start(Box::new(model), "scripted".into(), EngineOptions { queue: 4, context: 64 });
    Bench { engine, turn, resets }
}

fn request(content: &str) -> Generation {
    Generation { messages: vec![ChatMessage::user(content)], max_tokens: 50, stop: Vec::new(), deadline: Duration::from_secs(60) }
}

impl Bench {
    fn ask(&self, request: Generation) -> Receiver<Result<String, InferenceError>> {
        self.engine.generate(self.engine.admit(Class::Shopper).unwrap(), request)
    }
}

fn all(mut pieces: Receiver<Result<String, InferenceError>>) -> Result<Vec<String>, InferenceError> {
    std::iter::from_fn(|| pieces.blocking_recv()).collect()
}

#[test]
fn an_answer_comes_in_pieces_of_whole_characters_and_ends_with_the_model() {
    let bench = bench("d\u{e9}j\u{e0}");
    assert_eq!(all(bench.ask(request("hello"))).unwrap(), ["d", "\u{e9}", "j", "\u{e0}"]);
}

#[test]
fn an_answer_ends_at_a_stop_text_or_at_the_most_tokens() {
    let bench = bench("One.\nTwo.");
    let stop = Generation { stop: vec!["\n".into()], ..request("hello") };
    assert_eq!(all(bench.ask(stop)).unwrap().concat(), "One.");
    let short = Generation { max_tokens: 2, ..request("hello") };
    assert_eq!(all(bench.ask(short)).unwrap().concat(), "On");
    let none = Generation { max_tokens: 0, ..request("hello") };
    assert_eq!(all(bench.ask(none)).unwrap(), [""; 0]);
}

#[test]
fn a_panic_fails_its_request_and_the_engine_goes_on() {
    let bench = bench("fine");
    let fault = all(bench.ask(request("panic"))).unwrap_err().to_string();
    assert!(fault.contains("scripted panic"), "{fault}");
    assert_eq!(all(bench.ask(request("hello"))).unwrap().concat(), "fine");
    assert_eq!(*bench.resets.lock().unwrap(), 1);
}

#[test]
fn a_prompt_that_does_not_fit_and_a_deadline_that_passed_are_errors() {
    let bench = bench("fine");
    assert!(matches!(all(bench.ask(request("long"))), Err(InferenceError::PromptTooLong { tokens: 64, context: 64 })));
    let late = Generation { deadline: Duration::ZERO, ..request("hello") };
    assert!(matches!(all(bench.ask(late)), Err(InferenceError::DeadlinePassed { .. })));
}

#[test]
fn a_full_queue_refuses_and_a_cancelled_request_gives_its_place_back() {
    let bench = bench("fine");
    let turn = bench.turn.lock().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| bench.ask(request("hello"))).collect();
    assert!(bench.engine.admit(Class::Shopper).is_err());
    // The first is at work and will go on; the other three are given up by their callers.
    waiting.truncate(1);
    drop(turn);
    assert_eq!(all(waiting.remove(0)).unwrap().concat(), "fine");
    // The channel of the last request closes only when its place is free again or about to be: ask until there is one.
    let permit = std::iter::repeat_with(|| bench.engine.admit(Class::Background)).find_map(Result::ok).unwrap();
    assert_eq!(all(bench.engine.generate(permit, request("hello"))).unwrap().concat(), "fine");
}

#[test]
fn dropping_the_engine_ends_what_is_under_way_with_an_error() {
    let bench = bench("a long answer");
    let turn = bench.turn.lock().unwrap();
    let pieces: Vec<_> = (0..2).map(|_| bench.ask(request("hello"))).collect();
    bench.engine.shared.stopping.store(true, Ordering::Relaxed);
    drop(turn);
    drop(bench.engine);
    for pieces in pieces {
        assert!(matches!(all(pieces), Err(InferenceError::ShuttingDown)));
    }
}

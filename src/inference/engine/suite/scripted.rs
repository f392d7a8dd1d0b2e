//! A model whose words follow from its own sequence alone, so that any mix-up of caches shows in what it says.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::inference::error::InferenceError;
use crate::inference::model::causal::{Causal, Scores, Segment, most_likely};
use crate::inference::text::chat::ChatMessage;

pub const CONTEXT: usize = 512;
const BEGIN: u32 = 256;
pub const END: u32 = 257;
const VOCABULARY: usize = 258;
/// In a prompt: the pass panics, and the pass is refused.
pub const PANIC: char = '\u{1}';
pub const FAULT: char = '\u{2}';

/// What the model says.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    /// This, a byte each token, and then the end.
    Text(&'static str),
    /// Letters that follow from the last `depth` tokens, or from all of them; a small depth repeats itself, as quoting does. It never ends.
    Letters { seed: u64, depth: Option<usize> },
    /// One letter for ever, with a pause in each pass.
    Slow,
}

impl Script {
    /// Scores of what follows `tokens`.
    pub fn row(self, tokens: &[u32]) -> Vec<f32> {
        let mut row = vec![-9.0; VOCABULARY];
        match self {
            Self::Text(text) => {
                let begun = tokens.iter().rposition(|&token| token == BEGIN).map_or(0, |at| at + 1);
                let next = text.as_bytes().get(tokens.len() - begun).map_or(END, |&byte| u32::from(byte));
                row[next as usize] = 9.0;
            }
            Self::Slow => row[usize::from(b'z')] = 9.0,
            Self::Letters { seed, depth } => {
                let seen = &tokens[tokens.len() - depth.unwrap_or(tokens.len()).min(tokens.len())..];
                for letter in b'a'..=b'h' {
                    let mut hasher = DefaultHasher::new();
                    (seed, seen, letter).hash(&mut hasher);
                    row[usize::from(letter)] = (hasher.finish() % 1_000) as f32 / 250.0;
                }
            }
        }
        row
    }

    /// What it says after a prompt, one token after the other.
    pub fn says(self, content: &str, most: usize) -> String {
        let mut tokens = prompt(&[ChatMessage::user(content)]);
        let from = tokens.len();
        while tokens.len() - from < most {
            match most_likely(&self.row(&tokens)) {
                END => break,
                token => tokens.push(token),
            }
        }
        String::from_utf8(tokens[from..].iter().map(|&token| u8::try_from(token).unwrap()).collect()).unwrap()
    }
}

/// Part of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The first byte of the sequence, as its name.
    pub name: char,
    pub start: usize,
    pub tokens: usize,
    pub scored: usize,
}

/// The model.
pub struct Scripted {
    pub turn: Arc<Mutex<()>>,
    pub log: Arc<Mutex<Vec<Vec<Read>>>>,
    /// How many passes began, waiting for their turn included.
    pub begun: Arc<AtomicUsize>,
    /// How many caches there is memory for.
    pub room: Arc<AtomicUsize>,
    alive: Arc<()>,
    script: Script,
}

impl Scripted {
    pub fn new(script: Script) -> Self {
        Self {
            turn: Arc::default(),
            log: Arc::default(),
            begun: Arc::default(),
            room: Arc::new(AtomicUsize::new(usize::MAX)),
            alive: Arc::default(),
            script,
        }
    }
}

/// The tokens that were read: what keys and values are made from.
pub struct Tape {
    tokens: Vec<u32>,
    /// Counts the caches there are.
    _alive: Arc<()>,
}

pub fn bytes(text: &str) -> Vec<u32> {
    text.bytes().map(u32::from).collect()
}

pub fn prompt(messages: &[ChatMessage]) -> Vec<u32> {
    let mut tokens: Vec<u32> = messages.iter().flat_map(|message| bytes(&message.content)).collect();
    tokens.extend((!messages.is_empty()).then_some(BEGIN));
    tokens
}

impl Causal for Scripted {
    type Cache = Tape;

    fn context(&self) -> usize {
        CONTEXT
    }

    fn vocabulary(&self) -> usize {
        VOCABULARY
    }

    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError> {
        Ok(prompt(messages))
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        Ok(bytes(text))
    }

    fn ends(&self, token: u32) -> bool {
        token == END
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        vec![u8::try_from(token).unwrap()]
    }

    fn bytes_per_token(&self) -> usize {
        1
    }

    fn cache(&self) -> Result<Tape, InferenceError> {
        if Arc::strong_count(&self.alive) > self.room.load(Ordering::SeqCst) {
            return Err(InferenceError::Failed { fault: "scripted want of memory".to_owned() });
        }
        Ok(Tape { tokens: Vec::new(), _alive: self.alive.clone() })
    }

    fn copy(&self, from: &Tape, length: usize, to: &mut Tape) {
        to.tokens.clear();
        to.tokens.extend_from_slice(&from.tokens[..length]);
    }

    fn forward(&mut self, segments: &mut [Segment<'_, Tape>]) -> Result<Scores, InferenceError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(self.script, Script::Slow) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut scores = Scores { vocabulary: VOCABULARY, rows: Vec::new() };
        let mut pass = Vec::new();
        for segment in segments {
            let Segment { cache, start, tokens, scored } = segment;
            let cache = &mut cache.tokens;
            assert!(!tokens.is_empty() && *scored <= tokens.len() && *start + tokens.len() <= CONTEXT, "an impossible segment");
            assert!(*start <= cache.len(), "positions are missing before {start}");
            cache.truncate(*start);
            cache.extend_from_slice(tokens);
            assert!(!cache.contains(&u32::from(PANIC)), "scripted panic");
            if cache.contains(&u32::from(FAULT)) {
                return Err(InferenceError::Failed { fault: "scripted fault".to_owned() });
            }
            for end in cache.len() - *scored..cache.len() {
                scores.rows.extend(self.script.row(&cache[..=end]));
            }
            let name = char::from_u32(cache[0]).unwrap();
            pass.push(Read { name, start: *start, tokens: tokens.len(), scored: *scored });
        }
        self.log.lock().unwrap().push(pass);
        Ok(scores)
    }
}

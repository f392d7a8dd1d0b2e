//! Which sentences of an answer a good agent would say to a message: message and entry are read together, so that each sentence is seen beside the
//! others and beside what was asked (joint encoding as for extractive question answering, Devlin et al. 2019).

use std::path::Path;

use super::bert::Sentence;
use super::embed::{Encoder, mean};
use crate::inference::error::InferenceError;
use crate::inference::model::lora::{Adapter, Head};

/// Tokens of a message that are read, its marks included: as in training (`models/reader/choose.py`).
const MESSAGE: usize = 64;
/// Tokens that are read together.
const TOGETHER: usize = 208;
/// Sentences that are read together.
const SENTENCES: usize = 8;

/// Judges the sentences of an answer. Blocking, as [`super::embed::Embed`] is.
pub trait ScoreSentences: Send + Sync {
    /// For each of the sentences of an entry, the log-odds that it belongs to the reply to `message`.
    fn score(&self, message: &str, question: &str, sentences: &[&str]) -> Result<Vec<f32>, InferenceError>;

    /// Changes whenever the same sentence may get another score.
    fn fingerprint(&self) -> &str;
}

/// The base model with the adapter that was trained to choose.
pub struct Chooser {
    encoder: Encoder,
    head: Head,
}

/// Sentences that are read together.
struct Window {
    tokens: Vec<u32>,
    /// First token of the second text.
    second: usize,
    /// Where each sentence is among the tokens.
    places: Vec<std::ops::Range<usize>>,
}

impl Chooser {
    /// Reads the base's files and the adapter, which brings the head.
    pub fn load(weights: &Path, tokenizer: &Path, adapter: &[u8]) -> Result<Self, InferenceError> {
        let unfit = |fault: String| InferenceError::Failed { fault: format!("the chooser's adapter: {fault}") };
        let adapter = Adapter::parse(adapter).map_err(unfit)?;
        let encoder = Encoder::load(weights, tokenizer, Some(&adapter))?;
        match adapter.head() {
            Some(head) if head.weight.len() == encoder.width() => Ok(Self { head: head.clone(), encoder }),
            _ => Err(unfit(format!("it needs `head.weight` of {} numbers and `head.bias`", encoder.width()))),
        }
    }

    /// The sentences in as few windows as hold them, the message and the entry's question before each.
    fn windows(&self, message: &str, question: &str, sentences: &[&str]) -> Result<Vec<Window>, InferenceError> {
        let mut before = self.encoder.tokens(message, true)?;
        if before.len() > MESSAGE {
            before.truncate(MESSAGE - 1);
            before.push(self.encoder.separator());
        }
        let second = before.len();
        let room = TOGETHER - 1;
        let mut question = self.encoder.tokens(question, false)?;
        question.truncate((room - second) / 2);
        before.extend(question);
        let mut windows: Vec<Window> = Vec::new();
        for sentence in sentences {
            let mut tokens = self.encoder.tokens(sentence, false)?;
            tokens.truncate(room - before.len());
            let fits = |window: &&mut Window| window.places.len() < SENTENCES && window.tokens.len() + tokens.len() <= room;
            let window = match windows.last_mut().filter(fits) {
                Some(window) => window,
                None => {
                    windows.push(Window { tokens: before.clone(), second, places: Vec::new() });
                    windows.last_mut().expect("it was just added")
                }
            };
            let start = window.tokens.len();
            window.tokens.extend(tokens);
            window.places.push(start..window.tokens.len());
        }
        let end = self.encoder.separator();
        windows.iter_mut().for_each(|window| window.tokens.push(end));
        Ok(windows)
    }
}

impl ScoreSentences for Chooser {
    fn score(&self, message: &str, question: &str, sentences: &[&str]) -> Result<Vec<f32>, InferenceError> {
        let width = self.encoder.width();
        let mut scores = Vec::with_capacity(sentences.len());
        for window in self.windows(message, question, sentences)? {
            let rows = self.encoder.rows(&[Sentence { tokens: &window.tokens, second: window.second }])?;
            for place in window.places {
                // A sentence without a token that the model knows says nothing to it.
                let pooled = if place.is_empty() { vec![0.0; width] } else { mean(&rows[place.start * width..place.end * width], width) };
                scores.push(pooled.iter().zip(&self.head.weight).map(|(a, b)| a * b).sum::<f32>() + self.head.bias);
            }
        }
        Ok(scores)
    }

    fn fingerprint(&self) -> &str {
        self.encoder.fingerprint()
    }
}

//! What the engine needs of a language model: rows of several sequences through the weights in one forward pass.

use crate::inference::error::InferenceError;
use crate::inference::text::chat::ChatMessage;

/// A causal language model. The engine's thread owns it; a second implementation, scripted, stands in for the weights in the engine's tests.
///
/// The arithmetic is batch-invariant: what a token gets depends on its own sequence alone, not on the other segments of the pass nor on how
/// its sequence was cut into segments.
pub trait Causal: Send + 'static {
    /// Keys and values of one sequence.
    type Cache: Send;

    /// How many tokens of one sequence fit.
    fn context(&self) -> usize;

    /// How many tokens the model knows.
    fn vocabulary(&self) -> usize;

    /// The prompt of a conversation, up to where the reply begins.
    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError>;

    /// The tokens of plain text: nothing in it becomes a control token.
    fn tokens(&self, text: &str) -> Result<Vec<u32>, InferenceError>;

    /// Whether a token ends the reply.
    fn ends(&self, token: u32) -> bool;

    /// What a token stands for.
    fn bytes(&self, token: u32) -> Vec<u8>;

    /// Bytes that a cache takes for each token it holds.
    fn bytes_per_token(&self) -> usize;

    /// A cache in which nothing is written yet. Memory is taken as it is written to.
    fn cache(&self) -> Result<Self::Cache, InferenceError>;

    /// Copies the first `length` tokens of a cache over those of another.
    fn copy(&self, from: &Self::Cache, length: usize, to: &mut Self::Cache);

    /// Reads the tokens of every segment into its cache, and gives the scores that were asked for.
    fn forward(&mut self, segments: &mut [Segment<'_, Self::Cache>]) -> Result<Scores, InferenceError>;
}

/// Tokens of one sequence that go through the model in one pass.
pub struct Segment<'a, C> {
    /// The sequence's keys and values, of which the first `start` hold. What was written behind them is overwritten: taking back rejected
    /// guesses is starting at a smaller number.
    pub cache: &'a mut C,
    /// The position of the first token.
    pub start: usize,
    /// At least one.
    pub tokens: &'a [u32],
    /// How many of them, from the first on, are read rather than said: those of a prompt. They come in hundreds, and may be multiplied in another
    /// way than the few of a step, so which of the two a token is must not change from one pass to another.
    pub read: usize,
    /// For how many of the last tokens the scores of what follows are wanted: none inside a prompt, one at its end, all for guesses.
    pub scored: usize,
}

/// For each scored token, in the order of the segments, one score (logit) for each token of the vocabulary.
pub struct Scores {
    /// The length of a row.
    pub vocabulary: usize,
    /// The rows, one after the other.
    pub rows: Vec<f32>,
}

impl Scores {
    /// The rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.rows.chunks_exact(self.vocabulary)
    }
}

/// The first of the highest scores.
pub fn most_likely(scores: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (score, id) in scores.iter().zip(0..) {
        if *score > best.1 {
            best = (id, *score);
        }
    }
    best.0
}

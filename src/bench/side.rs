//! What is measured: something that answers prompts.

use std::time::Duration;

use async_trait::async_trait;

use crate::inference::ChatMessage;

/// One request of a measurement.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The prompt.
    pub messages: Vec<ChatMessage>,
    /// How many tokens shall be written; the end that the model chooses is passed over where a side can do that.
    pub tokens: usize,
    /// What the side may do to be quicker.
    pub means: Means,
}

/// What a side may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Nothing: the bare arithmetic.
    Bare,
    /// What it remembers of earlier prompts, and guesses from the prompt's own text.
    All,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// How many tokens of the prompt were read.
    pub read: usize,
    /// In what time.
    pub reading: Duration,
    /// From the request to the first text.
    pub first: Duration,
    /// How many tokens were written.
    pub written: usize,
    /// From the first to the last of them.
    pub writing: Duration,
    /// From the request to the end.
    pub whole: Duration,
}

/// Something that answers.
#[async_trait]
pub trait Side: Send + Sync {
    /// What it is, on one line.
    fn name(&self) -> &str;

    /// What a reader of the figures should know about how they were taken, with so many replies at once.
    fn note(&self, concurrency: usize) -> Option<String>;

    /// Answers once.
    async fn answer(&self, ask: Ask) -> anyhow::Result<Answered>;
}

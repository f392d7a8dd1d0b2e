//! Showing how far the first reading of a knowledge base is.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};

use crate::inference::{Embed, InferenceError, Reading};

/// An embedder that counts on a terminal what it has read. A second start reads nothing and shows nothing.
pub struct Watched {
    inner: Arc<dyn Embed>,
    bar: ProgressBar,
}

impl Watched {
    /// Wraps an embedder; `bar` is the caller's, to be cleared when the reading is over.
    pub fn new(inner: impl Embed + 'static, bar: ProgressBar) -> Self {
        Self { inner: Arc::new(inner), bar }
    }

    /// A bar without an end: how many sentences a file makes is known only when it is read.
    pub fn bar() -> ProgressBar {
        let style = ProgressStyle::with_template("{spinner} reading the knowledge base: {pos} sentences in {elapsed}");
        ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    }
}

impl Embed for Watched {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let vectors = self.inner.embed(texts)?;
        if !self.bar.is_finished() {
            self.bar.inc(texts.len() as u64);
        }
        Ok(vectors)
    }

    fn read(&self, texts: &[&str]) -> Result<Option<Vec<Reading>>, InferenceError> {
        self.inner.read(texts)
    }

    fn token_starts(&self, text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        self.inner.token_starts(text)
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn fingerprint(&self) -> &str {
        self.inner.fingerprint()
    }

    fn knows(&self, word: &str) -> bool {
        self.inner.knows(word)
    }
}

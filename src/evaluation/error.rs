//! What can go wrong with a measurement.

use std::path::{Path, PathBuf};

use crate::inference::InferenceError;
use crate::knowledge::{Fault, Faults};
use crate::retrieval::RetrievalError;

/// A file that cannot be used, or a search that failed.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A whole file is unusable.
    #[error("{}: {sentence}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do about it.
        sentence: String,
    },
    /// Some lines of a file are wrong.
    #[error("{0}")]
    Lines(Faults),
    /// The search failed.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),
    /// The sentence vectors failed.
    #[error(transparent)]
    Inference(#[from] InferenceError),
}

impl EvaluationError {
    /// About a whole file.
    pub(super) fn file(path: &Path, sentence: impl Into<String>) -> Self {
        Self::File { path: path.to_owned(), sentence: sentence.into() }
    }
}

/// Faults of one file, found line by line.
pub(super) struct Found<'p> {
    path: &'p Path,
    faults: Vec<Fault>,
}

impl<'p> Found<'p> {
    /// None yet.
    pub(super) fn new(path: &'p Path) -> Self {
        Self { path, faults: Vec::new() }
    }

    /// One at a line.
    pub(super) fn at(&mut self, line: usize, sentence: impl Into<String>) {
        self.faults.push(Fault::new(&self.path.display().to_string(), line, sentence));
    }

    /// The value, if nothing was found.
    pub(super) fn or<T>(self, value: T) -> Result<T, EvaluationError> {
        if self.faults.is_empty() { Ok(value) } else { Err(EvaluationError::Lines(Faults(self.faults))) }
    }
}

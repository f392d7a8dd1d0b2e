//! What can go wrong in retrieval.

use crate::inference::InferenceError;

/// An index that cannot be built or searched.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The embeddings failed.
    #[error("cannot embed a text for the search: {0}")]
    Embed(#[from] InferenceError),
    /// The lexical index failed.
    #[error("the full-text index failed ({0}); restart the server, and report this with the knowledge base if it comes back")]
    Index(#[from] tantivy::TantivyError),
}

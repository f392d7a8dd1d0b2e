//! Retrieval: lexical (tantivy) and dense (sentence embeddings) search over the entries, fused; reloaded as a whole.
//!
//! Only this room knows tantivy. A search never waits for a reload: it reads one snapshot, which is swapped when the next one is complete.

mod cache;
mod dense;
mod error;
mod fusion;
mod hit;
mod lexical;
mod retriever;
mod spelling;
mod words;

pub use error::RetrievalError;
pub use hit::{Hit, QuerySignals};
pub use retriever::Retriever;

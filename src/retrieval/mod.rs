//! Retrieval: lexical (tantivy) and dense (sentence embeddings) search over the entries, fused; reloaded as a whole.
//!
//! Only this room knows tantivy. A search never waits for a reload: it reads one snapshot, which is swapped when the next one is complete.

mod cache;
mod dense;
mod error;
mod fusion;
mod grams;
mod head;
mod hit;
mod known;
mod lexical;
mod memory;
mod retriever;
mod signals;
mod spelling;
mod stage;
mod words;

pub use error::RetrievalError;
pub use fusion::{Correction, Read};
pub use hit::{Hit, QuerySignals};
pub use memory::Memory;
pub use retriever::{CANDIDATES, Retriever, SHORTLIST};
pub use signals::{SIGNALS, Signals};
pub use stage::{NothingLeft, Stage, Stages, UnknownStage};

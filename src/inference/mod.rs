//! Inference: model files, tokenizers, the language model on its own thread, sentence embeddings. Only this room knows candle and tokenizers.
//!
//! One thread owns the language model ([`engine`]); everybody else holds a [`Permit`] and receives pieces of text. A call never waits for a
//! place: the queue is bounded and refuses ([`Overloaded`]), so that the caller can answer in another way at once.

pub mod error;
pub mod manifest;
pub mod models;
pub mod progress;
pub mod report;

mod fetch;
mod pip;

pub use error::{InferenceError, ModelError};
pub use manifest::{ModelRole, Profile};
pub use models::{FileState, ModelStatus, ModelStore, Verified};
pub use progress::{Progress, Silent, Terminal};

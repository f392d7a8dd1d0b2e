//! Inference: model files, tokenizers, the language model on its own thread, sentence embeddings. Only this room knows candle and tokenizers.
//!
//! One thread owns the language model ([`engine`]); everybody else holds a [`Permit`] and receives pieces of text. A call never waits for a
//! place: the queue is bounded and refuses ([`Overloaded`]), so that the caller can answer in another way at once.

pub mod chat;
pub mod embed;
pub mod engine;
pub mod error;
pub mod manifest;
pub mod models;
pub mod progress;
pub mod queue;
pub mod report;

mod attention;
mod bert;
mod fetch;
mod forward;
mod gguf;
mod kv;
mod language;
mod pieces;
mod pip;
mod rope;
mod template;
mod tokenizer;
mod weights;

pub use chat::{ChatMessage, Class, Generate, Generation, Overloaded, Role};
pub use embed::{Embed, Embedder};
pub use engine::{Engine, EngineOptions};
pub use error::{InferenceError, ModelError};
pub use manifest::{ModelRole, Profile};
pub use models::{FileState, ModelStatus, ModelStore, Verified};
pub use progress::{Progress, Silent, Terminal};
pub use queue::Permit;

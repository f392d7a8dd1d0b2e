//! Inference: model files, tokenizers, the language model on its own thread, sentence embeddings. Only this room knows candle and tokenizers.
//!
//! One thread owns the language model ([`engine`]); everybody else holds a [`Permit`] and receives pieces of text. A call never waits for a
//! place: the queue is bounded and refuses ([`Overloaded`]), so that the caller can answer in another way at once.

pub mod engine;
pub mod error;

mod encoder;
mod files;
#[cfg(test)]
#[path = "golden/golden_tests.rs"]
mod golden;
mod model;
mod remote;
mod text;

pub use encoder::choose::{Chooser, ScoreSentences};
pub use encoder::embed::{Embed, Embedder};
pub use encoder::read::{Encoders, Reading};
pub use encoder::table::VectorTable;
pub use engine::constraint::{Allowed, Constraint, End, Next, Trie, Units};
pub use engine::queue::Permit;
pub use engine::{Engine, EngineOptions};
pub use error::{InferenceError, ModelError};
pub use files::manifest::{ModelRole, Profile};
#[cfg(test)]
pub(crate) use files::models::repository_models;
pub use files::models::{FileState, ModelStatus, ModelStore, Verified};
pub use files::progress::{Progress, Silent, Terminal};
pub use files::report;
pub use nightdesk_kernels::rows::{add_scaled, dot};
pub use remote::{EventReader, Fallback, Remote, RemoteOptions, base, client};
pub use text::chat::{ChatMessage, Class, Generate, Generation, Guessing, Overloaded, Role, Scoring, ScoringPrompt};
pub use text::prompt::PromptReader;

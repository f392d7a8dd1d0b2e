//! Inference: model files, tokenizers, the language model on its own thread, sentence embeddings. Only this room knows candle and tokenizers.

mod bert;
pub mod embed;
pub mod error;

pub use embed::{Embed, Embedder};
pub use error::InferenceError;

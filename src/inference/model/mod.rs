//! The language model: a GGUF file, its weights, and the forward pass of its architecture.

mod attention;
pub mod causal;
mod forward;
pub mod gguf;
mod kv;
pub mod language;
mod rope;
mod weights;

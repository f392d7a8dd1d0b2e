//! The language model: a GGUF file, its weights packed for the kernels, and the forward pass of its architecture.

mod architecture;
pub mod causal;
mod forward;
pub mod gguf;
pub mod language;
pub mod lora;
mod network;
mod packed;
mod source;

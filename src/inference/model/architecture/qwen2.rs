//! Qwen2 and Qwen2.5 (Yang et al. 2024).

use super::{Architecture, Pairing};

/// Llama with biases on queries, keys and values, and rows as the training had them.
pub const QWEN2: Architecture = Architecture { name: "qwen2", pairing: Pairing::Halves, attention_bias: true };

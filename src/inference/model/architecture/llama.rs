//! Llama (Touvron et al. 2023) and what follows it: SmolLM2, Mistral.

use super::{Architecture, Pairing};

/// The converter lays the rows of queries and keys out so that the numbers that turn together are neighbours.
pub const LLAMA: Architecture = Architecture { name: "llama", pairing: Pairing::Neighbours, attention_bias: false };

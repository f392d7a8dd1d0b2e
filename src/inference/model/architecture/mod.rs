//! What tells one family of models from another. A further one is a file here and a line in [`ALL`].

mod llama;
mod qwen2;

/// A family of decoder models: pre-norm blocks of grouped-query attention with rotary positions and a SwiGLU feed-forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    /// As `general.architecture` of the file names it, and as its other keys begin.
    pub name: &'static str,
    /// Which numbers of a head turn together.
    pub pairing: Pairing,
    /// Whether queries, keys and values have biases.
    pub attention_bias: bool,
}

/// Which two numbers of a head form a pair of its rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Neighbours (2i, 2i + 1).
    Neighbours,
    /// Half a head apart (i, i + d/2).
    Halves,
}

const ALL: [Architecture; 2] = [llama::LLAMA, qwen2::QWEN2];

impl Architecture {
    /// The family of a name.
    pub fn find(name: &str) -> Option<Self> {
        ALL.into_iter().find(|architecture| architecture.name == name)
    }
}

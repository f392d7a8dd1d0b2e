//! The language model as the engine drives it: one step at a time, remembering what it has already read.

use std::path::Path;

use crate::inference::text::chat::ChatMessage;
use crate::inference::error::InferenceError;
use super::forward::Network;
use super::gguf::Gguf;
use super::kv::KvCache;
use crate::inference::text::template::ChatTemplate;
use crate::inference::text::tokenizer::Tokenizer;

/// How many tokens of a prompt are read between two looks at the deadline and at whether anybody still listens.
const CHUNK: usize = 128;

/// What the engine needs of a model. A second implementation, scripted, stands in for the weights in the engine's tests.
pub trait Causal: Send {
    /// How many tokens fit.
    fn context(&self) -> usize;
    /// The prompt of a conversation.
    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError>;
    /// Reads on towards the end of `tokens`: the token that follows, or `None` while there is more to read.
    fn step(&mut self, tokens: &[u32]) -> Result<Option<u32>, InferenceError>;
    /// Whether a token ends the answer.
    fn ends(&self, token: u32) -> bool;
    /// What a token stands for.
    fn bytes(&self, token: u32) -> Vec<u8>;
    /// Forgets everything read, after a step failed half-way.
    fn reset(&mut self);
}

/// A GGUF model, loaded.
pub struct LanguageModel {
    network: Network,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    ends: Vec<u32>,
    cache: KvCache,
    /// The tokens whose keys and values the cache holds. The next prompt shares at least its beginning with the last: it is not read twice.
    read: Vec<u32>,
}

impl LanguageModel {
    /// Loads a file; at most `context` tokens will fit.
    pub fn load(path: &Path, context: usize) -> Result<Self, InferenceError> {
        let gguf = Gguf::open(path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?;
        // The weights last: they are what takes time.
        let network = Network::load(&gguf, context)?;
        if tokenizer.len() != network.vocabulary() {
            return Err(InferenceError::VocabularyMismatch { file: path.to_owned(), tokens: tokenizer.len(), rows: network.vocabulary() });
        }
        let named = ["<|im_end|>", "<|endoftext|>"].into_iter().filter_map(|token| tokenizer.id(token));
        let eos = gguf.number("tokenizer.ggml.eos_token_id")?.and_then(|id| u32::try_from(id).ok());
        let ends = eos.into_iter().chain(named).collect();
        let cache = network.cache();
        Ok(Self { network, tokenizer, template, ends, cache, read: Vec::new() })
    }
}

impl Causal for LanguageModel {
    fn context(&self) -> usize {
        self.network.context()
    }

    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError> {
        let (text, quoted) =
            self.template.render(messages).map_err(|fault| InferenceError::Failed { fault: format!("chat template: {fault}") })?;
        self.tokenizer.encode(&text, &quoted)
    }

    fn step(&mut self, tokens: &[u32]) -> Result<Option<u32>, InferenceError> {
        if tokens.is_empty() || tokens.len() > self.network.context() {
            return Err(InferenceError::PromptTooLong { tokens: tokens.len(), context: self.network.context() });
        }
        // The last token is always read, for the scores that follow it.
        let known = self.read.iter().zip(&tokens[..tokens.len() - 1]).take_while(|(read, token)| read == token).count();
        self.read.truncate(known);
        let end = tokens.len().min(known + CHUNK);
        let scores = self
            .network
            .forward(&tokens[known..end], known, &mut self.cache)
            .map_err(|fault| InferenceError::Failed { fault: super::gguf::first_line(&fault) })?;
        self.read.extend_from_slice(&tokens[known..end]);
        Ok((end == tokens.len()).then(|| most_likely(&scores)))
    }

    fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        self.tokenizer.bytes(token)
    }

    fn reset(&mut self) {
        self.read.clear();
    }
}

/// The first of the highest scores.
fn most_likely(scores: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (score, id) in scores.iter().zip(0..) {
        if *score > best.1 {
            best = (id, *score);
        }
    }
    best.0
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;

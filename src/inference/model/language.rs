//! The language model as the engine drives it.

use std::path::Path;

use super::causal::{Causal, Scores, Segment};
use super::forward::Network;
use super::gguf::Gguf;
use super::kv::KvCache;
use crate::inference::error::InferenceError;
use crate::inference::text::chat::ChatMessage;
use crate::inference::text::template::ChatTemplate;
use crate::inference::text::tokenizer::Tokenizer;

/// A GGUF model, loaded.
pub struct LanguageModel {
    network: Network,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    ends: Vec<u32>,
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
        Ok(Self { network, tokenizer, template, ends })
    }
}

impl Causal for LanguageModel {
    type Cache = KvCache;

    fn context(&self) -> usize {
        self.network.context()
    }

    fn vocabulary(&self) -> usize {
        self.network.vocabulary()
    }

    fn prompt(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError> {
        let (text, quoted) =
            self.template.render(messages).map_err(|fault| InferenceError::Failed { fault: format!("chat template: {fault}") })?;
        self.tokenizer.encode(&text, &quoted)
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        #[expect(clippy::single_range_in_vec_init, reason = "the one range that is quoted")]
        self.tokenizer.encode(text, &[0..text.len()])
    }

    fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        self.tokenizer.bytes(token)
    }

    fn bytes_per_token(&self) -> usize {
        self.network.cache().bytes_per_token()
    }

    fn cache(&self) -> Result<KvCache, InferenceError> {
        Ok(self.network.cache())
    }

    fn copy(&self, from: &KvCache, length: usize, to: &mut KvCache) {
        to.copy_from(from, length);
    }

    fn forward(&mut self, segments: &mut [Segment<'_, KvCache>]) -> Result<Scores, InferenceError> {
        let mut scores = Scores { vocabulary: self.vocabulary(), rows: Vec::new() };
        for segment in segments {
            // The network gives the scores of the last token only: what is scored goes token by token, behind what is not.
            let plain = segment.tokens.len() - segment.scored;
            let (unscored, scored) = segment.tokens.split_at(plain);
            let runs = Some(unscored).filter(|run| !run.is_empty()).into_iter().chain(scored.chunks(1));
            let mut start = segment.start;
            for (number, run) in runs.enumerate() {
                let row = self.network.forward(run, start, segment.cache);
                let row = row.map_err(|fault| InferenceError::Failed { fault: super::gguf::first_line(&fault) })?;
                start += run.len();
                if plain == 0 || number > 0 {
                    scores.rows.extend_from_slice(&row[..scores.vocabulary]);
                }
            }
        }
        Ok(scores)
    }
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;

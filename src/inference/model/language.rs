//! A GGUF model, loaded: text in, scores out.

use std::ops::Range;
use std::path::Path;

use nightdesk_kernels::attention::Span;
use nightdesk_kernels::{Cache, CacheShape, Precision};

use super::causal::{Causal, Scores, Segment};
use super::forward::Workspace;
use super::gguf::Gguf;
use super::lora::Adapter;
use super::network::Network;
use super::packed;
use crate::inference::error::InferenceError;
use crate::inference::text::chat::ChatMessage;
use crate::inference::text::template::ChatTemplate;
use crate::inference::text::tokenizer::Tokenizer;

/// More threads than these wait for each other longer than they help with models of this size; a machine with more cores has other work for them.
const MOST_THREADS: usize = 8;

/// How a model is loaded.
#[derive(Debug, Clone, Copy)]
pub struct LanguageOptions<'a> {
    /// At most so many tokens of one sequence will fit.
    pub context: usize,
    /// Threads that share a pass; 0 for as many as the machine has cores, at most eight.
    pub threads: usize,
    /// An adapter whose products are added to the weights.
    pub adapter: Option<&'a Path>,
}

/// The weights, the tokenizer, the template.
pub struct LanguageModel {
    network: Network,
    workspace: Workspace,
    shape: CacheShape,
    tokenizer: Tokenizer,
    template: ChatTemplate,
    ends: Vec<u32>,
    fingerprint: String,
}

impl LanguageModel {
    /// Loads a file.
    pub fn load(path: &Path, options: LanguageOptions<'_>) -> Result<Self, InferenceError> {
        let gguf = Gguf::open(path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?;
        let adapter = options.adapter.map(Adapter::open).transpose()?;
        // The weights last: they are what takes time.
        let network = Network::load(&gguf, options.context, adapter.as_ref())?;
        if tokenizer.len() != network.vocabulary() {
            return Err(InferenceError::VocabularyMismatch { file: path.to_owned(), tokens: tokenizer.len(), rows: network.vocabulary() });
        }
        let named = ["<|im_end|>", "<|endoftext|>"].into_iter().filter_map(|token| tokenizer.id(token));
        let eos = gguf.number("tokenizer.ggml.eos_token_id")?.and_then(|id| u32::try_from(id).ok());
        let ends = eos.into_iter().chain(named).collect();
        let threads = if options.threads > 0 {
            options.threads
        } else {
            std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
        };
        let shape = network.cache_shape();
        let fingerprint = packed::fingerprint(&gguf, &[], adapter.as_ref());
        Ok(Self { network, workspace: Workspace::new(threads), shape, tokenizer, template, ends, fingerprint })
    }

    /// Changes with the file and with the adapter.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl Causal for LanguageModel {
    type Cache = Cache;

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
        self.tokenizer.encode_plain(text)
    }

    fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        self.tokenizer.bytes(token)
    }

    fn bytes_per_token(&self) -> usize {
        self.shape.bytes_per_token()
    }

    fn cache(&self) -> Result<Cache, InferenceError> {
        Cache::new(self.shape).ok_or_else(|| InferenceError::NoMemory {
            what: format!("the keys and values of one more conversation of up to {} tokens", self.shape.context),
            fault: "the system gives no more".to_owned(),
        })
    }

    fn copy(&self, from: &Cache, length: usize, to: &mut Cache) {
        to.copy_from(from, length);
    }

    fn forward(&mut self, segments: &mut [Segment<'_, Cache>]) -> Result<Scores, InferenceError> {
        let (context, vocabulary) = (self.context(), self.vocabulary());
        for segment in &*segments {
            let end = segment.start.saturating_add(segment.tokens.len());
            if end > context {
                return Err(InferenceError::PromptTooLong { tokens: end, context });
            }
            if let Some(unknown) = segment.tokens.iter().find(|token| **token as usize >= vocabulary) {
                return Err(InferenceError::Failed { fault: format!("the model has no token {unknown}") });
            }
        }
        let prompts = self.workspace.machine.for_prompts();
        if prompts == Precision::Bytes {
            let (rows, _) = self.pass(segments, Precision::Bytes, |segment| 0..segment.tokens.len());
            return Ok(Scores { vocabulary, rows });
        }
        let (read, read_counts) = self.pass(segments, prompts, |segment| 0..segment.read.min(segment.tokens.len()));
        let (said, said_counts) =
            self.pass(segments, Precision::Bytes, |segment| segment.read.min(segment.tokens.len())..segment.tokens.len());
        let rows = match (read.is_empty(), said.is_empty()) {
            (_, true) => read,
            (true, _) => said,
            _ => side_by_side(vocabulary, [(&read, &read_counts), (&said, &said_counts)]),
        };
        Ok(Scores { vocabulary, rows })
    }
}

impl LanguageModel {
    /// The part `of` each segment through the weights; gives the scores, and for how many tokens of each segment they are.
    fn pass(
        &mut self,
        segments: &mut [Segment<'_, Cache>],
        precision: Precision,
        of: impl Fn(&Segment<'_, Cache>) -> Range<usize>,
    ) -> (Vec<f32>, Vec<usize>) {
        let (mut tokens, mut scored, mut spans, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for segment in segments {
            let part = of(segment);
            // The last tokens of the segment are scored; how many of them are in this part?
            let from = (segment.tokens.len() - segment.scored.min(segment.tokens.len())).max(part.start);
            let count = part.end.saturating_sub(from);
            counts.push(count);
            if part.is_empty() {
                continue;
            }
            tokens.extend_from_slice(&segment.tokens[part.clone()]);
            scored.extend(tokens.len() - count..tokens.len());
            spans.push(Span { cache: segment.cache, start: segment.start + part.start, rows: part.len() });
        }
        if spans.is_empty() {
            return (Vec::new(), counts);
        }
        (self.network.forward(&mut self.workspace, precision, &tokens, &mut spans, &scored), counts)
    }
}

/// For each segment its rows of the first, and then those of the second.
fn side_by_side(width: usize, parts: [(&[f32], &[usize]); 2]) -> Vec<f32> {
    let [(mut first, first_counts), (mut second, second_counts)] = parts;
    let mut rows = Vec::with_capacity(first.len() + second.len());
    for (a, b) in first_counts.iter().zip(second_counts) {
        let (own, rest) = first.split_at(a * width);
        rows.extend_from_slice(own);
        first = rest;
        let (own, rest) = second.split_at(b * width);
        rows.extend_from_slice(own);
        second = rest;
    }
    rows
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod reference;
#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;

//! What the encoder is used for: sentence embeddings.

use std::path::Path;
use std::sync::{Arc, Mutex};

use nightdesk_kernels::{Machine, Memory};
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use super::bert::{Bert, Sentence};
use super::read::Reading;
use crate::inference::error::InferenceError;
use crate::inference::model::lora::Adapter;

/// What follows is not read. The model was trained on 128 tokens and stays useful to 256.
const MAX_TOKENS: usize = 256;
/// Bytes of a text that are given to the tokenizer at all: far more than 256 tokens of any prose, and a bound on the time a hostile text costs.
const MAX_BYTES: usize = 8 * 1024;
/// Tokens in one forward pass; more no longer makes a token cheaper.
const BATCH_TOKENS: usize = 1024;
/// Fewer tokens than these are not worth waking another thread for: a shopper's message is done in the time that takes.
const SHARED_TOKENS: usize = 64;
/// The mark behind a text.
const SEPARATOR: &str = "[SEP]";
/// Part of the fingerprint: to be raised when the forward pass or the pooling changes what comes out.
const FORWARD_VERSION: &str = "minilm mean-pooled 256 bytes v2";

/// Turns texts into vectors. Blocking, and as long as milliseconds a text: not for an async thread.
pub trait Embed: Send + Sync {
    /// One vector of unit length for each text, in their order.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError>;

    /// Reads texts token by token with the model that was trained to tell which entry answers a message; `None` where there is no such model.
    fn read(&self, _texts: &[&str]) -> Result<Option<Vec<Reading>>, InferenceError> {
        Ok(None)
    }

    /// Where each token of a text's reading begins, in bytes; `None` for the model's own marks.
    fn token_starts(&self, _text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        Ok(Vec::new())
    }

    /// Length of a vector.
    fn dimensions(&self) -> usize;

    /// Changes whenever the same text may get another vector or reading.
    fn fingerprint(&self) -> &str;

    /// Whether the model knows a word in lower case as one, and so is no slip of the pen; `false` where it cannot tell.
    fn knows(&self, _word: &str) -> bool {
        false
    }
}

/// Several searches may share one model.
impl<E: Embed + ?Sized> Embed for Arc<E> {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        self.as_ref().embed(texts)
    }

    fn read(&self, texts: &[&str]) -> Result<Option<Vec<Reading>>, InferenceError> {
        self.as_ref().read(texts)
    }

    fn token_starts(&self, text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        self.as_ref().token_starts(text)
    }

    fn dimensions(&self) -> usize {
        self.as_ref().dimensions()
    }

    fn fingerprint(&self) -> &str {
        self.as_ref().fingerprint()
    }

    fn knows(&self, word: &str) -> bool {
        self.as_ref().knows(word)
    }
}

/// all-MiniLM-L6-v2, or another BERT of its shape, in process: a bi-encoder whose vectors are compared.
pub struct Embedder {
    encoder: Encoder,
}

pub(super) struct Encoder {
    bert: Bert,
    tokenizer: Tokenizer,
    separator: u32,
    fingerprint: String,
    /// Whoever has many sentences, an index being built, takes it; others do without.
    shared: Mutex<Machine>,
}

impl Embedder {
    /// Reads `model.safetensors` and `tokenizer.json`.
    pub fn load(weights: &Path, tokenizer: &Path) -> Result<Self, InferenceError> {
        Self::adapted(weights, tokenizer, None)
    }

    /// The same with the products of an adapter added to the weights.
    pub fn adapted(weights: &Path, tokenizer: &Path, adapter: Option<&Path>) -> Result<Self, InferenceError> {
        let adapter = adapter.map(Adapter::open).transpose()?;
        Ok(Self { encoder: Encoder::load(weights, tokenizer, adapter.as_ref())? })
    }
}

impl Embed for Embedder {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let pairs: Vec<(&str, Option<&str>)> = texts.iter().map(|text| (*text, None)).collect();
        let width = self.encoder.bert.width();
        self.encoder.map(&pairs, |rows| to_unit_length(mean(rows, width)))
    }

    fn dimensions(&self) -> usize {
        self.encoder.bert.width()
    }

    fn fingerprint(&self) -> &str {
        &self.encoder.fingerprint
    }

    fn knows(&self, word: &str) -> bool {
        self.encoder.tokenizer.token_to_id(word).is_some()
    }
}

impl Encoder {
    pub(super) fn load(weights: &Path, tokenizer: &Path, adapter: Option<&Adapter>) -> Result<Self, InferenceError> {
        let damaged = |path: &Path, reason: String| InferenceError::Unreadable { file: path.to_owned(), fault: reason };
        let words_bytes = std::fs::read(tokenizer).map_err(|fault| damaged(tokenizer, fault.to_string()))?;
        let mut words = Tokenizer::from_bytes(&words_bytes).map_err(|e| damaged(tokenizer, e.to_string()))?;
        let file = Memory::map(weights).map_err(|fault| damaged(weights, fault.to_string()))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = Machine::of(threads);
        // Processors that round otherwise give other vectors: kept ones must not be taken from one kind to the other.
        let made_by = format!("{} {:?}", adapter.map_or("", Adapter::fingerprint), machine.for_prompts());
        let fingerprint = fingerprint(&file, &words_bytes, &made_by);
        let bert = Bert::new(file, adapter).map_err(|fault| damaged(weights, fault))?;
        words.with_padding(None);
        words
            .with_truncation(Some(TruncationParams { max_length: MAX_TOKENS.min(bert.max_tokens()), ..TruncationParams::default() }))
            .map_err(|e| damaged(tokenizer, e.to_string()))?;
        let separator = words.token_to_id(SEPARATOR).ok_or_else(|| damaged(tokenizer, format!("it has no {SEPARATOR}")))?;
        Ok(Self { bert, tokenizer: words, separator, fingerprint, shared: Mutex::new(machine) })
    }

    /// What `of` makes of the vectors of each text's or pair's tokens, those of like length read together.
    pub(super) fn map<T>(&self, texts: &[(&str, Option<&str>)], of: impl Fn(&[f32]) -> T) -> Result<Vec<T>, InferenceError> {
        let compute = |fault: String| InferenceError::Failed { fault };
        let encoded = texts
            .iter()
            .map(|(first, second)| {
                let first = head(first, MAX_BYTES);
                match second {
                    Some(second) => self.tokenizer.encode_fast((first, head(second, MAX_BYTES)), true),
                    None => self.tokenizer.encode_fast(first, true),
                }
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| compute(e.to_string()))?;
        let sentences: Vec<Sentence<'_>> = encoded
            .iter()
            .map(|encoding| {
                let second = encoding.get_type_ids().iter().position(|kind| *kind == 1).unwrap_or(encoding.len());
                Sentence { tokens: encoding.get_ids(), second }
            })
            .collect();
        // Sentences of like length together: no batch is far above the bound, and the threads get parts of one size.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| sentences[index].tokens.len());
        let mut made: Vec<Option<T>> = texts.iter().map(|_| None).collect();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let mut total = 0;
            let fits = rest
                .iter()
                .take_while(|&&index| {
                    let room = total < BATCH_TOKENS;
                    total += sentences[index].tokens.len();
                    room
                })
                .count();
            let (batch, others) = rest.split_at(fits);
            let own: Vec<Sentence<'_>> = batch.iter().map(|&index| sentences[index]).collect();
            let rows = self.forward(&own).map_err(compute)?;
            let mut unread = rows.as_slice();
            for (&index, sentence) in batch.iter().zip(&own) {
                let (rows, others) = unread.split_at(sentence.tokens.len() * self.bert.width());
                made[index] = Some(of(rows));
                unread = others;
            }
            rest = others;
        }
        Ok(made.into_iter().flatten().collect())
    }

    /// Where each token of a text begins.
    pub(super) fn token_starts(&self, text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        let encoding = self.tokenizer.encode(head(text, MAX_BYTES), true).map_err(|e| InferenceError::Failed { fault: e.to_string() })?;
        Ok(encoding.get_offsets().iter().map(|(start, end)| (start < end).then_some(*start)).collect())
    }

    /// The tokens of a text, with the model's own marks around them or without.
    pub(super) fn tokens(&self, text: &str, marks: bool) -> Result<Vec<u32>, InferenceError> {
        let encoding = self.tokenizer.encode_fast(head(text, MAX_BYTES), marks);
        Ok(encoding.map_err(|e| InferenceError::Failed { fault: e.to_string() })?.get_ids().to_vec())
    }

    /// The mark behind a text.
    pub(super) fn separator(&self) -> u32 {
        self.separator
    }

    /// The vectors of the tokens of each sentence, one after the other.
    pub(super) fn rows(&self, sentences: &[Sentence<'_>]) -> Result<Vec<f32>, InferenceError> {
        self.forward(sentences).map_err(|fault| InferenceError::Failed { fault })
    }

    fn forward(&self, sentences: &[Sentence<'_>]) -> Result<Vec<f32>, String> {
        let tokens: usize = sentences.iter().map(|sentence| sentence.tokens.len()).sum();
        if tokens >= SHARED_TOKENS
            && let Ok(machine) = self.shared.try_lock()
        {
            return self.bert.forward(&machine, sentences);
        }
        self.bert.forward(&Machine::of(1), sentences)
    }
}

impl Encoder {
    /// Length of a vector.
    pub(super) fn width(&self) -> usize {
        self.bert.width()
    }

    /// Changes with the weights, the tokenizer, the adapter and the arithmetic.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

pub(super) fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0_f32; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let count = (rows.len() / width) as f32;
    mean.iter_mut().for_each(|value| *value /= count);
    mean
}

pub(super) fn to_unit_length(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

/// Hashes the length, the head with the names and shapes, and a block of every quarter megabyte of the weights: no training leaves those as they
/// were, and hashing all 90 MB would be a good part of a start on a machine without SHA instructions. `models verify` hashes everything.
fn fingerprint(weights: &[u8], tokenizer: &[u8], made_by: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(FORWARD_VERSION);
    hash.update((weights.len() as u64).to_le_bytes());
    hash.update(&weights[..weights.len().min(64 * 1024)]);
    weights.chunks(256 * 1024).for_each(|chunk| hash.update(&chunk[..chunk.len().min(1024)]));
    hash.update(tokenizer);
    hash.update(made_by);
    hex::encode(hash.finalize())
}

/// The longest beginning of at most `bytes` bytes that ends between characters.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::files::manifest::{ModelRole, Profile};
    use crate::inference::files::models::repository_models;

    fn embedder() -> Embedder {
        let store = repository_models(Profile::Default);
        Embedder::load(&store.path(ModelRole::EmbeddingWeights), &store.path(ModelRole::EmbeddingTokenizer)).unwrap()
    }

    #[test]
    fn cosines_are_those_of_an_independent_forward_pass() {
        let embedder = embedder();
        let texts = [
            "Where is my order?",
            "How can I track my parcel?",
            "What is your return policy?",
            "Can I send it back?",
            "\u{6211}\u{7684}\u{8ba2}\u{5355}\u{5728}\u{54ea}\u{91cc}\u{ff1f}",
            "Do you ship to Canada?",
        ];
        let vectors = embedder.embed(&texts).unwrap();
        let cosine = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum::<f32>();
        for (a, b, expect) in [(0, 0, 1.0), (0, 1, 0.309_06), (2, 3, 0.310_74), (0, 4, 0.083_77), (0, 5, 0.338_57), (3, 5, 0.305_66)] {
            // Rounding weights and activations to 8 bits moves a cosine by a few thousandths.
            assert!((cosine(a, b) - expect).abs() < 6e-3, "{} / {}: {}", texts[a], texts[b], cosine(a, b));
        }
        assert!((vectors[0][2] - 0.073_21).abs() < 4e-3 && (vectors[4][1] - 0.070_5).abs() < 4e-3);
    }

    #[test]
    fn a_vector_does_not_depend_on_its_batch_and_hostile_texts_are_calm() {
        let embedder = embedder();
        let (long, nothing) = ("refund ".repeat(200_000), "");
        let texts = ["refund", nothing, long.as_str(), "\u{0}\u{feff}\u{202e}", "\u{1f600}\u{1f600}"];
        let together = embedder.embed(&texts).unwrap();
        for (text, vector) in texts.iter().zip(&together) {
            let alone = &embedder.embed(&[text]).unwrap()[0];
            assert!(vector.iter().zip(alone).all(|(a, b)| (a - b).abs() < 1e-4), "{}", head(text, 20));
            assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
        }
        assert_eq!(embedder.embed(&[]).unwrap(), Vec::<Vec<f32>>::new());
    }

    #[test]
    fn a_missing_or_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (weights, tokenizer) = (folder.path().join("model.safetensors"), folder.path().join("tokenizer.json"));
        let message = |weights: &Path, tokenizer: &Path| Embedder::load(weights, tokenizer).err().unwrap().to_string();
        assert!(message(&weights, &tokenizer).contains("tokenizer.json"));
        std::fs::write(&tokenizer, "{").unwrap();
        assert!(message(&weights, &tokenizer).contains("damaged"));
    }

    #[test]
    fn the_fingerprint_follows_weights_and_tokenizer() {
        let weights = vec![7_u8; 600 * 1024];
        let first = fingerprint(&weights, b"t", "");
        let mut other = weights.clone();
        other[512 * 1024] = 8;
        assert_eq!(first, fingerprint(&weights, b"t", ""));
        assert_ne!(first, fingerprint(&other, b"t", ""));
        assert_ne!(first, fingerprint(&weights, b"u", ""));
        assert_ne!(first, fingerprint(&weights, b"t", "adapter"));
        assert_ne!(first, fingerprint(&weights[1..], b"t", ""));
    }
}

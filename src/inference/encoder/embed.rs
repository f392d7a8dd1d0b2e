//! Sentence embeddings: text in, vector of unit length out, so that a dot product is the cosine.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Device;
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use crate::inference::error::InferenceError;
use super::bert::Bert;

/// What follows is not read. The model was trained on 128 tokens and stays useful to 256.
const MAX_TOKENS: usize = 256;
/// Bytes of a text that are given to the tokenizer at all: far more than 256 tokens of any prose, and a bound on the time a hostile text costs.
const MAX_BYTES: usize = 8 * 1024;
/// Tokens in one forward pass; more no longer makes a token cheaper.
const BATCH_TOKENS: usize = 1024;
/// Part of the fingerprint: to be raised when the forward pass or the pooling changes what comes out.
const FORWARD_VERSION: &str = "minilm mean-pooled 256 v1";

/// Turns texts into vectors. Blocking, and as long as milliseconds a text: not for an async thread.
pub trait Embed: Send + Sync {
    /// One vector of unit length for each text, in their order.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError>;

    /// Length of a vector.
    fn dimensions(&self) -> usize;

    /// Changes whenever the same text may get another vector.
    fn fingerprint(&self) -> &str;
}

/// all-MiniLM-L6-v2, or another BERT of its shape, in process.
pub struct Embedder {
    bert: Bert,
    tokenizer: Tokenizer,
    fingerprint: String,
}

impl Embedder {
    /// Reads `model.safetensors` and `tokenizer.json`.
    pub fn load(weights: &Path, tokenizer: &Path) -> Result<Self, InferenceError> {
        let damaged = |path: &Path, reason: String| InferenceError::Unreadable { file: path.to_owned(), fault: reason };
        let tokenizer_bytes = read(tokenizer)?;
        let mut words = Tokenizer::from_bytes(&tokenizer_bytes).map_err(|e| damaged(tokenizer, e.to_string()))?;
        let weight_bytes = read(weights)?;
        let fingerprint = fingerprint(&weight_bytes, &tokenizer_bytes);
        let tensors: HashMap<_, _> =
            candle_core::safetensors::load_buffer(&weight_bytes, &Device::Cpu).map_err(|e| damaged(weights, e.to_string()))?;
        drop(weight_bytes);
        let bert = Bert::new(&tensors).map_err(|e| damaged(weights, e.to_string()))?;
        words.with_padding(None);
        words
            .with_truncation(Some(TruncationParams { max_length: MAX_TOKENS.min(bert.max_tokens()), ..TruncationParams::default() }))
            .map_err(|e| damaged(tokenizer, e.to_string()))?;
        Ok(Self { bert, tokenizer: words, fingerprint })
    }
}

impl Embed for Embedder {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let compute = |e: &dyn std::fmt::Display| InferenceError::Failed { fault: e.to_string() };
        let tokens = texts
            .iter()
            .map(|text| self.tokenizer.encode_fast(head(text, MAX_BYTES), true).map(|encoding| encoding.get_ids().to_vec()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| compute(&e))?;
        // Sentences of like length together: no batch is far above the bound, and attention's small matrices stay of one shape.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| tokens[index].len());
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let mut total = 0;
            let fits = rest
                .iter()
                .take_while(|&&index| {
                    let room = total < BATCH_TOKENS;
                    total += tokens[index].len();
                    room
                })
                .count();
            let (batch, others) = rest.split_at(fits);
            let sentences: Vec<&[u32]> = batch.iter().map(|&index| tokens[index].as_slice()).collect();
            for (&index, vector) in batch.iter().zip(self.bert.forward(&sentences).map_err(|e| compute(&e))?) {
                vectors[index] = vector;
            }
            rest = others;
        }
        Ok(vectors)
    }

    fn dimensions(&self) -> usize {
        self.bert.width()
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InferenceError> {
    std::fs::read(path).map_err(|fault| InferenceError::Unreadable { file: path.to_owned(), fault: fault.to_string() })
}

/// Hashes the length, the head with the names and shapes, and a block of every quarter megabyte of the weights: no training leaves those as they
/// were, and hashing all 90 MB would be a good part of a start on a machine without SHA instructions. `models verify` hashes everything.
fn fingerprint(weights: &[u8], tokenizer: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(FORWARD_VERSION);
    hash.update((weights.len() as u64).to_le_bytes());
    hash.update(&weights[..weights.len().min(64 * 1024)]);
    weights.chunks(256 * 1024).for_each(|chunk| hash.update(&chunk[..chunk.len().min(1024)]));
    hash.update(tokenizer);
    hex::encode(hash.finalize())
}

/// The longest beginning of at most `bytes` bytes that ends between characters.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights are not in git. `None` says so by name; with them the vectors are held to values computed once by an independent forward pass.
    fn embedder() -> Option<Embedder> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let find = |name: &str| [folder.join("all-MiniLM-L6-v2").join(name), folder.join(name)].into_iter().find(|path| path.is_file());
        let (Some(weights), Some(tokenizer)) = (find("model.safetensors"), find("tokenizer.json")) else {
            eprintln!("skipped: embeddings (no all-MiniLM-L6-v2 under models/; run `nightdesk models fetch`)");
            return None;
        };
        Some(Embedder::load(&weights, &tokenizer).unwrap())
    }

    #[test]
    fn cosines_are_those_of_an_independent_forward_pass() {
        let Some(embedder) = embedder() else { return };
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
            assert!((cosine(a, b) - expect).abs() < 1e-3, "{} / {}: {}", texts[a], texts[b], cosine(a, b));
        }
        assert!((vectors[0][2] - 0.073_21).abs() < 1e-3 && (vectors[4][1] - 0.070_5).abs() < 1e-3);
    }

    #[test]
    fn a_vector_does_not_depend_on_its_batch_and_hostile_texts_are_calm() {
        let Some(embedder) = embedder() else { return };
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
        let first = fingerprint(&weights, b"t");
        let mut other = weights.clone();
        other[512 * 1024] = 8;
        assert_eq!(first, fingerprint(&weights, b"t"));
        assert_ne!(first, fingerprint(&other, b"t"));
        assert_ne!(first, fingerprint(&weights, b"u"));
        assert_ne!(first, fingerprint(&weights[1..], b"t"));
    }
}

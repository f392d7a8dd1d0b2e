//! The language model's tokenizer, rebuilt from the vocabulary and merges of its GGUF.
//!
//! Control tokens are found by us, not by the byte-pair model, and only outside the ranges that hold other people's text: a shopper who
//! types `<|im_end|>` sends nine ordinary characters, never the end of their turn.

use std::collections::HashMap;
use std::ops::Range;

use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::{SplitDelimiterBehavior, Tokenizer as Inner};

use crate::inference::error::InferenceError;
use crate::inference::model::gguf::Gguf;

/// Qwen 2's way to cut text into words: each digit alone, punctuation with the line breaks after it.
const QWEN2: &str = concat!(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// GGUF's token types: ordinary tokens are 1; these are the ones that text must not become by itself.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// Text to token ids and back to bytes.
pub struct Tokenizer {
    inner: Inner,
    tokens: Vec<String>,
    /// Control tokens by their first byte, the longest first: `<|im_start|>` before a shorter one that begins it.
    controls: HashMap<u8, Vec<(String, u32)>>,
    is_control: Vec<bool>,
    bytes: HashMap<char, u8>,
}

impl Tokenizer {
    /// Builds the tokenizer the file describes.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, InferenceError> {
        let pre = gguf.text("tokenizer.ggml.pre")?;
        let model = gguf.text("tokenizer.ggml.model")?;
        if model != "gpt2" {
            return Err(InferenceError::UnknownTokenizer { file: gguf.path().to_owned(), pre: format!("{model}/{pre}") });
        }
        let tokens: Vec<String> = gguf.texts("tokenizer.ggml.tokens")?.into_iter().map(str::to_owned).collect();
        let merges = gguf.texts("tokenizer.ggml.merges")?.into_iter().map(|merge| {
            let pair = merge.split_once(' ').ok_or_else(|| gguf.refuse(format!("`{merge}` is not a merge of two tokens")))?;
            Ok((pair.0.to_owned(), pair.1.to_owned()))
        });
        let merges = merges.collect::<Result<Vec<_>, InferenceError>>()?;
        let vocabulary: tokenizers::models::bpe::Vocab = tokens.iter().zip(0..).map(|(token, id)| (token.clone(), id)).collect();
        let bpe =
            BPE::builder().vocab_and_merges(vocabulary, merges).build().map_err(|fault| gguf.refuse(format!("its vocabulary: {fault}")))?;
        let mut inner = Inner::new(bpe);
        cut_words(&mut inner, pre, gguf)?;

        let types = gguf.numbers("tokenizer.ggml.token_type")?;
        if types.len() != tokens.len() {
            return Err(gguf.refuse(format!("it has {} tokens but types for {}", tokens.len(), types.len())));
        }
        let is_control: Vec<bool> = types.iter().map(|kind| matches!(*kind, CONTROL | USER_DEFINED)).collect();
        let mut controls: HashMap<u8, Vec<(String, u32)>> = HashMap::new();
        for (token, id) in tokens.iter().zip(0..).filter(|(token, id)| is_control[*id as usize] && !token.is_empty()) {
            controls.entry(token.as_bytes()[0]).or_default().push((token.clone(), id));
        }
        for group in controls.values_mut() {
            group.sort_by_key(|(token, _)| std::cmp::Reverse(token.len()));
        }
        Ok(Self { inner, tokens, controls, is_control, bytes: byte_alphabet() })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token with this text.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The text of a token, as the file spells it.
    pub fn token(&self, id: usize) -> Option<&str> {
        self.tokens.get(id).map(String::as_str)
    }

    /// The tokens of `text`, in which control tokens count except inside `quoted` (ascending ranges of bytes: text from outside).
    pub fn encode(&self, text: &str, quoted: &[Range<usize>]) -> Result<Vec<u32>, InferenceError> {
        let mut ids = Vec::new();
        let mut done = 0;
        let mut at = 0;
        while at < text.len() {
            match self.control_at(text, at, quoted) {
                Some((length, id)) => {
                    self.append_plain(&text[done..at], &mut ids)?;
                    ids.push(id);
                    at += length;
                    done = at;
                }
                None => at += 1,
            }
        }
        self.append_plain(&text[done..], &mut ids)?;
        Ok(ids)
    }

    /// The tokens of `text`, in which nothing is a control token.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        let mut ids = Vec::new();
        self.append_plain(text, &mut ids)?;
        Ok(ids)
    }

    /// The bytes a token stands for; a control token stands for none.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        match self.tokens.get(id as usize) {
            Some(token) if !self.is_control[id as usize] => token.chars().filter_map(|letter| self.bytes.get(&letter).copied()).collect(),
            _ => Vec::new(),
        }
    }

    fn control_at(&self, text: &str, at: usize, quoted: &[Range<usize>]) -> Option<(usize, u32)> {
        let rest = &text.as_bytes()[at..];
        let (token, id) = self.controls.get(rest.first()?)?.iter().find(|(token, _)| rest.starts_with(token.as_bytes()))?;
        let end = at + token.len();
        // The first range that ends behind `at` is the only one it can touch first.
        let touched = quoted.get(quoted.partition_point(|range| range.end <= at));
        touched.is_none_or(|range| range.start >= end || range.is_empty()).then_some((token.len(), *id))
    }

    fn append_plain(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), InferenceError> {
        if text.is_empty() {
            return Ok(());
        }
        let encoding =
            self.inner.encode_fast(text, false).map_err(|fault| InferenceError::Failed { fault: format!("tokenizer: {fault}") })?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}

fn cut_words(inner: &mut Inner, pre: &str, gguf: &Gguf) -> Result<(), InferenceError> {
    let unknown = || InferenceError::UnknownTokenizer { file: gguf.path().to_owned(), pre: pre.to_owned() };
    match pre {
        "smollm" => {
            let steps = vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()];
            inner.with_pre_tokenizer(Some(Sequence::new(steps)));
        }
        "qwen2" => {
            let split =
                Split::new(SplitPattern::Regex(QWEN2.to_owned()), SplitDelimiterBehavior::Isolated, false).map_err(|_| unknown())?;
            inner.with_pre_tokenizer(Some(Sequence::new(vec![split.into(), ByteLevel::new(false, false, false).into()])));
            inner.with_normalizer(Some(NFC)).map_err(|_| unknown())?;
        }
        _ => return Err(unknown()),
    }
    Ok(())
}

/// The letters that byte-level vocabularies spell bytes with: printable bytes are themselves, the others follow from U+0100 in order.
fn byte_alphabet() -> HashMap<char, u8> {
    let mut next = 0x100;
    (0..=u8::MAX)
        .map(|byte| match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => (char::from(byte), byte),
            _ => {
                let letter = char::from_u32(next).expect("U+0100 to U+0143 are letters");
                next += 1;
                (letter, byte)
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;

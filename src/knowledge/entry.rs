//! An entry: one question of the shop with its answer.

use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// A stable id: `topic/slug`, lower-case ASCII, from an explicit `{#id}` behind the heading or from the English question. Unique in the base.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(Arc<str>);

impl EntryId {
    /// 1 to 120 lower-case letters, digits, `-`, `_` and `/`.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=120).contains(&raw.len())
            && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'/'));
        fits.then(|| Self(raw.into()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a person gets the conversation behind an entry's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HandoffRule {
    /// The answer is all that is needed.
    #[default]
    Never,
    /// A person deals with it, whoever asks.
    Always,
}

impl HandoffRule {
    /// The rule of that name in a knowledge file.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The file's topic.
    pub topic: String,
    /// `en`, `zh` …
    pub locale: String,
    /// When somebody last checked it.
    pub updated: Option<Date>,
    /// The heading.
    pub question: String,
    /// Other ways to ask.
    pub phrasings: Vec<String>,
    /// The answer as plain text for a shopper: paragraphs parted by a blank line, list items as `- ` lines, links as `words (URL)`.
    pub answer: String,
    /// Whether a person gets the conversation behind the answer.
    pub handoff: HandoffRule,
    /// Path relative to the knowledge folder, with `/`.
    pub file: String,
    /// Line of the heading, from 1.
    pub line: usize,
}

impl Entry {
    /// Names what the entry says: the first 16 hexadecimal digits of SHA-256 over question, NUL and answer. Where it says it does not matter.
    pub fn version(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(self.question.as_bytes());
        digest.update([0]);
        digest.update(self.answer.as_bytes());
        hex::encode(&digest.finalize()[..8])
    }
}

#[cfg(test)]
impl Entry {
    /// An English entry `a/b` without phrasings.
    pub(crate) fn sample(question: &str, answer: &str) -> Self {
        Self {
            id: EntryId::parse("a/b").expect("it is an id"),
            topic: "a".to_owned(),
            locale: "en".to_owned(),
            updated: None,
            question: question.to_owned(),
            phrasings: Vec::new(),
            answer: answer.to_owned(),
            handoff: HandoffRule::default(),
            file: "a.md".to_owned(),
            line: 1,
        }
    }
}

/// A whole knowledge base. Entries are in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knowledge {
    /// The entries.
    pub entries: Vec<Arc<Entry>>,
    /// SHA-256 over all that an answer depends on, in hexadecimal digits.
    pub hash: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_what_is_said_and_nothing_else() {
        let entry = Entry::sample;
        let version = entry("How long?", "Two days.").version();
        // printf 'How long?\0Two days.' | sha256sum
        assert_eq!(version, "737ca9d5f3397ca7");
        for (question, answer) in [("How long", "?Two days."), ("How long?", "Two days"), ("How long?\0", "Two days.")] {
            assert_ne!(entry(question, answer).version(), version, "{question} {answer}");
        }
        let moved = Entry { line: 7, file: "b.md".into(), phrasings: vec!["when".into()], ..entry("How long?", "Two days.") };
        assert_eq!(moved.version(), version);
    }
}

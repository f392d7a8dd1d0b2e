//! An entry: one question of the shop with its answer.

use std::sync::Arc;

use jiff::civil::Date;

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
    /// Path relative to the knowledge folder, with `/`.
    pub file: String,
    /// Line of the heading, from 1.
    pub line: usize,
}

/// A whole knowledge base. Entries are in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knowledge {
    /// The entries.
    pub entries: Vec<Arc<Entry>>,
    /// SHA-256 over all that an answer depends on, in hexadecimal digits.
    pub hash: String,
}

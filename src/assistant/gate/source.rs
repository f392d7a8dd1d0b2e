//! A source, read once: its sentences, and where each word stands.

use std::collections::HashMap;

use super::passage::Passage;
use crate::assistant::sentences::canonical;
use crate::knowledge::{is_abbreviated, sentences};

/// The most characters of a sentence that are read as one.
const LONGEST: usize = 1_000;

/// The most sentences that are read: what stands behind them supports nothing, unless it is said word for word.
const MOST_SENTENCES: usize = 2_000;

/// A text that statements are held against.
#[derive(Debug)]
pub struct Source {
    /// Its sentences.
    pub passages: Vec<Passage>,
    /// By the word, the sentences that have it, in their order.
    pub places: HashMap<String, Vec<u32>>,
}

impl Source {
    /// Reads it.
    pub fn read(text: &str) -> Self {
        let passages: Vec<Passage> =
            split(text).iter().flat_map(|sentence| pieces(sentence)).take(MOST_SENTENCES).map(Passage::read).collect();
        let mut places: HashMap<String, Vec<u32>> = HashMap::new();
        for (number, passage) in (0_u32..).zip(&passages) {
            for word in &passage.words {
                let own = places.entry(word.stem.clone()).or_default();
                if own.last() != Some(&number) {
                    own.push(number);
                }
            }
        }
        Self { passages, places }
    }

    /// The sentences with a word.
    pub fn with(&self, stem: &str) -> &[u32] {
        self.places.get(stem).map_or(&[], Vec::as_slice)
    }

    /// Whether a sentence has a word, itself or in what it leans on.
    pub fn says(&self, sentence: u32, stem: &str) -> bool {
        let own = self.with(stem);
        self.context(sentence).any(|place| own.binary_search(&place).is_ok())
    }

    /// A sentence, and the one or two before it that it leans on.
    pub fn context(&self, sentence: u32) -> impl Iterator<Item = u32> {
        let leans = |place: u32| self.passages.get(place as usize).is_some_and(|passage| passage.leans);
        let back = match sentence {
            0 => 0,
            _ if !leans(sentence) => 0,
            1 => 1,
            _ if leans(sentence - 1) => 2,
            _ => 1,
        };
        (0..=back).map(move |step| sentence - step)
    }
}

/// A sentence in pieces that are not too long: no one writes such sentences, and what is said of one is looked for in all of it.
fn pieces(sentence: &str) -> impl Iterator<Item = &str> {
    let mut rest = sentence;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.char_indices().nth(LONGEST).map_or(rest.len(), |(at, _)| at);
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        Some(piece)
    })
}

/// The sentences of a text, white space made plain.
pub fn split(text: &str) -> Vec<String> {
    sentences(text).into_iter().map(|range| text[range].split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Whether the statement is, word for word, a sentence of the source: it begins where one begins, and ends where one ends.
pub fn stands_verbatim(statement: &str, source: &str) -> bool {
    let said = canonical(statement);
    let said = said.trim_end_matches(['?', '…', '！', '？', ' ']);
    if !said.chars().any(char::is_alphanumeric) {
        return false;
    }
    source.lines().any(|line| {
        let line = canonical(line);
        line.match_indices(said).any(|(at, _)| opens(&line[..at]) && closes(&line[at + said.len()..]))
    })
}

fn opens(before: &str) -> bool {
    // Behind a 'Yes,' the whole statement stands; behind a 'No,' it may be what is denied.
    let before = before.strip_suffix("yes, ").unwrap_or(before);
    let trimmed = before.trim_end_matches([' ', '"', '\'', '(', '“', '”', ')', '-', '*', '•']);
    let Some(last) = trimmed.chars().last() else { return true };
    let parted = before.len() > trimmed.len();
    match last {
        '。' | '！' | '？' | '…' => true,
        '!' | '?' => parted,
        '.' => parted && !is_abbreviated(trimmed.trim_end_matches('.')),
        _ => false,
    }
}

fn closes(after: &str) -> bool {
    let Some(first) = after.chars().next() else { return true };
    let rest = after.trim_start_matches(['.', '!', '?', '。', '！', '？', '…', '"', '\'', ')', '”', '’', '）']);
    match first {
        '。' | '！' | '？' | '…' => true,
        '.' | '!' | '?' => rest.is_empty() || rest.starts_with(' '),
        '"' | '\'' | ')' => rest.is_empty(),
        _ => false,
    }
}

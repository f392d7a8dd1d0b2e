//! Likeness by spelling: cosine of two texts' character n-grams, weighed by rarity. A typo, a missing accent or an ending changes a few of them, where a
//! word would be another word.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::knowledge::Entry;

/// Lengths of the pieces, within words that are marked at both ends.
const SIZES: std::ops::RangeInclusive<usize> = 2..=5;
/// Characters of a text that are looked at.
const MOST_CHARACTERS: usize = 400;

/// How rare each piece is in a knowledge base.
pub(super) struct Grams {
    /// In how many texts.
    counts: HashMap<u32, u32>,
    texts: f32,
}

/// A text's pieces, weighed; unit length, in the order of their hashes.
pub(super) struct Spelling(Vec<(u32, f32)>);

impl Grams {
    /// Counts the pieces of all questions and phrasings.
    pub(super) fn build<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        let mut texts = 0.0;
        for text in entries.flat_map(|entry| std::iter::once(&entry.question).chain(&entry.phrasings)) {
            pieces(text).into_iter().for_each(|(piece, _)| *counts.entry(piece).or_default() += 1);
            texts += 1.0;
        }
        Self { counts, texts }
    }

    /// Of one text. Pieces that the knowledge base does not have count as the rarest.
    pub(super) fn spelling(&self, text: &str) -> Spelling {
        let rarity = |piece| ((1.0 + self.texts) / (1.0 + self.counts.get(&piece).copied().unwrap_or(0) as f32)).ln() + 1.0;
        let mut weighed: Vec<(u32, f32)> =
            pieces(text).into_iter().map(|(piece, count)| (piece, (1.0 + (count as f32).ln()) * rarity(piece))).collect();
        let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        weighed.iter_mut().for_each(|(_, weight)| *weight /= length);
        Spelling(weighed)
    }
}

impl Spelling {
    /// Of a query: pieces that the knowledge base has nowhere are left out, for they can tell no entry from another.
    pub(super) fn of_query(grams: &Grams, text: &str) -> Self {
        let mut spelling = grams.spelling(text);
        spelling.0.retain(|(piece, _)| grams.counts.contains_key(piece));
        let length = spelling.0.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        spelling.0.iter_mut().for_each(|(_, weight)| *weight /= length);
        spelling
    }

    /// The cosine.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut sum = 0.0;
        while let (Some((a, x)), Some((b, y))) = (left.peek(), right.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    sum += x * y;
                    left.next();
                    right.next();
                }
            }
        }
        sum
    }
}

/// The different pieces of a text with how often each occurs, in the order of their hashes.
fn pieces(text: &str) -> Vec<(u32, u32)> {
    let plain: String = text.chars().take(MOST_CHARACTERS).nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let mut hashes = Vec::new();
    for word in plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let marked: Vec<char> = std::iter::once(' ').chain(word.chars()).chain([' ']).collect();
        for size in SIZES {
            let last = marked.len().saturating_sub(size);
            hashes.extend((0..=last).map(|start| hash(&marked[start..(start + size).min(marked.len())])));
        }
    }
    hashes.sort_unstable();
    let mut counted: Vec<(u32, u32)> = Vec::with_capacity(hashes.len());
    for hash in hashes {
        match counted.last_mut() {
            Some((last, count)) if *last == hash => *count += 1,
            _ => counted.push((hash, 1)),
        }
    }
    counted
}

/// FNV-1a.
fn hash(piece: &[char]) -> u32 {
    piece.iter().fold(0x811c_9dc5, |hash, c| (hash ^ u32::from(*c)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_stays_near() {
        let grams = Grams { counts: pieces("where is my refund money parcel").into_iter().collect(), texts: 3.0 };
        let near = |a: &str, b: &str| Spelling::of_query(&grams, a).likeness(&grams.spelling(b));
        assert!((near("where is my refund", "Where is my REFUND?") - 1.0).abs() < 1e-5);
        let (typo, other) = (near("wher is my refnd", "where is my refund"), near("where is my parcel", "where is my refund"));
        assert!(typo > 0.5 && typo > near("money", "where is my refund"), "{typo} {other}");
        assert!((near("réfund", "refund") - 1.0).abs() < 1e-5);
        for nothing in ["", "?!", "zzz"] {
            assert_eq!(near(nothing, "refund"), 0.0);
        }
        assert!(near(&"refund ".repeat(10_000), "refund") > 0.9);
    }

    #[test]
    fn pieces_are_counted() {
        let count = |text: &str| pieces(text).iter().map(|(_, count)| count).sum::<u32>();
        // " ab ": three of two, two of three, one of four, and the whole once more for five.
        assert_eq!((count("ab"), count("AB ab"), count("")), (7, 14, 0));
    }
}

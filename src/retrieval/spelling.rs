//! Words that the knowledge base does not know, read as the known ones that they are a slip away from. Pure.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::knowledge::Entry;

/// Shorter words are a slip away from too many others.
const SHORTEST: usize = 5;
/// Two letters that changed places are looked for in words of this length on.
const SHORTEST_SWAP: usize = 4;
/// Words of a message that are looked at; the rest of a longer one is read as it stands.
const MOST_WORDS: usize = 64;

/// The words of the entries, as they are written there.
pub(super) struct Vocabulary {
    /// How often each occurs. In lower case, without accents.
    words: HashMap<String, usize>,
}

impl Vocabulary {
    /// Of question, phrasings and answer of each entry.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut words = HashMap::new();
        for entry in entries {
            let texts = [&entry.question, &entry.answer].into_iter().chain(&entry.phrasings);
            for (word, _) in texts.flat_map(|text| pieces(text)).filter(|(piece, is_word)| *is_word && piece.chars().count() >= 2) {
                *words.entry(plain(word)).or_default() += 1;
            }
        }
        Self { words }
    }

    /// The text with each unknown word of five letters or more replaced by the known one that is one slip away (a letter too many, too few, another,
    /// or two that changed places, these in words of four letters too); the most frequent one where there are several. What `is_word` takes is a word
    /// of the language that this shop happens not to use: replaced, it would make a question that nothing answers look like one that something does.
    /// `None` where nothing is to be replaced.
    pub(super) fn corrected(&self, text: &str, is_word: &dyn Fn(&str) -> bool) -> Option<String> {
        let mut looked_at = 0;
        let mut changed = false;
        let mut out = String::with_capacity(text.len());
        for (piece, lettered) in pieces(text) {
            looked_at += usize::from(lettered);
            match self.nearest(piece, is_word).filter(|_| lettered && looked_at <= MOST_WORDS) {
                Some(known) => {
                    changed = true;
                    out.push_str(known);
                }
                None => out.push_str(piece),
            }
        }
        changed.then_some(out)
    }

    fn nearest(&self, word: &str, is_word: &dyn Fn(&str) -> bool) -> Option<&str> {
        let word = plain(word);
        let letters: Vec<char> = word.chars().collect();
        let plain_letters = letters.iter().all(|c| c.is_ascii_alphabetic());
        if letters.len() < SHORTEST_SWAP || !plain_letters || self.words.contains_key(&word) || is_word(&word) {
            return None;
        }
        let near = self.words.iter().filter(|(known, _)| match letters.len() {
            SHORTEST.. => one_slip(&letters, known),
            _ => known.len() == letters.len() && one_slip(&letters, known) && same_letters(&letters, known),
        });
        let best = near.max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)))?;
        Some(best.0)
    }
}

/// Words, and what stands between them; an apostrophe belongs to its word. Together they are the text.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let in_word = |c: char| c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '\'' | '\u{2019}');
        let is_word = in_word(rest.chars().next()?);
        let end = rest.find(|c| in_word(c) != is_word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, is_word))
    })
}

fn plain(word: &str) -> String {
    word.nfkd().filter(|c| c.is_alphanumeric() && !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether one insertion, deletion, substitution or transposition of neighbours leads from one word to the other. The first letter is seldom wrong.
fn one_slip(word: &[char], known: &str) -> bool {
    let known: Vec<char> = known.chars().collect();
    let (short, long) = if word.len() <= known.len() { (word, known.as_slice()) } else { (known.as_slice(), word) };
    if long.len() - short.len() > 1 || short.is_empty() || short[0] != long[0] {
        return false;
    }
    let begin = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[begin..], &long[begin..]);
    if short.len() < long.len() {
        return short == &long[1..];
    }
    match (short, long) {
        ([], []) => false,
        ([_, short @ ..], [_, long @ ..]) if short == long => true,
        ([a, b, short @ ..], [c, d, long @ ..]) => a == d && b == c && short == long,
        _ => false,
    }
}

fn same_letters(word: &[char], known: &str) -> bool {
    let (mut word, mut known) = (word.to_vec(), known.chars().collect::<Vec<_>>());
    word.sort_unstable();
    known.sort_unstable();
    word == known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{EntryId, HandoffRule};

    fn vocabulary(answer: &str) -> Vocabulary {
        let entry = Entry {
            id: EntryId::parse("a").unwrap(),
            topic: "t".into(),
            locale: "en".into(),
            updated: None,
            question: "How do I return an item?".into(),
            phrasings: vec!["refund please".into()],
            answer: answer.into(),
            handoff: HandoffRule::Never,
            file: "t.md".into(),
            line: 1,
        };
        Vocabulary::of(std::iter::once(&entry))
    }

    #[test]
    fn a_slip_is_read_as_the_word_that_was_meant() {
        let vocabulary = vocabulary("Shipping to Canada is free; the café doesn't ship there. Returned returned parcels.");
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(vocabulary.corrected(text, &|word| word == "chip" || word == "shopping").as_deref(), expect, "{text}")
        };
        check("how to retrun it", Some("how to return it"));
        check("REFUDN, plz!", Some("refund, plz!"));
        check("shiping to canda?", Some("shipping to canada?"));
        check("retunred", Some("returned"));
        check("return to Canada", None);
        check("Réfund", None);
        check("does'nt", None);
        check("shopping", None);
        check("tiem", None);
        check("itme", Some("item"));
        check("ites", None);
        check("eturn", None);
        check("r3turn", None);
        check("退货 retrun", Some("退货 return"));
        check("", None);
        check("\u{1f600}\u{0} ''''''", None);
    }

    #[test]
    fn words_beyond_the_bound_are_read_as_they_stand() {
        let vocabulary = vocabulary("");
        let many = "retrun ".repeat(100);
        assert_eq!(vocabulary.corrected(&many, &|_| false).map(|text| text.matches("return").count()), Some(MOST_WORDS));
    }
}

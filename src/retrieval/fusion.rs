//! How the signals of one entry become one score.

use super::{SIGNALS, Signals};

/// How the signals are weighed, in log-odds, and what 'no entry answers this' scores.
struct Weights {
    /// In the order of [`Signals::values`].
    signals: [f32; SIGNALS],
    /// 'No entry'.
    none: f32,
    /// What each signal's mean over the shortlist adds to 'no entry': where even the entries that are only near come very near, nearness says little.
    none_signals: [f32; SIGNALS],
    /// What the logarithm of the number of words adds to it: long messages come near to nothing.
    none_terms: f32,
}

/// Where entries have answers that were read. Fitted by `models/reader/fit.py` on 1815 messages of eight shops, read with an adapter that was trained on
/// forty others, the labelled questions of the demo shop, and 177 messages of other matters. With each shop held out in turn, on the eight: right entry
/// first 0.65 of the answerable, resolved at 80 % precision 0.49, at 90 % 0.36, AUROC 0.85, expected calibration error 0.09.
const READ: Weights = Weights {
    signals: [3.928, 0.056, 0.16, 3.045, 7.353, 9.035, 8.999, 0.065, 1.699],
    none: 15.132,
    none_signals: [9.232, 0.0, 0.0, 0.0, -12.939, 2.574, 4.372, 0.0, 0.0],
    none_terms: -2.044,
};
/// Where there are phrasings alone, or no model that reads. What is 0 here may speak for an entry where phrasings are many (see `confidence::Choice`).
const UNREAD: Weights =
    Weights { signals: [0.413, 0.0, 0.067, 5.69, 0.0, 0.0, 0.0, 2.602, 0.0], none: 11.678, none_signals: [0.0; SIGNALS], none_terms: 0.0 };
/// For a query of Chinese alone, shared characters decide: the sentence model knows few of them. Set by hand.
const CJK: [f32; SIGNALS] = [0.5, 0.0, 4.0, 0.5, 0.0, 0.0, 0.0, 6.0, 5.0];
/// Log-odds that an entry loses which answers in a script that the shopper did not use.
const OTHER_SCRIPT: f32 = 4.0;

/// What an entry gains whose phrasing the message is, word for word: no other evidence is needed then, and rounding is all that keeps both likenesses
/// from 1.
const SAME_WORDS: f32 = 8.0;
const SAME: f32 = 0.985;
/// What 'no entry' scores for Chinese, set by hand.
const NONE_CJK: f32 = 7.5;

/// What a shop's own messages change: added to the weights of the signals, and to what 'no entry' scores.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Correction {
    /// In the order of [`Signals::values`].
    pub signals: [f32; SIGNALS],
    /// For 'no entry'.
    pub none: f32,
}

impl Correction {
    /// Which signals are shared words.
    pub const WORDS: [bool; SIGNALS] = [false, false, false, false, false, false, false, true, true];

    /// Shared words no longer count.
    pub fn without_words(read: Read) -> Self {
        let weights = read.weights();
        let signals = std::array::from_fn(|index| if Self::WORDS[index] { -weights.signals[index] } else { 0.0 });
        Self { signals, none: 0.0 }
    }
}

/// Whether the entries' answers were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Token by token, by the adapted model.
    Answers,
    /// There are phrasings alone, or no such model.
    Nothing,
}

impl Read {
    fn weights(self) -> &'static Weights {
        match self {
            Self::Answers => &READ,
            Self::Nothing => &UNREAD,
        }
    }
}

/// What is weighed the same for all entries of a search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) read: Read,
    /// The share of Chinese letters in the query.
    pub(super) cjk: f32,
    /// How many words the query has.
    pub(super) terms: usize,
}

impl Scale {
    /// The score of 'no entry', by what the shortlist's signals are on average.
    pub(super) fn none(&self, average: &Signals, correction: &Correction) -> f32 {
        let weights = self.read.weights();
        let none = weights.none + weights.none_terms * (self.terms.max(1) as f32).ln() + average.weighed(&weights.none_signals);
        (1.0 - self.cjk) * none + self.cjk * NONE_CJK + correction.none
    }

    /// The score of an entry, of whose question such a share of letters is Chinese.
    pub(super) fn score(&self, signals: &Signals, entry_cjk: f32) -> f32 {
        let score = (1.0 - self.cjk) * signals.weighed(&self.read.weights().signals) + self.cjk * signals.weighed(&CJK);
        let score = if signals.phrasing >= SAME && signals.grams >= SAME { score + SAME_WORDS } else { score };
        let same_script = (self.cjk >= 0.5) == (entry_cjk >= 0.5);
        if same_script { score } else { score - OTHER_SCRIPT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_for_chinese_and_nearness_for_english() {
        let near = Signals { phrasing: 0.8, phrasings: 0.7, sentence: 0.7, tokens: 0.7, ..Signals::default() };
        let alike = Signals { phrasing: 0.1, sentence: 0.1, tokens: 0.1, grams: 0.6, lexical: 0.6, coverage: 0.8, ..Signals::default() };
        let fuse = |signals: &Signals, cjk: f32, entry_cjk: f32| Scale { read: Read::Answers, cjk, terms: 5 }.score(signals, entry_cjk);
        assert!(fuse(&near, 0.0, 0.0) > fuse(&alike, 0.0, 0.0));
        assert!(fuse(&alike, 1.0, 1.0) > fuse(&near, 1.0, 1.0));
        assert!(fuse(&alike, 1.0, 1.0) > fuse(&alike, 1.0, 0.0));
        assert!(fuse(&near, 0.0, 0.0) > fuse(&near, 0.0, 1.0));
        let same = Signals { phrasing: 1.0, grams: 1.0, ..near };
        assert!(fuse(&same, 0.0, 0.0) > fuse(&Signals { grams: 0.9, ..same }, 0.0, 0.0) + 7.0);
    }

    #[test]
    fn no_entry_is_likelier_the_shorter_the_query_and_for_phrasings_by_a_constant() {
        let (average, correction) =
            (Signals { phrasing: 0.4, passage: 0.5, ..Signals::default() }, Correction { none: 0.5, ..Correction::default() });
        let none = |read, terms| Scale { read, cjk: 0.0, terms }.none(&average, &correction);
        assert!(none(Read::Answers, 2) > none(Read::Answers, 20));
        assert_eq!(none(Read::Nothing, 2), UNREAD.none + 0.5);
        assert_eq!(none(Read::Nothing, 2), none(Read::Nothing, 20));
    }
}

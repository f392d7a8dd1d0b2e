//! How the signals of one entry become one score.

use super::{SIGNALS, Signals};

/// Weights of the signals, in log-odds, in the order of [`Signals::values`]. Fitted by `models/reader/fit.py` on 1734 messages of eight shops, read with an
/// adapter that was trained on eight others, the 278 labelled questions of the demo shop, and 497 messages of other matters. With each shop held out in turn, on
/// the eight: right entry first 0.57 of the answerable, resolved at 80 % precision 0.23, at 90 % 0.13, AUROC 0.77, expected calibration error 0.10. What is 0 here may speak for an entry where phrasings are
/// many (see `confidence::Choice`).
const ENGLISH: [f32; SIGNALS] = [0.413, 0.0, 0.067, 5.69, 8.935, 11.238, 2.602, 0.0];
/// For a query of Chinese alone, shared characters decide: the sentence model knows few of them. Set by hand.
const CJK: [f32; SIGNALS] = [0.5, 0.0, 4.0, 0.5, 0.0, 0.0, 6.0, 5.0];
/// Log-odds that an entry loses which answers in a script that the shopper did not use.
const OTHER_SCRIPT: f32 = 4.0;

/// What an entry gains whose phrasing the message is, word for word: no other evidence is needed then, and rounding is all that keeps both likenesses
/// from 1.
const SAME_WORDS: f32 = 8.0;
const SAME: f32 = 0.985;
/// What 'no entry answers this' scores.
const NONE: f32 = 11.678;
/// The same for Chinese, set by hand.
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
    pub const WORDS: [bool; SIGNALS] = [false, false, false, false, false, false, true, true];

    /// Shared words no longer count.
    pub fn without_words() -> Self {
        let signals = std::array::from_fn(|index| if Self::WORDS[index] { -ENGLISH[index] } else { 0.0 });
        Self { signals, none: 0.0 }
    }
}

/// The score of 'no entry' for a query.
pub(super) fn none(query_cjk: f32, correction: &Correction) -> f32 {
    (1.0 - query_cjk) * NONE + query_cjk * NONE_CJK + correction.none
}

/// The score of an entry; the `cjk` values are shares of letters.
pub(super) fn fuse(signals: &Signals, query_cjk: f32, entry_cjk: f32) -> f32 {
    let score = (1.0 - query_cjk) * signals.weighed(&ENGLISH) + query_cjk * signals.weighed(&CJK);
    let score = if signals.phrasing >= SAME && signals.grams >= SAME { score + SAME_WORDS } else { score };
    let same_script = (query_cjk >= 0.5) == (entry_cjk >= 0.5);
    if same_script { score } else { score - OTHER_SCRIPT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_for_chinese_and_nearness_for_english() {
        let near = Signals { phrasing: 0.8, phrasings: 0.7, answer: 0.7, tokens: 0.7, ..Signals::default() };
        let alike = Signals { phrasing: 0.1, answer: 0.1, tokens: 0.1, grams: 0.6, lexical: 0.6, coverage: 0.8, ..Signals::default() };
        assert!(fuse(&near, 0.0, 0.0) > fuse(&alike, 0.0, 0.0));
        assert!(fuse(&alike, 1.0, 1.0) > fuse(&near, 1.0, 1.0));
        assert!(fuse(&alike, 1.0, 1.0) > fuse(&alike, 1.0, 0.0));
        assert!(fuse(&near, 0.0, 0.0) > fuse(&near, 0.0, 1.0));
        let same = Signals { phrasing: 1.0, grams: 1.0, ..near };
        assert!(fuse(&same, 0.0, 0.0) > fuse(&Signals { grams: 0.9, ..same }, 0.0, 0.0) + 7.0);
    }
}

//! How the signals of one entry become one score.

use super::dense::DenseScore;

/// Weights were chosen on the sixteen shops (2875 messages that an entry answers): right entry first 0.30 by BM25 alone, 0.38 by the nearest phrasing
/// alone, 0.50 by phrasing and answer, 0.53 by all three. Around these values the figure is flat.
const PHRASING: f32 = 0.4;
const ANSWER: f32 = 0.3;
const SENTENCE: f32 = 0.3;
const LEXICAL: f32 = 0.0125;
/// For a query of Chinese alone, words decide: the sentence model knows few of its characters.
const LEXICAL_CJK: f32 = 0.05;
const DENSE_CJK: f32 = 0.1;
/// An entry of the other script answers in a language the shopper did not use.
const OTHER_SCRIPT: f32 = 0.5;

/// The score of an entry: `lexical` is its BM25, the `cjk` values are shares of letters.
pub(super) fn fuse(lexical: f32, dense: &DenseScore, query_cjk: f32, entry_cjk: f32) -> f32 {
    let between = |latin: f32, cjk: f32| latin + (cjk - latin) * query_cjk;
    let near = PHRASING * dense.phrasing + ANSWER * dense.answer + SENTENCE * dense.sentence;
    let score = between(1.0, DENSE_CJK) * near + between(LEXICAL, LEXICAL_CJK) * lexical;
    let same_script = (query_cjk >= 0.5) == (entry_cjk >= 0.5);
    if same_script || score <= 0.0 { score } else { score * OTHER_SCRIPT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_for_chinese_and_nearness_for_english() {
        let near = DenseScore { phrasing: 0.8, nearest: 0, answer: 0.7, sentence: 0.7 };
        let far = DenseScore { phrasing: 0.1, nearest: 0, answer: 0.1, sentence: 0.1 };
        assert!(fuse(0.0, &near, 0.0, 0.0) > fuse(12.0, &far, 0.0, 0.0));
        assert!(fuse(12.0, &far, 1.0, 1.0) > fuse(0.0, &near, 1.0, 1.0));
        assert!(fuse(4.0, &far, 1.0, 1.0) > fuse(4.0, &far, 1.0, 0.0));
        assert!(fuse(0.0, &near, 0.0, 0.0) > fuse(0.0, &near, 0.0, 1.0));
    }
}

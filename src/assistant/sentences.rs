//! Sentences of a stored answer or a draft.

use unicode_segmentation::UnicodeSegmentation;

/// The sentences of a text, in order.
pub fn sentences(text: &str) -> Vec<String> {
    crate::knowledge::sentences(text).into_iter().map(|range| text[range].to_owned()).collect()
}

/// A sentence as it is compared: lower case, list marks and outer quotes gone, white space collapsed, typographic marks made plain. Digits and
/// every other sign stay: they are what a statement consists of. What is sent is always the source's own spelling.
pub fn canonical(sentence: &str) -> String {
    let plain: String = sentence
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{a0}' | '\u{202f}' => ' ',
            '\u{2013}' | '\u{2014}' => '-',
            other => other,
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words
        .join(" ")
        .trim_start_matches(['-', '*', '\u{2022}', ' '])
        .trim_matches('"')
        .trim_end_matches(['.', '!', '\u{3002}'])
        .to_lowercase()
}

/// Lower-cased words of three letters or more, or single Han characters: what overlap is counted in.
pub fn content_words(text: &str) -> Vec<String> {
    text.unicode_words().map(str::to_lowercase).filter(|word| word.chars().count() >= 3 || word.chars().any(|c| c >= '\u{2e80}')).collect()
}

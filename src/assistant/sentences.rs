//! Sentences of a stored answer or a draft.

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations behind which a sentence goes on.
const ABBREVIATIONS: [&str; 10] = ["e.g.", "i.e.", "approx.", "no.", "nr.", "incl.", "mr.", "mrs.", "dr.", "st."];

/// Sentences in order: a line of a list is one, a paragraph is split by Unicode's rules (UAX #29), abbreviations kept together.
pub fn sentences(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut open = false;
        for piece in line.unicode_sentences() {
            let piece = piece.trim();
            match all.last_mut().filter(|_| open) {
                Some(last) => {
                    last.push(' ');
                    last.push_str(piece);
                }
                None => all.push(piece.to_owned()),
            }
            let lower = piece.to_lowercase();
            open = ABBREVIATIONS.iter().any(|end| lower.ends_with(end));
        }
    }
    all.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    all
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end() {
        let check = |text: &str, expect: &[&str]| assert_eq!(sentences(text), expect, "{text}");
        check("It costs $4.95. Free over $60!", &["It costs $4.95.", "Free over $60!"]);
        check("Two ways:\n- by post\n- in a shop, e.g. Rotterdam.", &["Two ways:", "- by post", "- in a shop, e.g. Rotterdam."]);
        check("可以退货。请联系我们。", &["可以退货。", "请联系我们。"]);
        check("...\n\n", &[]);
    }
}

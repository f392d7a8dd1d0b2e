//! Words as the lint and the importer compare them.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Chinese characters, kana and hangul: scripts written without blanks between words (or, for hangul, broken anywhere).
pub(super) fn is_cjk(letter: char) -> bool {
    matches!(letter, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

/// One line: runs of white space become one blank, control characters go, the ends are trimmed.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let start = line.len();
        if start > 0 {
            line.push(' ');
        }
        line.extend(word.chars().filter(|letter| !letter.is_control()));
        if start > 0 && line.len() == start + 1 {
            line.pop();
        }
    }
    line
}

/// Paragraphs parted by one blank line, each line as [`one_line`]: the form in which an answer is kept.
pub(super) fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n').map(one_line) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

/// Lower case without punctuation, compatibility forms folded: two questions that differ in nothing else are the same question.
pub(super) fn normalised(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).filter(|letter| !matches!(letter, '\'' | '\u{2019}')).collect();
    folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The distinct words of a normalised text; each character of a script without blanks counts as a word.
pub(super) fn tokens(normalised: &str) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    for word in normalised.split(' ') {
        let latin: String = word.chars().map(|letter| if is_cjk(letter) { ' ' } else { letter }).collect();
        tokens.extend(latin.split_whitespace().map(str::to_owned));
        tokens.extend(word.chars().filter(|letter| is_cjk(*letter)).map(String::from));
    }
    tokens
}

/// About how many words a reader counts; two Chinese characters make a word.
pub(super) fn count(text: &str) -> usize {
    let cjk = text.chars().filter(|letter| is_cjk(*letter)).count();
    let others =
        text.split(|letter: char| letter.is_whitespace() || is_cjk(letter)).filter(|word| word.chars().any(char::is_alphanumeric)).count();
    others + cjk.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_control_characters_and_spare_blanks() {
        for (raw, expected) in
            [(" a \t b\n", "a b"), ("a\0b", "ab"), ("a \u{7} b", "a b"), ("\u{7} a", "a"), ("", ""), ("a\u{A0}\u{2028}b", "a b")]
        {
            assert_eq!(one_line(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn paragraphs_are_parted_by_one_blank_line() {
        for (raw, expected) in [("\r\n a\r\nb \r\n\r\n\r\n c\r", "a\nb\n\nc"), ("\n \n", ""), ("a\n\u{7}\nb", "a\n\nb")] {
            assert_eq!(paragraphs(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn questions_are_the_same_without_punctuation_and_case() {
        for (one, other) in [("What's up?", "WHATS UP"), ("\u{ff21}\u{ff22}\u{ff1f}", "ab"), ("e-mail", "E mail!")] {
            assert_eq!(normalised(one), normalised(other));
        }
    }

    #[test]
    fn words_are_counted_in_both_scripts() {
        for (text, expected) in [("two words - here", 3), ("\u{9000}\u{8d27}\u{653f}\u{7b56}", 2), ("", 0)] {
            assert_eq!(count(text), expected, "{text}");
        }
    }
}

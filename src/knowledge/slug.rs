//! Slugs: the stable part of an entry's id, from a heading's words.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::words;

/// Longest slug made from a question; cut between words.
const QUESTION_LIMIT: usize = 60;

/// Longest slug a person may write behind a heading.
const WRITTEN_LIMIT: usize = 80;

/// Longest slug of a topic, so that `topic/slug` stays within an id's 120 characters.
const TOPIC_LIMIT: usize = 39;

/// The slug of a question: its words folded to ASCII. Words that cannot be folded (Chinese, say) give a slug made of a hash, which stays as long as
/// the words do.
pub(super) fn of_question(question: &str) -> String {
    fold(question).map_or_else(|| format!("q-{}", fingerprint(question)), |slug| cut(&slug, QUESTION_LIMIT))
}

/// The slug of a topic.
pub(super) fn of_topic(topic: &str) -> String {
    fold(topic).map_or_else(|| format!("t-{}", fingerprint(topic)), |slug| cut(&slug, TOPIC_LIMIT))
}

/// Whether somebody may write this slug behind a heading.
pub(super) fn is_valid(slug: &str) -> bool {
    (1..=WRITTEN_LIMIT).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// Ten hexadecimal digits of the text's hash, blind to case and punctuation.
pub(super) fn fingerprint(text: &str) -> String {
    let normalised = words::normalised(text);
    let hashed = if normalised.is_empty() { text } else { normalised.as_str() };
    hex::encode(Sha256::digest(hashed.as_bytes()))[..10].to_owned()
}

/// `None` when a letter or digit has no ASCII form, or nothing is left.
fn fold(text: &str) -> Option<String> {
    let mut slug = String::new();
    for letter in text.nfkd().flat_map(char::to_lowercase).filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            '\'' | '\u{2019}' => {}
            '\u{df}' => slug.push_str("ss"),
            '\u{e6}' => slug.push_str("ae"),
            '\u{153}' => slug.push_str("oe"),
            '\u{f8}' => slug.push('o'),
            '\u{142}' => slug.push('l'),
            '\u{111}' | '\u{f0}' => slug.push('d'),
            '\u{fe}' => slug.push_str("th"),
            '\u{131}' => slug.push('i'),
            other if other.is_alphanumeric() => return None,
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

fn cut(slug: &str, limit: usize) -> String {
    let Some(head) = slug.get(..=limit) else { return slug.to_owned() };
    let end = head.rfind('-').filter(|end| *end > 0).unwrap_or(limit);
    slug[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_fold_to_ascii() {
        for (question, expected) in [
            ("How long does delivery take?", "how-long-does-delivery-take"),
            ("What's a caf\u{e9} \u{2014} na\u{ef}ve?", "whats-a-cafe-naive"),
            ("Stra\u{df}e & \u{d8}resund", "strasse-oresund"),
            ("  -- A --  ", "a"),
        ] {
            assert_eq!(of_question(question), expected);
        }
    }

    #[test]
    fn other_scripts_and_bare_punctuation_get_a_stable_hash() {
        let slug = of_question("\u{600e}\u{4e48}\u{7528} PayPal \u{4ed8}\u{6b3e}\u{ff1f}");
        assert_eq!(slug, of_question("\u{600e}\u{4e48}\u{7528} paypal \u{4ed8}\u{6b3e}!"), "case and punctuation do not count");
        assert!(slug.starts_with("q-") && slug.len() == 12);
        assert_ne!(of_question("???"), of_question("!!!"));
        assert!(is_valid(&of_question("???")));
    }

    #[test]
    fn a_long_question_is_cut_between_words() {
        let slug = of_question(&"word ".repeat(40));
        assert!(slug.len() <= QUESTION_LIMIT && slug.ends_with("word"), "{slug}");
        assert_eq!(of_question(&"w".repeat(100)).len(), QUESTION_LIMIT);
    }

    #[test]
    fn written_slugs_are_lower_case_ascii() {
        for (slug, valid) in
            [("delivery-time", true), ("min_basket", true), ("11", true), ("", false), ("Delivery", false), ("a/b", false), ("a b", false)]
        {
            assert_eq!(is_valid(slug), valid, "{slug}");
        }
    }
}

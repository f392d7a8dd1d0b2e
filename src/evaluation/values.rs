//! What may stand in the places of a phrase that speaks of an order: the words and numbers of its rows. Pure.

use std::collections::HashSet;

/// Words that join values and state nothing: `2 × Mug and 3 more`.
const JOINERS: [&str; 16] = ["and", "more", "the", "of", "for", "in", "on", "with", "your", "each", "or", "to", "a", "x", "other", "none"];

/// The words and numbers of an order's rows.
#[derive(Debug, Clone, Default)]
pub struct Values {
    known: HashSet<String>,
}

impl Values {
    /// Of texts, each a value as it may be written.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self { known: texts.into_iter().flat_map(tokens).collect() }
    }

    /// Whether every word and number of a text is known. Characters of Chinese only join: amounts, numbers and names are not written in them here.
    pub fn hold(&self, text: &str) -> bool {
        tokens(text).all(|token| self.known.contains(&token) || JOINERS.contains(&token.as_str()))
    }
}

/// Words and numbers in lower case. A point or a comma belongs to a number when digits stand on both sides of it; currency signs are no part of it.
fn tokens(text: &str) -> impl Iterator<Item = String> + '_ {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit);
    let inner = |at: usize| matches!(letters[at], '.' | ',') && digit(at.checked_sub(1)) && digit(Some(at + 1));
    let joined: String = letters
        .iter()
        .enumerate()
        .map(|(at, c)| if (c.is_alphanumeric() && !is_han(*c)) || *c == '\'' || inner(at) { *c } else { ' ' })
        .collect();
    joined.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_word_by_word() {
        let values = Values::of(["#W2611340", "$488.81", "Office Chair", "27 November 2026", "2026年11月27日", "2"]);
        for (text, expected) in [
            ("#W2611340", true),
            ("W2611340", true),
            ("$488.81", true),
            ("488.81 USD", false),
            ("$88.81", false),
            ("$488", false),
            ("2 \u{d7} Office Chair and 2 more", true),
            ("the Office Chair", true),
            ("the Desk Lamp", false),
            ("27 November", true),
            ("28 November", false),
            ("2026年11月27日", true),
            ("2026年11月28日", false),
        ] {
            assert_eq!(values.hold(text), expected, "{text}");
        }
    }
}

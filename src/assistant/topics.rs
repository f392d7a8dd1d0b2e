//! The topics that a person of the shop has to see at once: those that come with the program, and those of the shop's own words. Pure.

use super::content::is_han;
use crate::prompt::{Group, Patterns, Sensitive};

/// The sensitive topics of a shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    known: Vec<Sensitive>,
    /// Name and words, as they are looked for.
    own: Vec<(String, Vec<String>)>,
}

impl Topics {
    /// These of the program's own, and the shop's with their words.
    pub fn new(known: impl IntoIterator<Item = Sensitive>, own: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let known: Vec<Sensitive> = known.into_iter().collect();
        let looked_for =
            |words: Vec<String>| -> Vec<String> { words.iter().map(|words| plain(words)).filter(|words| !words.is_empty()).collect() };
        Self {
            known: Sensitive::ALL.into_iter().filter(|topic| known.contains(topic)).collect(),
            own: own.into_iter().map(|(name, words)| (name, looked_for(words))).collect(),
        }
    }

    /// The topic of a message. Of several the first counts: the program's own in their order, then the shop's.
    pub fn of(&self, message: &str, patterns: &Patterns) -> Option<&str> {
        if let Some(topic) = self.known.iter().find(|topic| patterns.finds(Group::Sensitive(**topic), message)) {
            return Some(topic.as_str());
        }
        let text = plain(message);
        let (name, _) = self.own.iter().find(|(_, words)| words.iter().any(|words| mentions(&text, words)))?;
        Some(name)
    }
}

/// Lower case, white space collapsed, typographic apostrophes made plain.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace(['\u{2019}', '\u{2018}'], "'")
}

/// Whether the words stand in a text, and not as a piece of longer ones.
fn mentions(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + words.len()..]);
        is_parted(before.chars().next_back(), words.chars().next()) && is_parted(words.chars().next_back(), after.chars().next())
    })
}

/// Whether a word ends between two characters. Chinese has no blanks between its words.
fn is_parted(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return true };
    !left.is_alphanumeric() || !right.is_alphanumeric() || is_han(left) || is_han(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns() -> Patterns {
        Patterns::parse("patterns.yaml", include_str!("../../prompts/patterns.yaml")).unwrap()
    }

    fn own(name: &str, words: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_topic_that_is_switched_off_is_not_found() {
        let patterns = patterns();
        let message = "I am a journalist and you will hear from my lawyer";
        let check = |known: &[Sensitive], expect: Option<&str>| {
            assert_eq!(Topics::new(known.iter().copied(), []).of(message, &patterns), expect, "{known:?}");
        };
        check(&[Sensitive::Press, Sensitive::Legal], Some("legal"));
        check(&[Sensitive::Press], Some("press"));
        check(&[Sensitive::Fraud, Sensitive::Safety], None);
        check(&[], None);
    }

    #[test]
    fn a_shops_own_words_are_found_whole_and_in_any_spelling() {
        let patterns = patterns();
        let topics = Topics::new([], [own("allergens", &["Nut  Allergy", "E120", "坚果过敏", "  "]), own("visits", &["farm visit"])]);
        let check = |message: &str, expect: Option<&str>| assert_eq!(topics.of(message, &patterns), expect, "{message}");
        check("my son has a NUT allergy, is the bar safe", Some("allergens"));
        check("a nut\nallergy", Some("allergens"));
        check("does it contain e120?", Some("allergens"));
        check("我有坚果过敏，可以吃吗", Some("allergens"));
        check("can we book a farm visit", Some("visits"));
        check("chestnut allergy", None);
        check("nut allergyx", None);
        check("order E1204", None);
        check("do you sell nuts", None);
        check("", None);
    }
}

//! What code recognises in a message without a model: a person asked for, an order talked about, a greeting.

use std::collections::BTreeMap;

use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::prompts::PromptError;

/// The longest message that patterns are tried on, in characters; the rest of a longer one is prose.
const SPAN: usize = 2_000;

/// What a group of patterns recognises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A person is asked for.
    Person,
    /// Where an order is.
    OrderStatus,
    /// An order is to be cancelled, changed, sent back.
    OrderChange,
    /// Anger.
    Angry,
    /// That something must be quick.
    Urgent,
    /// That something did not help or went wrong.
    Unhappy,
    /// A greeting and nothing else.
    Hello,
    /// Thanks and nothing else.
    Thanks,
    /// A goodbye and nothing else.
    Bye,
    /// That nothing of what was offered is meant.
    NoneOfThese,
    /// A yes and nothing else; counts only after an offer.
    Yes,
    /// A no and nothing else; counts only after an offer.
    No,
}

impl Group {
    const ALL: [(Self, &'static str); 12] = [
        (Self::Person, "person"),
        (Self::OrderStatus, "order_status"),
        (Self::OrderChange, "order_change"),
        (Self::Angry, "angry"),
        (Self::Urgent, "urgent"),
        (Self::Unhappy, "unhappy"),
        (Self::Hello, "hello"),
        (Self::Thanks, "thanks"),
        (Self::Bye, "bye"),
        (Self::NoneOfThese, "none_of_these"),
        (Self::Yes, "yes"),
        (Self::No, "no"),
    ];
}

#[derive(Deserialize)]
struct GroupFile {
    #[serde(default)]
    en: Vec<String>,
    #[serde(default)]
    zh: Vec<String>,
    #[serde(default)]
    examples: Examples,
}

#[derive(Deserialize, Default)]
struct Examples {
    #[serde(default)]
    positive: Vec<String>,
    #[serde(default)]
    negative: Vec<String>,
}

/// The compiled patterns.
#[derive(Debug)]
pub struct Patterns {
    sets: BTreeMap<Group, RegexSet>,
}

impl Patterns {
    /// Parses a file. Its own examples are tried: a positive one that does not match, or a negative one that does, is a fault.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let mut groups: BTreeMap<String, GroupFile> = serde_norway::from_str(text).map_err(|fault| PromptError::invalid(file, fault))?;
        let mut patterns = Self { sets: BTreeMap::new() };
        let mut examples = Vec::new();
        for (group, name) in Group::ALL {
            let read = groups.remove(name).ok_or_else(|| PromptError::invalid(file, format!("the group '{name}' is missing")))?;
            let set = RegexSetBuilder::new(read.en.iter().chain(&read.zh)).case_insensitive(true).build();
            patterns.sets.insert(group, set.map_err(|fault| PromptError::invalid(file, format!("group '{name}': {fault}")))?);
            examples.push((group, name, read.examples));
        }
        if let Some(name) = groups.keys().next() {
            return Err(PromptError::invalid(file, format!("unknown group '{name}'")));
        }
        for (group, name, examples) in examples {
            let wrong = examples.positive.iter().find(|text| !patterns.matches(group, text));
            let wrong = wrong.or_else(|| examples.negative.iter().find(|text| patterns.matches(group, text)));
            if let Some(example) = wrong {
                return Err(PromptError::invalid(file, format!("group '{name}' is wrong on its own example '{example}'")));
            }
        }
        Ok(patterns)
    }

    /// Whether a message belongs to a group.
    pub fn matches(&self, group: Group, message: &str) -> bool {
        let normal = normalise(message);
        self.sets.get(&group).is_some_and(|set| set.is_match(&normal))
    }
}

/// Lower case, white space collapsed, typographic apostrophes made plain.
fn normalise(message: &str) -> String {
    let head: String = message.chars().take(SPAN).collect();
    let words: Vec<&str> = head.split_whitespace().collect();
    words.join(" ").to_lowercase().replace(['\u{2019}', '\u{2018}'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Patterns {
        Patterns::parse("patterns.yaml", include_str!("../../prompts/patterns.yaml")).unwrap()
    }

    #[test]
    fn the_examples_of_the_built_in_file_hold() {
        built_in();
    }

    #[test]
    fn a_person_is_told_from_talk_about_people() {
        let patterns = built_in();
        let check = |text: &str, expect: bool| assert_eq!(patterns.matches(Group::Person, text), expect, "{text}");
        check("can I talk to a real person please", true);
        check("AGENT!!!", true);
        check("转人工", true);
        check("are you human?", false);
        check("do you sell human hair wigs", false);
        check("I am a travel agent, do you have discounts", false);
    }

    #[test]
    fn a_wrong_example_is_refused() {
        let fault = Patterns::parse("p.yaml", "person:\n  en: ['x']\n  examples:\n    positive: ['y']\n").unwrap_err().to_string();
        assert!(fault.contains("missing") || fault.contains("'y'"), "{fault}");
    }
}

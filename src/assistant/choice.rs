//! Which of the entries on offer a shopper means, in whatever words they say it. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::content::{content_words, spoken_of};
use crate::conversation::{Author, Decision, Message};
use crate::prompt::{Group, Patterns};

/// What the shopper says to the entries on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This one: the entry's id.
    Entry(String),
    /// None of them.
    None,
}

/// Words in which a choice may be made, at most; a longer message is a new question or the old one again.
const LONGEST: usize = 6;

/// A number or an ordinal that says which, with nothing but politeness around it.
static WHICH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)^\W*(?:(?:i\ (?:mean|meant|want|choose|pick)|it.?s|the|option|number|no|nr|answer|ok|yes|maybe|i\ think|probably)\W+)*
          (?:(?P<one>1|1st|one|first|a|top)|(?P<two>2|2nd|two|second|b)|(?P<three>3|3rd|three|third|c)|(?P<middle>middle)|(?P<last>last|bottom))
          (?:\W+(?:one|option|please|pls|thanks|thank\ you|question|of\ (?:these|those|them)))*\W*$
        | ^\W*(?:我(?:要|想)?(?:问|选|说)?的?是?|选|就是)?第?(?:(?P<zh1>[1一])|(?P<zh2>[2二两])|(?P<zh3>[3三]))(?:个|项|条|种)?(?:问题|吧|谢谢)*\W*$
        | ^\W*(?:选)?(?P<zhlast>最后)(?:一)?(?:个|项|条)?\W*$",
    )
    .expect("a constant pattern")
});

/// The options of the bot's last message, if it asked which entry was meant and nobody has written but the shopper since.
pub fn options(transcript: &[Message]) -> Vec<(&str, &str)> {
    let spoken = transcript.iter().rev().find(|message| matches!(message.author, Author::Bot | Author::Agent(_)));
    spoken.and_then(|message| message.trace.as_ref()).map(|trace| trace.options().collect()).unwrap_or_default()
}

/// Whether the shopper was asked which entry they mean and nothing but smalltalk came since: asked once is enough.
pub fn was_asked(transcript: &[Message]) -> bool {
    let decisions = transcript.iter().rev().filter_map(|message| message.trace.as_ref().map(|trace| trace.decision));
    decisions.into_iter().find(|decision| *decision != Decision::Smalltalk) == Some(Decision::Clarify)
}

/// The option whose button was pressed: a button sends its words.
pub fn pressed(options: &[(&str, &str)], said: &str) -> Option<Choice> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let said = plain(said);
    options.iter().find(|(_, title)| plain(title) == said).map(|(id, _)| Choice::Entry((*id).to_owned()))
}

/// The option that free words mean: by number, by what it alone is about, or none of them.
pub fn chosen(options: &[(&str, &str)], said: &str, patterns: &Patterns) -> Option<Choice> {
    if options.is_empty() {
        return None;
    }
    if patterns.matches(Group::NoneOfThese, said) {
        return Some(Choice::None);
    }
    let place = by_number(said, options.len()).or_else(|| by_words(options, said))?;
    options.get(place).map(|(id, _)| Choice::Entry((*id).to_owned()))
}

fn by_number(said: &str, count: usize) -> Option<usize> {
    let found = WHICH.captures(said.trim())?;
    let has = |names: &[&str]| names.iter().any(|name| found.name(name).is_some());
    let place = match () {
        () if has(&["one", "zh1"]) => 0,
        () if has(&["two", "zh2"]) => 1,
        () if has(&["three", "zh3"]) => 2,
        () if has(&["middle"]) && count == 3 => 1,
        () if has(&["last", "zhlast"]) => count - 1,
        () => return None,
    };
    (place < count).then_some(place)
}

/// A few words that all stand in one option, and not all in another.
fn by_words(options: &[(&str, &str)], said: &str) -> Option<usize> {
    let words = content_words(said);
    if words.is_empty() || words.len() > LONGEST {
        return None;
    }
    let whole = |title: &str| spoken_of(&words, std::iter::once(title)) >= 1.0;
    let mut fitting = options.iter().enumerate().filter(|(_, (_, title))| whole(title));
    match (fitting.next(), fitting.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [(&str, &str); 3] = [
        ("returns/cost", "How much does a return cost?"),
        ("delivery/cost", "How much does standard delivery cost?"),
        ("delivery/express", "Do you offer express delivery?"),
    ];

    fn patterns() -> Patterns {
        Patterns::parse("patterns.yaml", include_str!("../../prompts/patterns.yaml")).unwrap()
    }

    #[test]
    fn a_choice_is_understood() {
        let patterns = patterns();
        let check = |said: &str, expect: Option<&str>| {
            let found = chosen(&OPTIONS, said, &patterns).map(|choice| match choice {
                Choice::Entry(id) => id,
                Choice::None => "none".to_owned(),
            });
            assert_eq!(found.as_deref(), expect, "{said}");
        };
        for second in
            ["2", "2.", "#2", "the second one", "second", "The 2nd please", "option 2", "I mean the second", "number two", "第二个", "二"]
        {
            check(second, Some("delivery/cost"));
        }
        for first in ["1", "first", "the first one, thanks", "第一个", "我选第一个"] {
            check(first, Some("returns/cost"));
        }
        for last in ["the last one", "3", "最后一个", "express", "express delivery please"] {
            check(last, Some("delivery/express"));
        }
        check("the middle one", Some("delivery/cost"));
        check("the return", Some("returns/cost"));
        check("delivery", None);
        check("cost", None);
        check("4", None);
        check("how do I reset my password", None);
        check("2 days ago I ordered a tent", None);
        for none in ["None of these", "neither", "no", "something else", "都不是"] {
            check(none, Some("none"));
        }
        assert_eq!(chosen(&[], "1", &patterns), None);
        assert_eq!(chosen(&OPTIONS[..2], "3", &patterns), None);
        assert_eq!(chosen(&OPTIONS[..2], "last", &patterns), Some(Choice::Entry("delivery/cost".into())));
    }

    #[test]
    fn a_button_sends_its_words() {
        let check = |said: &str, expect: Option<&str>| {
            assert_eq!(pressed(&OPTIONS, said), expect.map(|id| Choice::Entry(id.to_owned())), "{said}");
        };
        check("How much does a return cost?", Some("returns/cost"));
        check("  how much  does a return COST? ", Some("returns/cost"));
        check("How much does a return cost", None);
    }
}

//! What code recognises in a message without a model: a person asked for, an order talked about, a greeting.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Regex, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::fault::{Faults, PromptError};

/// The longest message that patterns are tried on, in characters; the rest of a longer one is prose.
const SPAN: usize = 2_000;

/// A word that is still to be put in.
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?:^|[^?P])(<[a-z_]+>)").expect("a constant pattern"));

/// What a group of patterns recognises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A person is asked for.
    Person,
    /// Where an order is.
    OrderStatus,
    /// An order is to be cancelled, changed, sent back.
    OrderChange,
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
    /// Anger.
    Angry,
    /// That something must be quick.
    Urgent,
    /// That something did not help or went wrong.
    Unhappy,
    /// Somebody tells that something went wrong.
    Complaint,
    /// Thanks at the beginning of a message that asks something.
    ThanksWithin,
    /// The bot is to be something else, or to give away what is not the shopper's.
    Manipulation,
    /// Of a text of the bot's: it says that a person was called.
    ClaimsTransfer,
    /// Something that a person of the shop has to see at once.
    Sensitive(Sensitive),
    /// An explicit complaint, an insult, or that it went wrong time and again.
    Grievance,
    /// That an answer was of no use.
    Unhelped,
    /// What is asked of an order that is known.
    Asks(Aspect),
}

/// What a person of the shop has to see at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitive {
    /// Somebody was or may be harmed.
    Safety,
    /// Lawyers, courts, authorities.
    Legal,
    /// Somebody's card, account or name was used without them.
    Fraud,
    /// Journalists.
    Press,
}

impl Sensitive {
    /// All of them, the one that counts first where a message has several.
    pub const ALL: [Self; 4] = [Self::Safety, Self::Legal, Self::Fraud, Self::Press];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Legal => "legal",
            Self::Fraud => "fraud",
            Self::Press => "press",
        }
    }

    /// The topic of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }

    fn group_name(self) -> &'static str {
        match self {
            Self::Safety => "sensitive_safety",
            Self::Legal => "sensitive_legal",
            Self::Fraud => "sensitive_fraud",
            Self::Press => "sensitive_press",
        }
    }
}

/// What can be asked of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Whether it was cancelled, or whether what was sent back has arrived.
    State,
    /// Where it is.
    Whereabouts,
    /// Whether it has left.
    Shipped,
    /// The day it left.
    SentDate,
    /// Carrier and tracking number.
    Tracking,
    /// The day it is expected.
    Expected,
    /// Whether and when it arrived.
    Delivered,
    /// What an item cost.
    Price,
    /// What all of it cost.
    Total,
    /// What is in it.
    Items,
    /// How many of an item.
    Quantity,
    /// Size, colour.
    Options,
    /// What was given back.
    Refund,
    /// The day it was ordered.
    Placed,
    /// An address or a way of payment.
    Private,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::State,
        Self::Whereabouts,
        Self::Shipped,
        Self::SentDate,
        Self::Tracking,
        Self::Expected,
        Self::Delivered,
        Self::Price,
        Self::Total,
        Self::Items,
        Self::Quantity,
        Self::Options,
        Self::Refund,
        Self::Placed,
        Self::Private,
    ];

    fn group_name(self) -> &'static str {
        match self {
            Self::State => "asks_state",
            Self::Whereabouts => "asks_whereabouts",
            Self::Shipped => "asks_shipped",
            Self::SentDate => "asks_sent_date",
            Self::Tracking => "asks_tracking",
            Self::Expected => "asks_expected",
            Self::Delivered => "asks_delivered",
            Self::Price => "asks_price",
            Self::Total => "asks_total",
            Self::Items => "asks_items",
            Self::Quantity => "asks_quantity",
            Self::Options => "asks_options",
            Self::Refund => "asks_refund",
            Self::Placed => "asks_placed",
            Self::Private => "asks_private",
        }
    }
}

impl Group {
    const PLAIN: [(Self, &'static str); 18] = [
        (Self::Person, "person"),
        (Self::OrderStatus, "order_status"),
        (Self::OrderChange, "order_change"),
        (Self::Hello, "hello"),
        (Self::Thanks, "thanks"),
        (Self::Bye, "bye"),
        (Self::NoneOfThese, "none_of_these"),
        (Self::Yes, "yes"),
        (Self::No, "no"),
        (Self::Angry, "angry"),
        (Self::Urgent, "urgent"),
        (Self::Unhappy, "unhappy"),
        (Self::Complaint, "complaint"),
        (Self::ThanksWithin, "thanks_within"),
        (Self::Manipulation, "manipulation"),
        (Self::ClaimsTransfer, "claims_transfer"),
        (Self::Grievance, "grievance"),
        (Self::Unhelped, "unhelped"),
    ];

    fn all() -> impl Iterator<Item = (Self, &'static str)> {
        let sensitive = Sensitive::ALL.into_iter().map(|topic| (Self::Sensitive(topic), topic.group_name()));
        let asks = Aspect::ALL.into_iter().map(|aspect| (Self::Asks(aspect), aspect.group_name()));
        Self::PLAIN.into_iter().chain(sensitive).chain(asks)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    /// Pieces of patterns: `<name>` in a pattern stands for the piece of that name.
    #[serde(default)]
    words: BTreeMap<String, String>,
    #[serde(default)]
    en: Vec<String>,
    #[serde(default)]
    zh: Vec<String>,
    #[serde(default)]
    examples: Examples,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
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
    examples: usize,
}

impl Patterns {
    /// Parses a file. Its own examples are tried: a positive one that does not match, or a negative one that does, is a fault. The error names all
    /// faults of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let mut faults = Faults::of(file);
        let mut groups: BTreeMap<String, GroupFile> = match serde_norway::from_str(text) {
            Ok(groups) => groups,
            Err(fault) => {
                let place = fault.location().map(|place| format!("line {}", place.line())).unwrap_or_default();
                return Err(faults.fatal(&place, fault, "mend the YAML there"));
            }
        };
        let mut patterns = Self { sets: BTreeMap::new(), examples: 0 };
        for (group, name) in Group::all() {
            let Some(read) = groups.remove(name) else {
                faults.add(name, "the group is missing", format!("add it, as `nightdesk prompts print {file}` shows"));
                continue;
            };
            let Some(set) = compiled(name, &read, &mut faults) else { continue };
            patterns.sets.insert(group, set);
            patterns.examples += read.examples.positive.len() + read.examples.negative.len();
            for text in read.examples.positive.iter().filter(|text| !patterns.matches(group, text)) {
                faults.add(name, format!("no pattern finds its own positive example '{text}'"), "widen a pattern or remove the example");
            }
            for text in read.examples.negative.iter().filter(|text| patterns.matches(group, text)) {
                faults.add(name, format!("a pattern finds its own negative example '{text}'"), "narrow the pattern or remove the example");
            }
        }
        for name in groups.keys() {
            faults.add(name, "no group has this name", "correct the spelling or remove it");
        }
        faults.unless_any(patterns)
    }

    /// Whether a message belongs to a group.
    pub fn matches(&self, group: Group, message: &str) -> bool {
        let normal = normalise(message);
        self.sets.get(&group).is_some_and(|set| set.is_match(&normal))
    }

    /// Whether a message or one of its lines belongs to a group.
    pub fn finds(&self, group: Group, message: &str) -> bool {
        self.matches(group, message) || (message.contains('\n') && message.lines().any(|line| self.matches(group, line)))
    }

    /// How much there is.
    pub(super) fn describe(&self) -> String {
        let patterns: usize = self.sets.values().map(RegexSet::len).sum();
        format!("{} groups, {patterns} patterns, {} examples", self.sets.len(), self.examples)
    }
}

/// The patterns of a group together. Where that fails, each is tried alone: the fault names the one that is wrong.
fn compiled(name: &str, read: &GroupFile, faults: &mut Faults) -> Option<RegexSet> {
    let build = |patterns: &[&str]| RegexSetBuilder::new(patterns).case_insensitive(true).build();
    let all: Vec<(&String, String)> = read.en.iter().chain(&read.zh).map(|pattern| (pattern, whole(pattern, &read.words))).collect();
    for word in all.iter().filter_map(|(_, whole)| WORD.captures(whole)) {
        faults.add(name, format!("no word is called '{}'", &word[1]), "name it under `words` or correct the spelling");
    }
    let fault = match build(&all.iter().map(|(_, whole)| whole.as_str()).collect::<Vec<_>>()) {
        Ok(set) => return Some(set),
        Err(fault) => fault,
    };
    let wrong: Vec<(&String, regex::Error)> = all.iter().filter_map(|(pattern, whole)| Some((*pattern, build(&[whole]).err()?))).collect();
    for (pattern, fault) in &wrong {
        faults.add(name, format!("the pattern '{pattern}' is no regular expression: {fault}"), "mend it");
    }
    if wrong.is_empty() {
        faults.add(name, fault, "use fewer or shorter patterns");
    }
    None
}

/// A pattern with its words in their places. A border of a word is one between ASCII letters: Chinese has no blanks, so that 'agent' stands by itself in
/// '找agent聊'; and with Unicode's borders a message of 2 000 Chinese characters takes 12 ms a group instead of 0.01 ms.
fn whole(pattern: &str, words: &BTreeMap<String, String>) -> String {
    let put = |pattern: String, (name, word): (&String, &String)| pattern.replace(&format!("<{name}>"), &format!("(?:{word})"));
    words.iter().fold(pattern.to_owned(), put).replace(r"\b", r"(?-u:\b)")
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
        check("我要agent", true);
        check("are you human?", false);
        check("do you sell human hair wigs", false);
        check("I am a travel agent, do you have discounts", false);
    }

    #[test]
    fn a_word_stands_for_its_piece() {
        let read = |text: &str| {
            let group: GroupFile = serde_norway::from_str(text).unwrap();
            let mut faults = Faults::of("p.yaml");
            (compiled("person", &group, &mut faults), faults.unless_any(()).err().map(|error| error.to_string()))
        };
        let (set, fault) = read("words:\n  who: 'human|person'\nen: ['^get a <who> now$']\n");
        assert!(set.unwrap().is_match("get a person now") && fault.is_none(), "{fault:?}");
        let (_, fault) = read("words:\n  who: 'human'\nen: ['get a <whom>']\n");
        assert!(fault.unwrap().contains("no word is called '<whom>'"));
    }

    #[test]
    fn all_faults_of_a_file_are_named() {
        let text = "person:\n  en: ['x', '(']\nhello:\n  en: ['^hi']\n  examples:\n    positive: ['hi', 'ho']\n    negative: ['hi there']\nhelo: {}\n";
        let error = Patterns::parse("p.yaml", text).unwrap_err();
        let told: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        for expect in [
            "p.yaml: person: the pattern '(' is no regular expression",
            "p.yaml: hello: no pattern finds its own positive example 'ho'; widen a pattern or remove the example",
            "p.yaml: hello: a pattern finds its own negative example 'hi there'",
            "p.yaml: helo: no group has this name",
            "p.yaml: asks_price: the group is missing; add it, as `nightdesk prompts print p.yaml` shows",
        ] {
            assert!(told.iter().any(|fault| fault.starts_with(expect)), "{expect}: {told:?}");
        }
        assert!(!told.iter().any(|fault| fault.contains("'hi'")), "{told:?}");
        let error = Patterns::parse("p.yaml", "person:\n  en: 5\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("person"), "{error}");
    }
}

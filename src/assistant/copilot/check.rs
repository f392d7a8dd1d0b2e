//! What an agent has typed, held against what the shop knows: a warning, never a bar. Pure.

use std::sync::LazyLock;

use regex::Regex;

use crate::assistant::gate::{self, Fault};
use crate::assistant::sentences::sentences;
use crate::conversation::Source;

/// Sentences that are looked at; what stands behind them is not checked.
const MOST: usize = 60;
/// A denial, a name or a condition is a fault only where the sentence speaks of what its source speaks of: this much of it stands there.
const SPOKEN_OF: f32 = 0.25;

/// A text that the shop stands by, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The entry or order.
    pub source: Source,
    /// The answer, or the facts of the order in sentences.
    pub text: String,
}

/// A sentence, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Its words.
    pub text: String,
    /// What was found.
    pub finding: Finding,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A source says so.
    Supported(Source),
    /// It says something that could be held against the shop, and no source says so.
    Doubtful {
        /// What is wrong, measured by the source that says most of it.
        fault: Fault,
        /// That source; none where no source speaks of it.
        nearest: Option<Source>,
    },
    /// There is nothing in it that a source could bear out: a greeting, a question, a promise to look.
    Unchecked,
}

/// Every sentence of a text, held against each of the sources.
pub fn check(text: &str, sources: &[Named]) -> Vec<Checked> {
    let all = sentences(text).into_iter().take(MOST);
    all.map(|sentence| Checked { finding: finding(&sentence, sources), text: sentence }).collect()
}

fn finding(sentence: &str, sources: &[Named]) -> Finding {
    let said = as_the_shop(sentence);
    let mut nearest: Option<(f32, &Named, Fault)> = None;
    for named in sources {
        let Err(fault) = gate::check(&said, &named.text) else { return Finding::Supported(named.source.clone()) };
        let support = gate::support(&said, &named.text);
        if support > nearest.as_ref().map_or(0.0, |(best, ..)| *best) {
            nearest = Some((support, named, fault));
        }
    }
    match nearest {
        Some((support, named, fault)) if counts(&fault, support) => Finding::Doubtful { fault, nearest: Some(named.source.clone()) },
        Some(_) => Finding::Unchecked,
        None => match gate::check(&said, "") {
            Err(fault) if counts(&fault, 0.0) => Finding::Doubtful { fault, nearest: None },
            _ => Finding::Unchecked,
        },
    }
}

/// Whether an agent is told of a fault.
fn counts(fault: &Fault, support: f32) -> bool {
    match fault {
        Fault::Number { .. }
        | Fault::Unit { .. }
        | Fault::Bound { .. }
        | Fault::Misplaced { .. }
        | Fault::Amount { .. }
        | Fault::Date { .. }
        | Fault::Time { .. }
        | Fault::Address { .. }
        | Fault::Email { .. }
        | Fault::Url { .. }
        | Fault::OrderNumber { .. } => true,
        Fault::Name { .. }
        | Fault::Status { .. }
        | Fault::Negation { .. }
        | Fault::Answer { .. }
        | Fault::Condition { .. }
        | Fault::Limit { .. } => support >= SPOKEN_OF,
        Fault::Empty | Fault::TooLong | Fault::Question | Fault::Speaker | Fault::Unsupported { .. } => false,
    }
}

static SPEAKER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bI(['\u{2019}]m| am)?\b|\b[Mm]y\b").expect("a constant pattern"));

/// An agent speaks for the shop: `I` says what the shop's own `we` says.
fn as_the_shop(sentence: &str) -> String {
    let we = |found: &regex::Captures<'_>| match &found[0] {
        "I" => "we",
        "my" => "our",
        "My" => "Our",
        _ => "we are",
    };
    SPEAKER.replace_all(sentence, we).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Vec<Named> {
        let entry = |id: &str, text: &str| Named { source: Source::Entry { id: id.into(), title: id.into() }, text: text.into() };
        vec![
            entry(
                "returns",
                "You have 30 days from the day it arrived. Returns are free on orders over $50. Worn shoes cannot be returned.",
            ),
            entry("delivery", "Delivery costs $4.90. From an order value of $60 it is free. We deliver to Norway within 4 working days."),
            Named {
                source: Source::Order { number: "#AP10042".into() },
                text: "Order #AP10042 is on its way. It is expected on 24 December 2026. The total is $100.05.".into(),
            },
        ]
    }

    /// `ok NAME`, `CODE WORDS` of a doubtful one, or `-`.
    fn told(finding: &Finding) -> String {
        match finding {
            Finding::Supported(Source::Entry { id, .. }) => format!("ok {id}"),
            Finding::Supported(Source::Order { number }) => format!("ok {number}"),
            Finding::Doubtful { fault, .. } => format!("{} {}", fault.as_str(), fault.said().unwrap_or_default()),
            Finding::Unchecked => "-".to_owned(),
        }
    }

    #[test]
    fn each_sentence_is_told_by_what_bears_it_out_or_what_does_not() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<String> = check(text, &sources()).iter().map(|one| told(&one.finding)).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("Delivery costs $4.90.", &["ok delivery"]);
        check("Hello, this is Ana. Delivery costs $5.90. Is that all right?", &["-", "amount $5.90", "-"]);
        check("You have 30 days from the day it arrived. Delivery costs $4.90.", &["ok returns", "ok delivery"]);
        check("You have 60 days from the day it arrived.", &["number 60 days"]);
        check("Your order AP10042 is on its way.", &["ok #AP10042"]);
        check("It is expected on 23 December 2026.", &["date 23 December 2026"]);
        check("I will refund you $20.", &["amount $20"]);
        check("Let me have a look at that for you.", &["-"]);
        check("I'm sorry to hear that.", &["-"]);
        check("We deliver to Norway within 4 working days.", &["ok delivery"]);
        check("Worn shoes can be returned.", &["negation cannot"]);
        check("Please write to help@other.example.", &["email help@other.example"]);
        check("", &[]);
    }

    #[test]
    fn without_any_source_only_facts_are_doubted() {
        let found: Vec<String> = check("Hello there. It costs $20.", &[]).iter().map(|one| told(&one.finding)).collect();
        assert_eq!(found, ["-", "amount $20"]);
        assert!(matches!(&check("It costs $20.", &[])[0].finding, Finding::Doubtful { nearest: None, .. }));
    }

    #[test]
    fn a_long_text_is_cut_off() {
        assert_eq!(check(&"Delivery costs $4.90.\n".repeat(500), &sources()).len(), MOST);
    }

    #[test]
    fn an_agent_speaks_for_the_shop() {
        assert_eq!(
            as_the_shop("I'm sure I said that my parcel AI is in Iceland."),
            "we are sure we said that our parcel AI is in Iceland."
        );
    }
}

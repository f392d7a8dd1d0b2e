//! From a message to the texts that are searched for, and from what was found to what is said. Pure.
//!
//! A message is read as it stands, with its slips of the pen put right, in the light of what was talked about before it, by its question alone
//! where it rambles, and question by question where it asks two. Which reading counts is decided by the probabilities of the searches themselves.

use std::borrow::Cow;
use std::sync::Arc;

use super::content::length;
use super::context::{Leaning, SPOKEN_OF, Topic, asks_anew, leaning, speaks_of};
use super::parts::questions;
use crate::confidence::{Asking, Verdict};
use crate::knowledge::Entry;
use crate::retrieval::Hit;

/// The longest text that is searched for, in characters; what stands behind it is not read.
const SEARCHED: usize = 1_000;
/// From this length on a message with one question in it is also read by that question alone.
const RAMBLE: usize = 24;
/// Entries that one reply answers from, at most.
const MOST_ANSWERS: usize = 3;

/// The one decision point, as a turn is given it: what becomes of the hits of a search.
pub type Judge<'j> = dyn Fn(&[Hit], Asking) -> Verdict + 'j;

/// Puts slips of the pen right; `None` where there are none.
pub type Correct<'c> = dyn Fn(&str) -> Option<String> + 'c;

/// The texts to search for, in the order of [`Queries::texts`].
#[derive(Debug, Clone, PartialEq)]
pub struct Queries {
    whole: Query,
    /// The questions of a message that asks two or more; else none.
    parts: Vec<Query>,
}

/// One question with its readings.
#[derive(Debug, Clone, PartialEq)]
struct Query {
    /// In the shopper's words.
    text: String,
    /// Other readings of it.
    others: Vec<Other>,
    /// The questions of the entries that were told just before, where the message asks something new about them.
    told: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Other {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// With what it leans on before it.
    InContext(Leaning),
    /// With slips of the pen put right.
    Corrected,
    /// The question without the story around it.
    Core,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Answer from these entries.
    Answer {
        /// One, or one for each question.
        known: Vec<Known>,
        /// The questions of the message that have no answer, in the shopper's words.
        unknown: Option<String>,
    },
    /// Ask which one was meant.
    Clarify {
        /// The entries to choose from.
        entries: Vec<Arc<Entry>>,
        /// The probability that the first one is right.
        confidence: f64,
    },
    /// Give the conversation to a person.
    HandOver {
        /// The probability that the best entry would have been right.
        confidence: f64,
    },
}

/// An entry that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The entry.
    pub entry: Arc<Entry>,
    /// The probability that it is the right one.
    pub confidence: f64,
    /// The reading of the question that led to it.
    pub question: String,
}

impl Queries {
    /// The readings of a message.
    pub fn of(message: &str, topic: Option<&Topic>, correct: &Correct<'_>) -> Self {
        let asked = questions(message);
        let mut whole = Query::new(message, topic, correct);
        if let [question] = asked.as_slice()
            && length(message) >= RAMBLE
            && 2 * length(question) <= length(message)
        {
            let question = correct(question).unwrap_or_else(|| question.clone());
            whole.others.push(Other { text: searched(&question), kind: Kind::Core });
        }
        let mut parts = Vec::new();
        if asked.len() >= 2 {
            let mut before: Option<Topic> = topic.cloned();
            for question in asked {
                parts.push(Query::new(&question, before.as_ref(), correct));
                before = Some(Topic { question, titles: Vec::new() });
            }
        }
        Self { whole, parts }
    }

    /// What to search for, in order.
    pub fn texts(&self) -> Vec<String> {
        let queries = std::iter::once(&self.whole).chain(&self.parts);
        queries.flat_map(|query| std::iter::once(query.text.clone()).chain(query.others.iter().map(|other| other.text.clone()))).collect()
    }

    /// What is to be said, from what was found for each of the texts.
    pub fn settle(&self, found: &[Vec<Hit>], judge: &Judge<'_>, asking: Asking) -> Plan {
        let mut left = found;
        let whole = self.whole.read(&mut left, judge);
        let parts: Vec<Read<'_>> = self.parts.iter().map(|part| part.read(&mut left, judge)).collect();
        several(&whole, &parts, judge).unwrap_or_else(|| match judge(&whole.hits, asking) {
            Verdict::Answer { entry, confidence } => {
                Plan::Answer { known: vec![Known { entry, confidence, question: whole.text.to_owned() }], unknown: None }
            }
            Verdict::Clarify { entries, confidence } => Plan::Clarify { entries, confidence },
            Verdict::HandOver { confidence } => Plan::HandOver { confidence },
        })
    }
}

/// The reading that counts.
struct Read<'a> {
    /// The question in the shopper's words.
    asked: &'a str,
    /// The reading's text.
    text: &'a str,
    hits: Cow<'a, [Hit]>,
}

impl Query {
    fn new(message: &str, topic: Option<&Topic>, correct: &Correct<'_>) -> Self {
        let corrected = correct(message);
        let meant = corrected.as_deref().unwrap_or(message);
        let leaning = leaning(meant);
        let in_context = topic.filter(|_| leaning > Leaning::None).map(|topic| searched(&topic.with(meant)));
        let mut others: Vec<Other> = corrected.iter().map(|text| Other { text: searched(text), kind: Kind::Corrected }).collect();
        others.extend(in_context.map(|text| Other { text, kind: Kind::InContext(leaning) }));
        let told = topic.filter(|_| asks_anew(meant)).map(|topic| topic.titles.clone()).unwrap_or_default();
        Self { text: searched(message), others, told }
    }

    /// Takes this query's results off the front of `found` and chooses the reading.
    fn read<'a>(&'a self, found: &mut &'a [Vec<Hit>], judge: &Judge<'_>) -> Read<'a> {
        let (own, rest) = found.split_at((1 + self.others.len()).min(found.len()));
        *found = rest;
        // The corrected text comes first among the others: what follows it is judged by it.
        let meant = self.others.first().filter(|other| other.kind == Kind::Corrected).map_or(&self.text, |other| &other.text);
        let mut read = Read { asked: &self.text, text: &self.text, hits: Cow::Borrowed(own.first().map_or(&[], Vec::as_slice)) };
        for (other, hits) in self.others.iter().zip(own.iter().skip(1)) {
            let hits = match other.kind {
                Kind::InContext(_) => self.anew(hits, judge),
                Kind::Corrected | Kind::Core => Cow::Borrowed(hits.as_slice()),
            };
            let (now, then) = (judge(&read.hits, Asking::Spent), judge(&hits, Asking::Spent));
            let likelier = then.confidence() > now.confidence();
            let counts = match other.kind {
                // The entry must speak of what the message itself names: a new topic is not dragged along.
                Kind::InContext(leaning) => {
                    let spoken = |hits: &[Hit]| hits.first().map_or(0.0, |hit| speaks_of(&hit.entry, meant));
                    let supported = spoken(&hits) >= SPOKEN_OF.max(spoken(&read.hits));
                    supported && likelier && (leaning == Leaning::Strong || !matches!(now, Verdict::Answer { .. }))
                }
                Kind::Corrected | Kind::Core => likelier,
            };
            if counts {
                (read.text, read.hits) = (&other.text, hits);
            }
        }
        read
    }

    /// The hits without what was told just before, if what is left is no less sure: it shares its words with the topic, and the shopper has read it.
    fn anew<'a>(&self, hits: &'a [Hit], judge: &Judge<'_>) -> Cow<'a, [Hit]> {
        if !hits.first().is_some_and(|hit| self.told.contains(&hit.entry.question)) {
            return Cow::Borrowed(hits);
        }
        let rest: Vec<Hit> = hits.iter().filter(|hit| !self.told.contains(&hit.entry.question)).cloned().collect();
        let sure = |hits: &[Hit]| judge(hits, Asking::Spent).confidence();
        if sure(&rest) >= sure(hits) { Cow::Owned(rest) } else { Cow::Borrowed(hits) }
    }
}

/// The plan for a message of several questions; `None` where it is to be answered as one.
fn several(whole: &Read<'_>, parts: &[Read<'_>], judge: &Judge<'_>) -> Option<Plan> {
    let mut known: Vec<Known> = Vec::new();
    let mut unknown: Vec<&Read<'_>> = Vec::new();
    for part in parts {
        match judge(&part.hits, Asking::Spent) {
            Verdict::Answer { entry, confidence } => {
                if known.iter().all(|other| other.entry.id != entry.id) {
                    known.push(Known { entry, confidence, question: part.text.to_owned() });
                }
            }
            Verdict::Clarify { .. } | Verdict::HandOver { .. } => unknown.push(part),
        }
    }
    if known.is_empty() {
        return None;
    }
    // What the message as a whole leads to may be what a part by itself did not.
    if let Verdict::Answer { entry, confidence } = judge(&whole.hits, Asking::Spent)
        && known.iter().all(|other| other.entry.id != entry.id)
        && unknown.iter().any(|part| speaks_of(&entry, part.asked) >= SPOKEN_OF)
    {
        known.push(Known { entry, confidence, question: whole.text.to_owned() });
    }
    // A part of whose words a told entry has most, or that is nearest to one which has some of them, asks for more of the same.
    let told = |part: &Read<'_>, one: &Known| {
        let nearest = part.hits.first().is_some_and(|hit| hit.entry.id == one.entry.id);
        speaks_of(&one.entry, part.asked) >= if nearest { SPOKEN_OF / 2.0 } else { SPOKEN_OF }
    };
    unknown.retain(|part| !known.iter().any(|one| told(part, one)));
    known.truncate(MOST_ANSWERS);
    let unknown: Vec<&str> = unknown.iter().map(|part| part.asked).collect();
    Some(Plan::Answer { known, unknown: (!unknown.is_empty()).then(|| unknown.join(" ")) })
}

fn searched(text: &str) -> String {
    text.chars().take(SEARCHED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::{Calibration, Threshold, decide};
    use crate::knowledge::{EntryId, HandoffRule};
    use crate::retrieval::{QuerySignals, Signals};

    /// A hit of an entry that says its id in words; sure ones are far above the threshold, others far below.
    fn hit(id: &str, sure: bool) -> Hit {
        Hit {
            entry: Arc::new(Entry {
                id: EntryId::parse(id).unwrap(),
                topic: "t".into(),
                locale: "en".into(),
                updated: None,
                question: id.replace('-', " "),
                phrasings: Vec::new(),
                answer: format!("All about {}.", id.replace('-', " ")),
                handoff: HandoffRule::Never,
                file: "t.md".into(),
                line: 1,
            }),
            signals: Signals::default(),
            phrasing: String::new(),
            score: if sure { 5.0 } else { -1.0 },
            query: QuerySignals { terms: 5, cjk: 0.0, none: 0.0 },
        }
    }

    /// The plan for a message, where `found` says what each text leads to: an id, with a `?` behind it where that is not sure.
    fn plan(message: &str, before: Option<&str>, found: &[(&str, &str)]) -> String {
        let topic = before.map(|title| Topic { question: title.to_owned(), titles: vec![title.to_owned()] });
        let queries = Queries::of(message, topic.as_ref(), &|text| text.contains("tnet").then(|| text.replace("tnet", "tent")));
        let hits = |text: &String| {
            let (_, leads) = found.iter().find(|(one, _)| one == text).unwrap_or_else(|| panic!("{text:?} is searched for"));
            vec![hit(leads.trim_end_matches('?'), !leads.ends_with('?')), hit("other", false)]
        };
        let found: Vec<Vec<Hit>> = queries.texts().iter().map(hits).collect();
        match queries.settle(&found, &|hits, asking| decide(hits, &Calibration::shipped(), Threshold::default(), asking), Asking::Spent) {
            Plan::Answer { known, unknown } => {
                let ids: Vec<&str> = known.iter().map(|one| one.entry.id.as_str()).collect();
                format!("{}{}", ids.join(" "), unknown.map(|text| format!(" / {text}")).unwrap_or_default())
            }
            Plan::Clarify { .. } => "clarify".to_owned(),
            Plan::HandOver { .. } => "hand over".to_owned(),
        }
    }

    #[test]
    fn the_context_counts_only_for_what_its_entry_speaks_of() {
        let check = |message: &str, alone: &str, in_context: &str, expect: &str| {
            let with = Topic { question: String::new(), titles: vec!["how long is delivery".into()] }.with(message);
            assert_eq!(plan(message, Some("how long is delivery"), &[(message, alone), (&with, in_context)]), expect, "{message}");
        };
        check("and to canada?", "countries?", "delivery-canada", "delivery-canada");
        check("and how much is it?", "price?", "delivery-price", "delivery-price");
        check("and student discount?", "student-discount", "delivery-time", "student-discount");
        check("and student discount?", "price?", "delivery-time", "hand over");
        // A message that may stand for itself is not read in its context once it is answered.
        check("canada", "canada", "delivery-canada", "canada");
        check("canada", "countries?", "delivery-canada", "delivery-canada");
    }

    #[test]
    fn each_of_two_questions_counts() {
        let (first, second) = ("do you gift wrap orders?", "is the blue tent waterproof?");
        let both = format!("{first} {second}");
        let check = |whole: &str, one: &str, other: &str, expect: &str| {
            assert_eq!(plan(&both, None, &[(both.as_str(), whole), (first, one), (second, other)]), expect, "{whole} {one} {other}");
        };
        check("wrap?", "gift-wrap", "tent-waterproof", "gift-wrap tent-waterproof");
        check("gift-wrap", "gift-wrap", "tent-waterproof", "gift-wrap tent-waterproof");
        check("wrap?", "gift-wrap", "stock?", "gift-wrap / is the blue tent waterproof?");
        check("tent-blue-waterproof", "gift-wrap", "stock?", "gift-wrap tent-blue-waterproof");
        check("gift-wrap", "gift-wrap", "gift-wrap?", "gift-wrap / is the blue tent waterproof?");
        check("tent-waterproof", "tent-waterproof", "tent-waterproof?", "tent-waterproof");
        check("gift-wrap", "gift?", "stock?", "gift-wrap");
        check("wrap?", "gift?", "stock?", "hand over");
    }

    #[test]
    fn a_slip_of_the_pen_is_read_both_ways() {
        let check = |as_written: &str, corrected: &str, expect: &str| {
            let found = [("is the tnet waterproof", as_written), ("is the tent waterproof", corrected)];
            assert_eq!(plan("is the tnet waterproof", None, &found), expect);
        };
        check("tent?", "tent-waterproof", "tent-waterproof");
        check("tnet-waterproof", "tent?", "tnet-waterproof");
        check("tnet?", "tent?", "hand over");
    }

    #[test]
    fn a_story_does_not_drown_its_question() {
        let question = "Is the tent waterproof?";
        let story =
            "We are planning a long walk through Scotland in May with the whole family, and my husband says that it will rain every day.";
        let message = format!("{story} {question}");
        assert_eq!(plan(&message, None, &[(message.as_str(), "rain?"), (question, "tent-waterproof")]), "tent-waterproof");
        assert_eq!(plan(&message, None, &[(message.as_str(), "tent-waterproof"), (question, "tent?")]), "tent-waterproof");
    }
}

//! The decision: answer, ask which entry was meant, or hand over.

use std::sync::Arc;

use super::Calibration;
use crate::knowledge::Entry;
use crate::retrieval::Hit;

/// The most entries that a shopper is given to choose from.
const MOST_OPTIONS: usize = 3;
/// From this probability that the right entry is among those offered, the shopper is asked: below it, the question is too often one more step before
/// the same wait for a person. On 903 messages of four shops, of 636 unsure ones 189 were asked back and 129 of these offered the right entry; at 0.5
/// it would be 336 and 210, and of the questions that no entry covers 28 % instead of 13 % would be asked back.
const WORTH_ASKING: f64 = 0.6;
/// A third entry is offered when it is at least this likely, measured by the second one.
const THIRD_BESIDE_SECOND: f64 = 0.6;

/// The confidence from which the bot answers, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Threshold(f64);

impl Threshold {
    /// A value outside of 0 to 1 becomes the nearer end; what is no number becomes 1, at which nothing is answered that is not certain.
    pub fn new(value: f64) -> Self {
        Self(if value.is_nan() { 1.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The value.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Default for Threshold {
    /// 0.75, by hand: what holds until a shop's own questions, or its rehearsal, give it a threshold of its own.
    fn default() -> Self {
        Self(0.75)
    }
}

/// Whether the shopper may be asked which entry was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// They may.
    Allowed,
    /// They were asked just now, or want something done: what is unsure goes to a person.
    Spent,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The entry answers it.
    Answer {
        /// The entry.
        entry: Arc<Entry>,
        /// The probability that it is the right one.
        confidence: f64,
    },
    /// The shopper should say which of these they mean.
    Clarify {
        /// Two or three, the likeliest first; no two of them have the same question.
        entries: Vec<Arc<Entry>>,
        /// The probability that the first one is right.
        confidence: f64,
    },
    /// A person should answer it.
    HandOver {
        /// The probability that the best entry would have been right; 0 where none was found.
        confidence: f64,
    },
}

impl Verdict {
    /// The probability that the best entry is right, whatever was decided.
    pub fn confidence(&self) -> f64 {
        match self {
            Self::Answer { confidence, .. } | Self::Clarify { confidence, .. } | Self::HandOver { confidence } => *confidence,
        }
    }
}

/// Decides from the hits of a search, the best first. Four hits or more must be given where there are as many: the lead over the second counts, and
/// of entries with the same question only one can be offered. The one decision point: nothing else compares a confidence with a threshold.
pub fn decide(hits: &[Hit], calibration: &Calibration, threshold: Threshold, asking: Asking) -> Verdict {
    let confidence = calibration.confidence(hits);
    let Some(first) = hits.first() else { return Verdict::HandOver { confidence } };
    if confidence >= threshold.0 {
        return Verdict::Answer { entry: Arc::clone(&first.entry), confidence };
    }
    let offered = if asking == Asking::Allowed { options(hits) } else { Vec::new() };
    let leads: Vec<f64> = offered.iter().map(|hit| f64::from(first.score - hit.score)).collect();
    if offered.len() < 2 || among_first(confidence, &leads) < WORTH_ASKING {
        return Verdict::HandOver { confidence };
    }
    Verdict::Clarify { entries: offered.iter().map(|hit| Arc::clone(&hit.entry)).collect(), confidence }
}

/// How likely the right entry is among the offered ones. `leads` holds by how much score the first one leads over each, so it begins with 0.
///
/// Scores are log-odds of one choice among all of them: an entry that trails by d is e^-d times as likely as the first one, whose probability is
/// `confidence`. All together are at most certain.
pub fn among_first(confidence: f64, leads: &[f64]) -> f64 {
    let behind: f64 = leads.iter().skip(1).map(|lead| beside_first(*lead)).sum();
    let sum = if leads.is_empty() { 0.0 } else { confidence * (1.0 + behind) };
    if sum.is_nan() { 0.0 } else { sum.clamp(0.0, 1.0) }
}

/// How likely an entry is, measured by the first one.
fn beside_first(lead: f64) -> f64 {
    (-lead.max(0.0)).exp()
}

/// The hits to offer: the first, the second, and a third where it is not far behind; in one language, and no question twice.
fn options(hits: &[Hit]) -> Vec<&Hit> {
    let mut offered: Vec<&Hit> = Vec::with_capacity(MOST_OPTIONS);
    for hit in hits {
        let first = *offered.first().unwrap_or(&hit);
        let known = offered.iter().any(|other| other.entry.question == hit.entry.question);
        if known || hit.entry.locale != first.entry.locale {
            continue;
        }
        let likely = |of: &Hit| beside_first(f64::from(first.score - of.score));
        if offered.len() >= 2 && likely(hit) < THIRD_BESIDE_SECOND * likely(offered[1]) {
            break;
        }
        offered.push(hit);
        if offered.len() == MOST_OPTIONS {
            break;
        }
    }
    offered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::{EntryId, HandoffRule};
    use crate::retrieval::{QuerySignals, Signals};

    /// Hits that are alike but for their score and language; the question is the id.
    fn hits(of: &[(&str, &str, f32)]) -> Vec<Hit> {
        let hit = |&(id, locale, score): &(&str, &str, f32)| Hit {
            entry: Arc::new(Entry {
                id: EntryId::parse(id).unwrap(),
                topic: "t".into(),
                locale: locale.into(),
                updated: None,
                question: id.trim_end_matches(char::is_numeric).into(),
                phrasings: Vec::new(),
                answer: "Yes.".into(),
                handoff: HandoffRule::Never,
                file: "t.md".into(),
                line: 1,
            }),
            signals: Signals::default(),
            phrasing: String::new(),
            score,
            query: QuerySignals { terms: 4, cjk: 0.0, none: 0.0 },
        };
        of.iter().map(hit).collect()
    }

    #[test]
    fn those_just_behind_the_first_count_nearly_as_much() {
        let check = |confidence: f64, leads: &[f64], expect: f64| {
            let found = among_first(confidence, leads);
            assert!((found - expect).abs() < 0.01, "{confidence} {leads:?} gave {found}");
        };
        check(0.4, &[0.0], 0.4);
        check(0.4, &[0.0, 0.0], 0.8);
        check(0.4, &[0.0, 0.5], 0.643);
        check(0.3, &[0.0, 0.2, 0.4], 0.747);
        check(0.4, &[0.0, 5.0], 0.4);
        check(0.7, &[0.0, 0.0, 0.0], 1.0);
        check(0.0, &[0.0, 0.0], 0.0);
        check(f64::NAN, &[0.0, 0.0], 0.0);
        check(0.4, &[], 0.0);
        check(0.4, &[0.0, f64::NAN], 0.8);
    }

    #[test]
    fn two_or_three_are_offered_where_it_is_worth_asking() {
        let check = |of: &[(&str, &str, f32)], asking: Asking, expect: Option<&[&str]>| {
            let verdict = decide(&hits(of), &Calibration::shipped(), Threshold::default(), asking);
            let ids = match &verdict {
                Verdict::Clarify { entries, .. } => Some(entries.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>()),
                _ => None,
            };
            assert_eq!(ids.as_deref(), expect, "{of:?} gave {verdict:?}");
        };
        let close = [("a", "en", 2.0), ("b", "en", 1.99), ("c", "en", 1.98), ("d", "en", 1.97)];
        check(&close, Asking::Allowed, Some(&["a", "b", "c"]));
        check(&close, Asking::Spent, None);
        check(&[("a", "en", 2.0), ("b", "en", 1.99), ("c", "en", -1.0)], Asking::Allowed, Some(&["a", "b"]));
        check(&close[..1], Asking::Allowed, None);
        check(&[("a", "en", 2.0), ("b", "zh", 1.99), ("c", "en", 1.98)], Asking::Allowed, Some(&["a", "c"]));
        check(&[("a1", "en", 2.0), ("a2", "en", 1.99), ("c", "en", 1.98)], Asking::Allowed, Some(&["a1", "c"]));
        check(&[], Asking::Allowed, None);
        check(&close.map(|(id, locale, score)| (id, locale, score - 5.0)), Asking::Allowed, None);
        let sure = decide(&hits(&[("a", "en", 9.0), ("b", "en", 2.0)]), &Calibration::shipped(), Threshold::default(), Asking::Allowed);
        assert!(matches!(sure, Verdict::Answer { confidence, .. } if confidence > 0.99), "{sure:?}");
        let broken = decide(&hits(&[("a", "en", f32::NAN)]), &Calibration::shipped(), Threshold::default(), Asking::Allowed);
        assert_eq!(broken, Verdict::HandOver { confidence: 0.0 });
    }
}

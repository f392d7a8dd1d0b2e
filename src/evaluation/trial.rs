//! One message on its way through search and decision, and whether what was proposed is right.

use std::sync::Arc;

use super::EvaluationError;
use crate::confidence::{Calibration, Judged};
use crate::knowledge::{Entry, EntryId};
use crate::retrieval::{CANDIDATES, Hit, Retriever};

/// What a message should come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// An answer by one of these entries, at least one.
    OneOf(Vec<EntryId>),
    /// An answer that the knowledge base has no entry for: whatever is proposed is wrong, and the message counts as answerable all the same.
    Absent,
    /// No answer: the message is not for this knowledge base.
    NotCovered,
}

/// A message with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// What the shopper wrote.
    pub message: String,
    /// What it should come to.
    pub expected: Expected,
}

/// What search and decision make of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The entry that would answer; `None` where the search found nothing.
    pub entry: Option<Arc<Entry>>,
    /// The probability that it is right.
    pub confidence: f64,
    /// The share of the message's letters that are Chinese, Japanese or Korean; 0 where the search found nothing.
    pub cjk: f32,
    /// The entries that were ranked, the best first.
    pub ranked: Vec<EntryId>,
}

/// A message, what it should come to and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The message with its label.
    pub question: Labelled,
    /// What was proposed.
    pub proposal: Proposal,
}

/// How many entries of a search are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Those that a decision is made from.
    Candidates,
    /// All of them.
    Everything,
}

/// Asks each message as a shopper would. Labels are not among what it is given. `tick` is called after each message.
pub fn ask(
    retriever: &Retriever,
    calibration: &Calibration,
    messages: &[&str],
    depth: Depth,
    tick: &dyn Fn(),
) -> Result<Vec<Proposal>, EvaluationError> {
    let propose = |message: &&str| {
        let hits = match depth {
            Depth::Candidates => retriever.candidates(message),
            Depth::Everything => retriever.ranking(message),
        }?;
        tick();
        Ok(Proposal {
            entry: hits.first().map(|hit| Arc::clone(&hit.entry)),
            confidence: judge(calibration, &hits[..hits.len().min(CANDIDATES)]),
            cjk: hits.first().map_or(0.0, |hit| hit.query.cjk),
            ranked: hits.iter().map(|hit| hit.entry.id.clone()).collect(),
        })
    };
    messages.iter().map(propose).collect()
}

/// The one place that says how sure the server would be.
fn judge(calibration: &Calibration, candidates: &[Hit]) -> f64 {
    calibration.confidence(candidates)
}

/// Brings the labels to the proposals, which are in the same order.
pub fn score(questions: Vec<Labelled>, proposals: Vec<Proposal>) -> Vec<Trial> {
    questions.into_iter().zip(proposals).map(|(question, proposal)| Trial { question, proposal }).collect()
}

impl Trial {
    /// Whether the proposed entry is right.
    pub fn is_right(&self) -> bool {
        self.rank() == Some(1)
    }

    /// Where the first right entry stands among the ranked ones, from 1.
    pub fn rank(&self) -> Option<usize> {
        let Expected::OneOf(right) = &self.question.expected else { return None };
        self.proposal.ranked.iter().position(|id| right.contains(id)).map(|place| place + 1)
    }

    /// Whether the server would answer.
    pub fn is_answered(&self, threshold: f64) -> bool {
        self.proposal.entry.is_some() && self.proposal.confidence >= threshold
    }

    /// For the counting.
    pub fn judged(&self) -> Judged {
        Judged { confidence: self.proposal.confidence, right: self.is_right() }
    }
}

//! What the bot did for the shopper, and whether they said that it helped. Pure.

use crate::conversation::{Decision, Message, MessageId, Source};

/// How many attempts an agent is told of, the last ones.
const MOST: usize = 10;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The bot's message.
    pub message_id: MessageId,
    /// What kind of reply it was.
    pub decision: Decision,
    /// The entries and orders that it named, or that it offered to choose from.
    pub sources: Vec<Source>,
    /// What the shopper said of it.
    pub helped: Option<bool>,
}

/// The attempts in their order; smalltalk and the line of a handoff are none.
pub fn tried(transcript: &[Message]) -> Vec<Tried> {
    let attempts = transcript.iter().rev().filter_map(|message| {
        let trace = message.trace.as_ref().filter(|trace| !matches!(trace.decision, Decision::Smalltalk | Decision::Handoff))?;
        Some(Tried { message_id: message.id, decision: trace.decision, sources: trace.sources.clone(), helped: message.helpful })
    });
    let mut all: Vec<Tried> = attempts.take(MOST).collect();
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::super::fixture::talk;
    use super::*;

    #[test]
    fn the_bots_attempts_are_told_with_what_came_of_them() {
        let transcript = talk(&[
            ("shopper", "hi"),
            ("bot smalltalk", "Hello"),
            ("bot answer unhelpful", "Two days."),
            ("bot clarify", "Which?"),
            ("bot order helpful", "On its way."),
            ("bot handoff", "Passed on."),
            ("agent", "Hello"),
        ]);
        let found: Vec<(Decision, Option<bool>, MessageId)> =
            tried(&transcript).into_iter().map(|one| (one.decision, one.helped, one.message_id)).collect();
        let expect = [
            (Decision::Answer, Some(false), transcript[2].id),
            (Decision::Clarify, None, transcript[3].id),
            (Decision::Order, Some(true), transcript[4].id),
        ];
        assert_eq!(found, expect);
        let many = talk(&[("bot answer", "Two days.")].repeat(MOST + 3));
        let found = tried(&many);
        assert_eq!((found.len(), found[0].message_id), (MOST, many[3].id));
        assert_eq!(found[0].sources, many[3].trace.as_ref().unwrap().sources);
    }
}

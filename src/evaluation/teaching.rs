//! From a rehearsal to a rule: how the signals are weighed, how sure that makes the bot, and from where on it answers.

use crate::confidence::{Calibration, Choice, Example, Lesson, Limit, Rule};
use crate::retrieval::Correction;

use super::attempt::Attempt;
use super::rehearsal::Rehearsal;

/// Parts of the attempts of which each is judged by what the others teach: no message judges weights that it was learned from.
const PARTS: usize = 5;

/// What a rehearsal taught.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taught {
    /// What the weights of the signals have to be changed by.
    pub correction: Correction,
    /// How messages are judged with them.
    pub rule: Rule,
}

/// Learns from a rehearsal. The weights are touched only where the knowledge base has so many phrasings of each entry that they are as good as real
/// messages; elsewhere those that were fitted on real messages of other shops know better.
pub fn learn(rehearsal: &Rehearsal, limit: Limit) -> Taught {
    let origin = rehearsal.origin();
    if !rehearsal.teaches {
        let examples: Vec<Example> = rehearsal.attempts.iter().map(Attempt::example).collect();
        return Taught { correction: Correction::default(), rule: Rule::derive(&examples, origin, limit) };
    }
    let phrasings = rehearsal.attempts.len() - rehearsal.out_of_scope;
    // Half of what reaches a bot of this kind is covered by nothing (HINT3, Arora et al. 2020, table 1: 42, 54 and 72 % for three live bots).
    let weight = phrasings as f64 / rehearsal.out_of_scope.max(1) as f64;
    // Whoever writes one phrasing writes the next with the same words: in a rehearsal words say more than they do of real messages.
    let (start, fixed) = (Correction::without_words(rehearsal.read), Correction::WORDS);
    let all: Vec<Option<Lesson<'_>>> = rehearsal.attempts.iter().map(|attempt| lesson(attempt, weight)).collect();
    let mut examples = vec![Example { log_odds: None, right: false }; all.len()];
    for part in 0..PARTS {
        let others: Vec<Lesson<'_>> =
            all.iter().enumerate().filter(|(n, _)| n % PARTS != part).filter_map(|(_, lesson)| lesson.clone()).collect();
        let choice = Choice::fit(&others, &start, fixed);
        for (number, lesson) in all.iter().enumerate().filter(|(n, _)| n % PARTS == part) {
            if let Some((best, log_odds)) = lesson.as_ref().and_then(|lesson| choice.best(lesson.evidence)) {
                examples[number] = Example { log_odds: Some(log_odds), right: rehearsal.attempts[number].right == Some(best) };
            }
        }
    }
    let lessons: Vec<Lesson<'_>> = all.into_iter().flatten().collect();
    let correction = Choice::fit(&lessons, &start, fixed).correction();
    let calibration = Calibration::of(1.0, 0.0, origin).expect("the line that changes nothing rises");
    Taught { correction, rule: Rule::of(calibration, &examples, limit) }
}

/// An attempt that found something; `weight` is that of a message that nothing covers.
fn lesson(attempt: &Attempt, weight: f64) -> Option<Lesson<'_>> {
    let weight = if attempt.expected.is_none() { weight } else { 1.0 };
    Some(Lesson { evidence: attempt.evidence.as_ref()?, right: attempt.right, weight })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::{Evidence, Origin};
    use crate::knowledge::EntryId;
    use crate::retrieval::{Read, SIGNALS};

    /// Attempts whose right entry is first, second, or not there, with the score that the first leads by.
    fn rehearsal(teaches: bool) -> Rehearsal {
        let attempt = |n: usize| {
            let covered = n % 4 != 3;
            let evidence = Evidence::of_scores(&[(16.0, [0.9; SIGNALS]), (15.0, [0.7; SIGNALS])], if covered { 10.0 } else { 17.0 });
            let expected = covered.then(|| EntryId::parse("a").unwrap());
            Attempt {
                message: n.to_string(),
                right: covered.then_some(0),
                found: expected.clone(),
                expected,
                log_odds: Some(if covered { 0.99 } else { -2.0 }),
                evidence: Some(evidence),
            }
        };
        Rehearsal { attempts: (0..400).map(attempt).collect(), out_of_scope: 100, teaches, read: Read::Answers }
    }

    #[test]
    fn weights_change_only_where_phrasings_are_many() {
        let limit = Limit { max_wrong_rate: 0.05, delta: 0.1 };
        let few = learn(&rehearsal(false), limit);
        assert_eq!(few.correction, Correction::default());
        let many = learn(&rehearsal(true), limit);
        assert_ne!(many.correction, Correction::default());
        assert!(many.correction.signals[..SIGNALS - 2].iter().all(|change| *change >= 0.0), "what leads is right: {:?}", many.correction);
        assert_eq!(
            many.correction.signals[SIGNALS - 2..],
            Correction::without_words(Read::Answers).signals[SIGNALS - 2..],
            "words are left out"
        );
        for taught in [few, many] {
            assert_eq!(taught.rule.calibration.origin(), Origin::Provisional { phrasings: 300, out_of_scope: 100 });
            assert!(taught.rule.threshold.value() < 0.9, "{:?}", taught.rule);
        }
    }
}

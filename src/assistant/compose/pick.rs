//! Which of an entry's sentences may be the reply: those that are sure to belong to it, and those that may. Pure.

use std::collections::BTreeSet;

use super::units::{Unit, closed};

/// Log-odds from which a sentence is said. As many sentences too many as too few are said at -1 (`nightdesk eval sentences`); a shopper bears one more
/// sentence better than the lack of the one that decides.
pub const SAID: f32 = -3.0;
/// An answer of so many words is no longer than a reply may be, and is said whole.
const SHORT: usize = 40;
/// Sentences that a reply has at most, those that come with others not counted.
const MOST: usize = 3;

/// From the sentences' log-odds to what may be said: sets of units, each closed, the first of which is said where nobody chooses. `scores` are those of
/// `units`; without any there is no set. Sentences whose log-odds are no further than `open` from `said` may be in a set or not: for somebody else to
/// choose.
pub fn picks(units: &[Unit], scores: &[f32], said: f32, open: f32) -> Vec<BTreeSet<usize>> {
    let mut order: Vec<usize> = (0..units.len().min(scores.len())).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let Some(&best) = order.first() else { return Vec::new() };
    order.truncate(MOST);
    let sure: Vec<usize> = order.iter().copied().filter(|place| *place == best || scores[*place] > said + open).collect();
    let undecided: Vec<usize> = order.iter().copied().filter(|place| !sure.contains(place) && scores[*place] > said - open).collect();
    let with = |more: &[usize]| closed(units, sure.iter().chain(more).copied());
    let likely: Vec<usize> = undecided.iter().copied().filter(|place| scores[*place] > said).collect();
    let mut sets = vec![with(&likely)];
    for chosen in 0..1_usize << undecided.len() {
        let more: Vec<usize> = undecided.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, place)| *place).collect();
        let set = with(&more);
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    sets
}

/// The same of sentences that stand for themselves.
pub fn picked(scores: &[f32], said: f32, open: f32) -> Vec<BTreeSet<usize>> {
    picks(&vec![Unit::default(); scores.len()], scores, said, open)
}

/// Whether an answer is said whole without a look at its sentences.
pub fn is_short(answer: &str) -> bool {
    answer.split_whitespace().count() <= SHORT
}

#[cfg(test)]
mod tests {
    use super::super::units::units;
    use super::*;

    fn check(answer: &str, scores: &[f32], expect: &[&[usize]]) {
        let found = picks(&units(answer), scores, -1.0, 0.75);
        let expect: Vec<BTreeSet<usize>> = expect.iter().map(|set| set.iter().copied().collect()).collect();
        assert_eq!(found, expect, "{answer} {scores:?}");
    }

    #[test]
    fn sure_sentences_are_said_and_near_ones_left_open() {
        let answer = "A is red. B is blue. C is green. D is grey.";
        check(answer, &[3.0, -6.0, -5.0, -4.0], &[&[0]]);
        check(answer, &[-6.0, 2.0, 1.0, -4.0], &[&[1, 2]]);
        check(answer, &[2.0, -1.1, -5.0, -4.0], &[&[0], &[0, 1]]);
        check(answer, &[2.0, -0.9, -5.0, -4.0], &[&[0, 1], &[0]]);
        check(answer, &[2.0, -0.9, -1.2, -4.0], &[&[0, 1], &[0], &[0, 2], &[0, 1, 2]]);
        check(answer, &[4.0, 3.0, 2.0, 1.0], &[&[0, 1, 2]]);
        // The best is said however unsure it is.
        check(answer, &[-6.0, -5.0, -4.0, -7.0], &[&[2]]);
        check("", &[], &[]);
    }

    #[test]
    fn what_comes_with_a_sentence_is_in_every_set() {
        check("A is red. Otherwise it is blue. C.", &[-5.0, 2.0, -1.0], &[&[0, 1], &[0, 1, 2]]);
    }
}

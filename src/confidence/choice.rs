//! Learning from a shop's own messages how its signals should be weighed.
//!
//! A search's scores make a choice among its candidates and 'no entry' (see [`super::log_odds`]) with weights that were fitted on other shops. Where a
//! knowledge base has many phrasings of each entry, they show whether these weights fit it too.

use crate::retrieval::{Correction, Hit, SIGNALS};

/// Numbers that a correction has: one for each signal, and one for 'no entry'.
const CORRECTIONS: usize = SIGNALS + 1;

/// How firmly the weights are held: the standard deviation of a correction, in log-odds for a signal that goes from 0 to 1, and of the constant. Loose,
/// for hundreds of lessons are there whenever any are taken: held three times as firmly, what answers say spoke too loudly for entries that have none.
const LOOSE_SIGNAL: f64 = 10.0;
const LOOSE_NONE: f64 = 10.0;
/// Newton's steps; it takes about eight.
const STEPS: usize = 60;

/// The model of the choice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Choice {
    /// What is added to each weight; the last is what is added for 'no entry'.
    correction: [f64; CORRECTIONS],
}

/// What is known of a message before anything is chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Score and signals of each candidate, in the order in which they were found.
    candidates: Vec<(f64, [f64; SIGNALS])>,
    /// What 'no entry' scores.
    none: f64,
}

/// A message whose right answer is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson<'a> {
    /// What was found for it.
    pub evidence: &'a Evidence,
    /// The number of the right candidate; `None` where it is none of them.
    pub right: Option<usize>,
    /// How many messages it stands for.
    pub weight: f64,
}

impl Evidence {
    /// Of the hits of a search with weights that nothing has corrected; `None` without a hit or for a query without a word, and when a signal is no number.
    pub fn of(hits: &[Hit]) -> Option<Self> {
        let query = hits.first().filter(|first| first.query.terms > 0)?.query;
        let candidates: Vec<(f64, [f64; SIGNALS])> =
            hits.iter().map(|hit| (f64::from(hit.score), hit.signals.values().map(f64::from))).collect();
        let sound = candidates.iter().all(|(score, signals)| score.is_finite() && signals.iter().all(|s| s.is_finite()));
        sound.then_some(Self { candidates, none: f64::from(query.none) })
    }

    /// Of scores and signals that are not from a search.
    pub fn of_scores(candidates: &[(f64, [f64; SIGNALS])], none: f64) -> Self {
        Self { candidates: candidates.to_vec(), none }
    }
}

impl Choice {
    /// As a search takes it.
    pub fn correction(&self) -> Correction {
        Correction { signals: std::array::from_fn(|index| self.correction[index] as f32), none: self.correction[SIGNALS] as f32 }
    }

    /// The candidate that it chooses, and the log-odds that it is right; `None` where there is none.
    pub fn best(&self, evidence: &Evidence) -> Option<(usize, f64)> {
        let scores = self.scores(evidence);
        let (none, candidates) = scores.split_last()?;
        let (best, own) = candidates.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
        let others = candidates.iter().enumerate().filter(|(index, _)| *index != best).map(|(_, score)| score);
        let against: f64 = others.chain([none]).map(|score| (score - own).exp()).sum();
        Some((best, -against.ln()))
    }

    /// The probability of each candidate, in their order; what is missing to 1 is that of 'no entry'.
    pub fn probabilities(&self, evidence: &Evidence) -> Vec<f64> {
        let scores = self.scores(evidence);
        let highest = scores.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
        scores[..evidence.candidates.len()].iter().map(|score| (score - highest).exp() / total).collect()
    }

    /// Scores of the candidates, then that of 'no entry'.
    fn scores(&self, evidence: &Evidence) -> Vec<f64> {
        let corrected = |(score, signals): &(f64, [f64; SIGNALS])| score + dot(signals, &self.correction[..SIGNALS]);
        evidence.candidates.iter().map(corrected).chain([evidence.none + self.correction[SIGNALS]]).collect()
    }

    /// The most probable correction, given the lessons and that it is likely small: Newton's method on a function with one summit. Of the signals
    /// that are `fixed` it keeps what `start` changes.
    pub fn fit(lessons: &[Lesson<'_>], start: &Correction, fixed: [bool; SIGNALS]) -> Self {
        let mut choice = Self::default();
        choice.correction.iter_mut().zip(start.signals).for_each(|(number, start)| *number = f64::from(start));
        let mut height = choice.log_posterior(lessons);
        for _ in 0..STEPS {
            let (mut gradient, mut hessian) = choice.slope(lessons);
            for index in (0..SIGNALS).filter(|index| fixed[*index]) {
                gradient[index] = 0.0;
                (0..CORRECTIONS)
                    .filter(|other| *other != index)
                    .for_each(|other| (hessian[index][other], hessian[other][index]) = (0.0, 0.0));
            }
            let step = solve(hessian, gradient);
            let mut share = 1.0;
            let (next, reached) = loop {
                let mut next = choice;
                next.correction.iter_mut().zip(&step).for_each(|(number, step)| *number += share * step);
                let reached = next.log_posterior(lessons);
                if reached >= height || share < 1e-6 {
                    break (next, reached);
                }
                share /= 2.0;
            };
            if reached - height < 1e-9 {
                break;
            }
            (choice, height) = (next, reached);
        }
        choice
    }

    fn log_posterior(&self, lessons: &[Lesson<'_>]) -> f64 {
        let seen = |lesson: &Lesson<'_>| {
            let scores = self.scores(lesson.evidence);
            let highest = scores.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
            lesson.weight * (scores[lesson.right.unwrap_or(scores.len() - 1)] - highest - total.ln())
        };
        let prior: f64 = self.correction.iter().zip(firmness()).map(|(number, firm)| -0.5 * firm * number * number).sum();
        prior + lessons.iter().map(seen).sum::<f64>()
    }

    /// The gradient of the log-posterior, and its second derivatives with the sign turned.
    fn slope(&self, lessons: &[Lesson<'_>]) -> ([f64; CORRECTIONS], [[f64; CORRECTIONS]; CORRECTIONS]) {
        let firm = firmness();
        let mut gradient: [f64; CORRECTIONS] = std::array::from_fn(|index| -firm[index] * self.correction[index]);
        let mut hessian = [[0.0; CORRECTIONS]; CORRECTIONS];
        (0..CORRECTIONS).for_each(|index| hessian[index][index] = firm[index]);
        for lesson in lessons {
            let probabilities = self.probabilities(lesson.evidence);
            let none = 1.0 - probabilities.iter().sum::<f64>();
            let options: Vec<([f64; CORRECTIONS], f64)> = lesson
                .evidence
                .candidates
                .iter()
                .zip(&probabilities)
                .map(|((_, signals), p)| (std::array::from_fn(|index| signals.get(index).copied().unwrap_or(0.0)), *p))
                .chain([(std::array::from_fn(|index| if index == SIGNALS { 1.0 } else { 0.0 }), none)])
                .collect();
            let mean: [f64; CORRECTIONS] = std::array::from_fn(|index| options.iter().map(|(option, p)| p * option[index]).sum());
            let right = &options[lesson.right.unwrap_or(options.len() - 1)].0;
            for row in 0..CORRECTIONS {
                gradient[row] += lesson.weight * (right[row] - mean[row]);
                for column in 0..CORRECTIONS {
                    let spread: f64 =
                        options.iter().map(|(option, p)| p * (option[row] - mean[row]) * (option[column] - mean[column])).sum();
                    hessian[row][column] += lesson.weight * spread;
                }
            }
        }
        (gradient, hessian)
    }
}

fn firmness() -> [f64; CORRECTIONS] {
    std::array::from_fn(|index| if index == SIGNALS { LOOSE_NONE.powi(-2) } else { LOOSE_SIGNAL.powi(-2) })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Gauss's elimination; the matrix is positive definite, so that no row need be looked for.
fn solve(mut matrix: [[f64; CORRECTIONS]; CORRECTIONS], mut values: [f64; CORRECTIONS]) -> [f64; CORRECTIONS] {
    for pivot in 0..CORRECTIONS {
        let own = matrix[pivot];
        for row in pivot + 1..CORRECTIONS {
            let factor = matrix[row][pivot] / own[pivot];
            matrix[row].iter_mut().zip(own).skip(pivot).for_each(|(value, above)| *value -= factor * above);
            values[row] -= factor * values[pivot];
        }
    }
    for row in (0..CORRECTIONS).rev() {
        let known: f64 = (row + 1..CORRECTIONS).map(|column| matrix[row][column] * values[column]).sum();
        values[row] = (values[row] - known) / matrix[row][row];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Candidates with one signal each, scored by it alone.
    fn evidence(signals: &[f64], none: f64) -> Evidence {
        let candidate = |signal: &f64| (4.0 * signal, std::array::from_fn(|index| if index == 0 { *signal } else { 0.0 }));
        Evidence { candidates: signals.iter().map(candidate).collect(), none }
    }

    #[test]
    fn probabilities_are_shares_of_one() {
        let check = |signals: &[f64], none: f64, expect: &[f64]| {
            let found = Choice::default().probabilities(&evidence(signals, none));
            assert!(found.iter().zip(expect).all(|(a, b)| (a - b).abs() < 1e-3) && found.len() == expect.len(), "{found:?}");
        };
        check(&[1.0], 4.0, &[0.5]);
        check(&[1.0, 1.0], 4.0, &[0.3333, 0.3333]);
        check(&[1.0, 0.0], 0.0, &[0.9647, 0.0177]);
        check(&[300.0, 0.0], 0.0, &[1.0, 0.0]);
        check(&[], 0.0, &[]);
    }

    #[test]
    fn lessons_correct_the_weights_and_few_hardly() {
        // The signal says less here than the shipped weight believes: the lower one is right four times in ten.
        let seen = evidence(&[0.9, 0.4], -9.0);
        let lessons = |count: usize| -> Vec<Lesson<'_>> {
            (0..count).map(|n| Lesson { evidence: &seen, right: Some(usize::from(n % 10 < 4)), weight: 1.0 }).collect()
        };
        let first = |count: usize| Choice::fit(&lessons(count), &Correction::default(), [false; SIGNALS]).probabilities(&seen)[0];
        let shipped = Choice::default().probabilities(&seen)[0];
        assert_eq!(first(0), shipped);
        assert!((first(2_000) - 0.6).abs() < 0.01, "{}", first(2_000));
        // Of few it is the prior that decides: in a row of three all were right, and the other one stays likely.
        let few: Vec<Lesson<'_>> = (0..3).map(|_| Lesson { evidence: &seen, right: Some(0), weight: 0.1 }).collect();
        let after = Choice::fit(&few, &Correction::default(), [false; SIGNALS]).probabilities(&seen)[0];
        assert!(shipped > 0.85 && after > shipped && after < 0.97, "{shipped} {after}");
        // A weight is worth as much as so many lessons.
        let once: Vec<Lesson<'_>> = lessons(10).into_iter().map(|lesson| Lesson { weight: 3.0, ..lesson }).collect();
        assert!((Choice::fit(&once, &Correction::default(), [false; SIGNALS]).probabilities(&seen)[0] - first(30)).abs() < 1e-6);
    }

    #[test]
    fn no_entry_is_learned() {
        let seen = evidence(&[0.5, 0.3], 0.0);
        let lessons: Vec<Lesson<'_>> =
            (0..500).map(|n| Lesson { evidence: &seen, right: (n % 5 == 0).then_some(0), weight: 1.0 }).collect();
        let found = Choice::fit(&lessons, &Correction::default(), [false; SIGNALS]).probabilities(&seen);
        assert!((found[0] - 0.2).abs() < 0.02 && found[1] < 0.02, "{found:?}");
        let (best, log_odds) = Choice::fit(&lessons, &Correction::default(), [false; SIGNALS]).best(&seen).unwrap();
        assert!(best == 0 && (log_odds + 1.386).abs() < 0.15, "{log_odds}");
        assert_eq!(Choice::default().best(&evidence(&[], 0.0)), None);
    }
}

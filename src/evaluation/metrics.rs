//! What is counted over judged messages. Pure.
//!
//! `proposed` are the messages for which retrieval found an entry, `all` those for which it found none too (at confidence 0, not right). A message that no
//! entry answers is not right, whatever is proposed.

use crate::confidence::{Judged, upper_bound};

/// One minus the confidence with which an upper bound holds.
pub const DELTA: f64 = 0.1;
/// Bins of the reliability diagram and of the calibration error.
const BINS: usize = 10;
/// Rows of the risk-coverage table: thresholds of a twentieth more each.
const STEPS: u32 = 20;

/// The largest share of the answerable messages that is answered rightly by a threshold at which at least `precision` of the answers are right.
/// Messages of equal confidence are answered together or not at all.
pub fn resolved_at(proposed: &[Judged], answerable: usize, precision: f64) -> f64 {
    let mut best = 0;
    let mut right = 0;
    let ordered = by_confidence(proposed);
    for (index, judged) in ordered.iter().enumerate() {
        right += usize::from(judged.right);
        let last_of_its_confidence = ordered.get(index + 1).is_none_or(|next| next.confidence < judged.confidence);
        if last_of_its_confidence && share(right, index + 1) >= precision {
            best = best.max(right);
        }
    }
    share(best, answerable)
}

/// The probability that a rightly answered message has more confidence than any other one; ties count half. `None` where there is only one kind.
pub fn auroc(all: &[Judged]) -> Option<f64> {
    let mut ordered: Vec<&Judged> = all.iter().collect();
    ordered.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let (mut wins, mut below) = (0.0, 0.0);
    for same in ordered.chunk_by(|a, b| a.confidence >= b.confidence) {
        let right = same.iter().filter(|judged| judged.right).count() as f64;
        let other = same.len() as f64 - right;
        wins += right * (below + other / 2.0);
        below += other;
    }
    let pairs = below * (all.len() as f64 - below);
    (pairs > 0.0).then(|| wins / pairs)
}

/// One bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Its lowest confidence; the next bin's begins where it ends.
    pub from: f64,
    /// Messages in it.
    pub count: usize,
    /// Their mean confidence; 0 without a message.
    pub confidence: f64,
    /// The share of them that is right; 0 without a message.
    pub right: f64,
}

/// Ten bins of equal width over all messages.
pub fn reliability(all: &[Judged]) -> Vec<Bin> {
    let place = |judged: &Judged| ((judged.confidence * BINS as f64) as usize).min(BINS - 1);
    let bin = |number: usize| {
        let inside: Vec<&Judged> = all.iter().filter(|judged| place(judged) == number).collect();
        let count = inside.len();
        let confidence = inside.iter().map(|judged| judged.confidence).sum::<f64>() / count.max(1) as f64;
        let right = share(inside.iter().filter(|judged| judged.right).count(), count);
        Bin { from: number as f64 / BINS as f64, count, confidence, right }
    };
    (0..BINS).map(bin).collect()
}

/// The expected calibration error: the mean distance of confidence and share of right answers over the bins, weighed by their messages.
pub fn calibration_error(all: &[Judged]) -> f64 {
    let off = |bin: &Bin| bin.count as f64 * (bin.confidence - bin.right).abs();
    reliability(all).iter().map(off).sum::<f64>() / all.len().max(1) as f64
}

/// What a threshold does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// The threshold.
    pub threshold: f64,
    /// Messages answered at it.
    pub answered: usize,
    /// Their share of all messages.
    pub coverage: f64,
    /// How many of the answers are wrong.
    pub wrong: usize,
    /// Their share of the answers; 0 without an answer.
    pub wrong_rate: f64,
    /// At most this is the rate behind it, with a probability of 90 %, for a threshold that was not chosen by looking at these messages.
    pub upper_bound: f64,
}

/// What a threshold does to `messages` messages.
pub fn risk_at(proposed: &[Judged], messages: usize, threshold: f64) -> Risk {
    let answered = proposed.iter().filter(|judged| judged.confidence >= threshold).count();
    let wrong = proposed.iter().filter(|judged| judged.confidence >= threshold && !judged.right).count();
    risk(threshold, answered, wrong, messages)
}

/// Thresholds from 0.95 down to 0.
pub fn risk_table(proposed: &[Judged], messages: usize) -> Vec<Risk> {
    (0..STEPS).rev().map(|step| risk_at(proposed, messages, f64::from(step) / f64::from(STEPS))).collect()
}

/// Each confidence as a threshold, from the highest down: the whole curve.
pub fn risk_curve(proposed: &[Judged], messages: usize) -> Vec<Risk> {
    let ordered = by_confidence(proposed);
    let (mut answered, mut wrong) = (0, 0);
    let mut curve = Vec::new();
    for same in ordered.chunk_by(|a, b| a.confidence <= b.confidence) {
        answered += same.len();
        wrong += same.iter().filter(|judged| !judged.right).count();
        curve.push(risk(same[0].confidence, answered, wrong, messages));
    }
    curve
}

fn risk(threshold: f64, answered: usize, wrong: usize, messages: usize) -> Risk {
    let (coverage, wrong_rate) = (share(answered, messages), share(wrong, answered));
    Risk { threshold, answered, coverage, wrong, wrong_rate, upper_bound: upper_bound(wrong, answered, DELTA) }
}

/// How well rankings put the one right entry first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranking {
    /// P@1: the share of messages with the right entry first.
    pub precision_at_1: f64,
    /// MAP: the mean of the average precision, which with one right entry is the reciprocal of its rank.
    pub mean_average_precision: f64,
    /// NDCG@10: the mean of 1 / log2(1 + rank), 0 beyond the tenth rank.
    pub ndcg_at_10: f64,
}

/// Of the right entries' ranks, the first being 1; `None` where it was not ranked.
pub fn ranking(ranks: &[Option<usize>]) -> Ranking {
    let mean = |gain: &dyn Fn(usize) -> f64| ranks.iter().flatten().map(|rank| gain(*rank)).sum::<f64>() / ranks.len().max(1) as f64;
    Ranking {
        precision_at_1: mean(&|rank| if rank == 1 { 1.0 } else { 0.0 }),
        mean_average_precision: mean(&|rank| 1.0 / rank as f64),
        ndcg_at_10: mean(&|rank| if rank <= 10 { 1.0 / (1.0 + rank as f64).log2() } else { 0.0 }),
    }
}

/// The number below or at which so large a share of the numbers lies: one of them, or 0 where there is none.
pub fn at_share(numbers: &[f64], part: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((sorted.len() as f64 * part).ceil() as usize).max(1);
    sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or(0.0)
}

/// A part of a whole; 0 of nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn by_confidence(judged: &[Judged]) -> Vec<&Judged> {
    let mut ordered: Vec<&Judged> = judged.iter().collect();
    ordered.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `+0.9` is right, `-0.9` wrong.
    fn judged(signs: &str) -> Vec<Judged> {
        let one = |word: &str| Judged { confidence: word[1..].parse().unwrap(), right: word.starts_with('+') };
        signs.split_whitespace().map(one).collect()
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-12
    }

    #[test]
    fn resolved_is_the_best_threshold_that_keeps_the_precision() {
        for (signs, answerable, precision, expected) in [
            ("", 5, 0.9, 0.0),
            ("+0.9", 0, 0.9, 0.0),
            ("+0.9 +0.8 -0.7", 4, 0.9, 0.5),
            ("+0.9 +0.8 -0.7", 4, 0.66, 0.5),
            // A dip below the precision is no end: three of four are right again further down.
            ("-0.9 +0.8 +0.7 +0.6", 4, 0.75, 0.75),
            // Four of equal confidence come together: three right of four.
            ("+0.8 +0.8 +0.8 -0.8", 4, 0.9, 0.0),
            ("+0.8 +0.8 +0.8 -0.8", 4, 0.75, 0.75),
            ("+0.9 -0.8 +0.8 +0.8 -0.1", 8, 0.75, 0.375),
            ("-0.8 +0.9 +0.8 +0.8 -0.1", 8, 0.76, 0.125),
            ("-0.9 -0.8", 4, 0.5, 0.0),
        ] {
            assert!(close(resolved_at(&judged(signs), answerable, precision), expected), "{signs} at {precision}");
        }
    }

    #[test]
    fn auroc_counts_pairs_and_halves_ties() {
        for (signs, expected) in [
            ("", None),
            ("+0.9 +0.1", None),
            ("-0.9", None),
            ("+0.9 -0.1", Some(1.0)),
            ("+0.1 -0.9", Some(0.0)),
            ("+0.5 -0.5", Some(0.5)),
            // Pairs: 0.9 over both; 0.5 over 0.2 and tied with 0.5: 3.5 of 4.
            ("+0.9 +0.5 -0.5 -0.2", Some(0.875)),
            // 0.9 over three, 0.4 over 0 and 0, below 0.6: 5 of 6.
            ("+0.9 -0.6 +0.4 -0.0 -0.0", Some(5.0 / 6.0)),
        ] {
            let found = auroc(&judged(signs));
            assert!(found.is_some() == expected.is_some() && close(found.unwrap_or(0.0), expected.unwrap_or(0.0)), "{signs}: {found:?}");
        }
    }

    #[test]
    fn calibration_is_compared_bin_by_bin() {
        // Bin 0.9: confidence 0.95, right 1/2, off by 0.45 for two messages; bin 0.1: 0.15, right 0, off by 0.15 for one; 1.0 is in the last bin.
        let messages = judged("+0.95 -0.95 -0.15");
        assert!(close(calibration_error(&messages), (2.0 * 0.45 + 0.15) / 3.0));
        let bins = reliability(&judged("+1.0 -0.9 +0.0 -0.29"));
        assert_eq!(bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 0, 1, 0, 0, 0, 0, 0, 0, 2]);
        assert!(close(bins[9].confidence, 0.95) && close(bins[9].right, 0.5) && close(bins[0].right, 1.0) && close(bins[2].from, 0.2));
        assert!(close(calibration_error(&[]), 0.0));
        assert!(close(calibration_error(&judged("+1.0 -0.0")), 0.0));
    }

    #[test]
    fn a_threshold_answers_what_reaches_it() {
        let messages = judged("+0.9 -0.75 +0.75 -0.2");
        for (threshold, answered, wrong, coverage, rate) in
            [(0.95, 0, 0, 0.0, 0.0), (0.9, 1, 0, 0.2, 0.0), (0.75, 3, 1, 0.6, 1.0 / 3.0), (0.0, 4, 2, 0.8, 0.5)]
        {
            let risk = risk_at(&messages, 5, threshold);
            assert_eq!((risk.answered, risk.wrong), (answered, wrong), "{threshold}");
            assert!(close(risk.coverage, coverage) && close(risk.wrong_rate, rate) && risk.upper_bound >= rate, "{risk:?}");
        }
        // The bound without a wrong answer: 1 - 0.1^(1/n).
        assert!((risk_at(&messages, 5, 0.9).upper_bound - 0.9).abs() < 1e-9);
        let table = risk_table(&messages, 5);
        assert!(table.len() == 20 && close(table[0].threshold, 0.95) && close(table[19].threshold, 0.0));
        let curve: Vec<(f64, usize, usize)> =
            risk_curve(&messages, 5).iter().map(|risk| (risk.threshold, risk.answered, risk.wrong)).collect();
        assert_eq!(curve, [(0.9, 1, 0), (0.75, 3, 1), (0.2, 4, 2)]);
    }

    #[test]
    fn rankings_of_one_right_entry() {
        let found = ranking(&[Some(1), Some(3), Some(11), None]);
        assert!(close(found.precision_at_1, 0.25));
        assert!(close(found.mean_average_precision, (1.0 + 1.0 / 3.0 + 1.0 / 11.0) / 4.0));
        assert!(close(found.ndcg_at_10, (1.0 + 0.5) / 4.0), "log2 of 4 is 2, the eleventh counts no more");
        assert!(close(ranking(&[]).mean_average_precision, 0.0));
    }

    /// A small file in the form of HINT3's predictions, whose figures were worked out by hand.
    #[test]
    fn the_figures_of_a_small_file() {
        // In scope: a, b, c, d, e (one not found at all). Out of scope: f, g. Order: a+ .9, f- .8, b+ .8, c+ .7, d- .6, g- .1, e none.
        let proposed = judged("+0.9 -0.8 +0.8 +0.7 -0.6 -0.1");
        let all = judged("+0.9 -0.8 +0.8 +0.7 -0.6 -0.1 -0.0");
        assert!(close(resolved_at(&proposed, 5, 0.9), 0.2), "only the first");
        assert!(close(resolved_at(&proposed, 5, 0.75), 0.6), "three of four down to 0.7");
        // 0.9 over four, 0.8 over three and a tie, 0.7 over three: 10.5 of 12.
        assert!(close(auroc(&all).unwrap(), 10.5 / 12.0));
    }
}

//! Bounds against closed forms and sums; thresholds on small tables; and the promise itself, over many simulated shops.

use super::*;

/// SplitMix64: the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.roll().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.roll()).cos()
    }
}

#[track_caller]
fn close(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "{found} is not {expected}");
}

#[test]
fn bounds_of_none_and_of_all() {
    for answered in [1, 45, 1_000, 1_000_000] {
        for delta in [0.1, 0.05, 0.001] {
            let closed = -(f64::ln(delta) / answered as f64).exp_m1();
            close(upper_bound(0, answered, delta), closed, 1e-12);
            close(upper_bound(answered, answered, delta), 1.0, 0.0);
        }
    }
    close(upper_bound(0, 0, 0.1), 1.0, 0.0);
}

#[test]
fn the_tail_is_the_sum_of_its_terms() {
    for (of, rate) in [(1, 0.5), (7, 0.05), (45, 0.05), (120, 0.3), (400, 0.6)] {
        let mut term = f64::powi(1.0 - rate, of);
        let mut sum = 0.0;
        for wrong in 0..of {
            sum += term;
            close(at_most(wrong as usize, of as usize, rate), sum, 1e-12);
            term *= f64::from(of - wrong) / f64::from(wrong + 1) * rate / (1.0 - rate);
        }
    }
}

#[test]
fn bounds_of_a_million() {
    // The normal approximation with Cornish and Fisher's correction is exact to this many digits there.
    let (of, rate, z) = (1e6, 0.05, 1.281_551_565_544_600_5);
    let normal = rate + z * f64::sqrt(rate * (1.0 - rate) / of) + (z * z * (1.0 - 2.0 * rate) / 3.0 + (1.0 + rate) / 3.0) / of;
    close(upper_bound(50_000, 1_000_000, 0.1), normal, 1e-6);
    let half = upper_bound(500_000, 1_000_000, 0.5);
    close(half, 0.5, 1e-6);
    close(at_most(upper_as_count(0.05), 1_000_000, 0.05), 0.5, 0.01);
}

fn upper_as_count(rate: f64) -> usize {
    (rate * 1e6) as usize
}

#[test]
fn a_bound_rises_with_wrong_ones_and_falls_with_answers() {
    for wrong in 0..30 {
        assert!(upper_bound(wrong + 1, 100, 0.1) > upper_bound(wrong, 100, 0.1));
        assert!(upper_bound(wrong, 101, 0.1) < upper_bound(wrong, 100, 0.1));
        assert!(upper_bound(wrong, 100, 0.05) > upper_bound(wrong, 100, 0.1));
    }
}

fn judged(rights: &[(f64, bool)]) -> Vec<Judged> {
    rights.iter().map(|&(confidence, right)| Judged { confidence, right }).collect()
}

/// So many, with falling confidence, of which those at the places given are wrong.
fn row(count: usize, wrong: &[usize]) -> Vec<Judged> {
    (0..count).map(|place| Judged { confidence: 1.0 - place as f64 / count as f64, right: !wrong.contains(&place) }).collect()
}

#[test]
fn thresholds_of_small_tables() {
    // With a limit of 5 % and delta 10 %: 45 without a wrong one, 77 with one, 105 with two.
    for (messages, answered, wrong) in [
        (row(45, &[]), 45, 0),
        (row(45, &[44]), 0, 0),
        (row(100, &[]), 100, 0),
        (row(100, &[60]), 100, 1),
        (row(100, &[10]), 0, 0),
        (row(100, &[60, 70]), 45, 0),
        (row(110, &[60, 90]), 110, 2),
        (row(110, &[60, 61, 90]), 45, 0),
        // All alike are answered together.
        (vec![Judged { confidence: 0.5, right: true }; 60], 60, 0),
        (judged(&[(0.5, true), (0.5, false)].repeat(30)), 0, 0),
    ] {
        let found = threshold_for(&messages, 0.05, 0.1).unwrap();
        let above = messages.iter().filter(|message| message.confidence >= found.threshold);
        assert_eq!((found.answered, found.wrong, found.of), (answered, wrong, messages.len()), "{found:?}");
        if answered > 0 {
            assert!(found.bound <= 0.05 && above.count() == answered, "{found:?}");
        } else {
            close(found.threshold, 1.0, 0.0);
        }
    }
}

#[test]
fn too_few_say_how_many_are_needed() {
    for (given, rate, delta, needed) in [(0, 0.05, 0.1, 45), (44, 0.05, 0.1, 45), (58, 0.05, 0.05, 59), (21, 0.1, 0.1, 22)] {
        assert_eq!(threshold_for(&row(given, &[]), rate, delta), Err(TooFew { given, needed }));
        assert!(threshold_for(&row(needed, &[]), rate, delta).unwrap().answered == needed);
    }
    assert_eq!(threshold_for(&row(100, &[]), 0.0, 0.1).unwrap_err().needed, usize::MAX);
}

#[test]
fn what_is_no_number_is_no_confidence() {
    let mut messages = row(50, &[]);
    messages.push(Judged { confidence: f64::NAN, right: false });
    let found = threshold_for(&messages, 0.05, 0.1).unwrap();
    assert!(found.answered == 45 && found.threshold > 0.0, "{found:?}");
}

#[test]
fn a_promise_on_average() {
    let check = |confidences: &[f64], expected: f64| {
        let messages: Vec<Judged> = confidences.iter().map(|&confidence| Judged { confidence, right: true }).collect();
        close(promised_threshold(&messages, 0.1), expected, 1e-9);
    };
    check(&[0.99, 0.95, 0.9, 0.5, 0.2], 0.7);
    check(&[0.99, 0.95, 0.92, 0.8, 0.2], 0.5);
    // Where nothing is confident enough, or nothing less confident says where doubt begins, each single message must promise the rate.
    check(&[0.8, 0.7], 0.9);
    check(&[], 0.9);
    check(&[0.99, 0.98], 0.9);
    check(&[0.95, 0.9, 0.9, 0.6], 0.75);
}

/// The promise: over many shops whose messages are drawn anew, the true wrong rate at the threshold exceeds the limit in at most a share delta of them.
#[test]
fn the_promise_is_kept() {
    const SHOPS: usize = 600;
    let (limit, delta) = (0.05, 0.1);
    for (messages, spread, bias, least_share) in
        [(120, 5.0, 2.0, 0.25), (400, 4.0, 0.5, 0.2), (1_500, 3.0, 0.0, 0.15), (1_500, 2.0, -0.5, 0.0)]
    {
        let mut dice = Dice(7);
        let mut draw = |spread: f64, bias: f64| 1.0 / (1.0 + (-(dice.normal() * spread + bias)).exp());
        let mut population: Vec<f64> = (0..100_000).map(|_| draw(spread, bias)).collect();
        population.sort_by(|a, b| b.total_cmp(a));
        let mut dice = Dice(11);
        let (mut broken, mut share) = (0, 0.0);
        for _ in 0..SHOPS {
            let sample: Vec<Judged> = (0..messages)
                .map(|_| {
                    let confidence = population[(dice.roll() * population.len() as f64) as usize];
                    Judged { confidence, right: dice.roll() < confidence }
                })
                .collect();
            let found = threshold_for(&sample, limit, delta).unwrap();
            let above = &population[..population.partition_point(|confidence| *confidence >= found.threshold)];
            let rate = above.iter().map(|confidence| 1.0 - confidence).sum::<f64>() / above.len().max(1) as f64;
            broken += usize::from(found.answered > 0 && rate > limit);
            share += found.answered as f64 / messages as f64 / SHOPS as f64;
        }
        // Three standard errors of the share of broken promises over so many shops.
        let slack = 3.0 * f64::sqrt(delta * (1.0 - delta) / SHOPS as f64);
        assert!((broken as f64) < (delta + slack) * SHOPS as f64, "{broken} of {SHOPS} with {messages} messages");
        assert!(share >= least_share, "{share} answered with {messages} messages of spread {spread}");
    }
}

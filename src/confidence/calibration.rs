//! From log-odds to a probability that means what it says in this shop.

use super::features;
use crate::retrieval::Hit;

/// How firmly little data is held to the map as shipped: standard deviation 1/3 for the constant, 1/5 for the slope, in log-odds. Ten messages hardly move
/// the map, a thousand decide it.
const FIRM_INTERCEPT: f64 = 9.0;
const FIRM_SLOPE: f64 = 25.0;
/// A flatter map than this would turn noise into order; a falling one would answer what it doubts.
const FLATTEST: f64 = 0.05;
/// Log-odds further out say nothing more, and one such message must not bend the map.
const FURTHEST: f64 = 15.0;
/// Newton's steps; it takes about six.
const STEPS: usize = 50;

/// Where a calibration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The program's own: fitted on shops, none of them this one.
    Shipped,
    /// From what the knowledge base can rehearse by itself. It says little about how shoppers really ask.
    Provisional {
        /// Phrasings that were held out of the index and asked.
        phrasings: usize,
        /// Messages that it should not answer.
        out_of_scope: usize,
    },
    /// From this shop's labelled questions.
    Labelled {
        /// How many.
        questions: usize,
        /// How many of them nothing covers.
        not_covered: usize,
    },
}

impl Origin {
    /// `shipped`, `provisional` or `labelled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Provisional { .. } => "provisional",
            Self::Labelled { .. } => "labelled",
        }
    }
}

/// One message of known outcome: what the features said, and whether the first hit was right. A message that nothing covers has no right hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// The log-odds ([`features::log_odds`]).
    pub log_odds: Option<f64>,
    /// Whether the first hit was the right entry.
    pub right: bool,
}

/// A rising line in log-odds: Platt's two numbers (Platt 1999, "Probabilistic Outputs for Support Vector Machines").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    slope: f64,
    intercept: f64,
    origin: Origin,
}

impl Calibration {
    /// The map that changes nothing.
    pub fn shipped() -> Self {
        Self { slope: 1.0, intercept: 0.0, origin: Origin::Shipped }
    }

    /// With the numbers of an earlier fit; `None` where they are no rising line.
    pub fn of(slope: f64, intercept: f64, origin: Origin) -> Option<Self> {
        (slope.is_finite() && slope >= FLATTEST && intercept.is_finite()).then_some(Self { slope, intercept, origin })
    }

    /// The most probable line, given the examples and that it is likely near the one that changes nothing. Examples without log-odds say nothing of it.
    pub fn fit(examples: &[Example], origin: Origin) -> Self {
        let points: Vec<(f64, f64)> =
            examples.iter().filter_map(|example| Some((bounded(example.log_odds?), if example.right { 1.0 } else { 0.0 }))).collect();
        let line = newton(&points, (1.0, 0.0), Free::Both);
        // Where the data would have a falling line, the flattest rising one with the best constant is what can be said.
        let (slope, intercept) = if line.0 < FLATTEST { newton(&points, (FLATTEST, line.1), Free::Intercept) } else { line };
        Self { slope, intercept, origin }
    }

    /// The probability that the first hit answers the message; 0 without a hit or a word, and never certain.
    pub fn confidence(&self, hits: &[Hit]) -> f64 {
        self.probability(features::log_odds(hits))
    }

    /// The probability for such log-odds.
    pub fn probability(&self, log_odds: Option<f64>) -> f64 {
        let Some(log_odds) = log_odds else { return 0.0 };
        // A threshold of 1 must answer nothing, and a logistic rounds to 1 from log-odds of 37 on.
        logistic(self.slope * bounded(log_odds) + self.intercept).min(1.0 - 1e-9)
    }

    /// Slope and constant.
    pub fn line(&self) -> (f64, f64) {
        (self.slope, self.intercept)
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Free {
    Both,
    Intercept,
}

/// Newton's method on the penalised log-likelihood, which has one summit; a step that overshoots is halved.
fn newton(points: &[(f64, f64)], from: (f64, f64), free: Free) -> (f64, f64) {
    let (mut slope, mut intercept) = from;
    let mut height = log_posterior(points, slope, intercept);
    for _ in 0..STEPS {
        let (mut by_slope, mut by_intercept) = (-FIRM_SLOPE * (slope - 1.0), -FIRM_INTERCEPT * intercept);
        let (mut ss, mut si, mut ii) = (FIRM_SLOPE, 0.0, FIRM_INTERCEPT);
        for &(x, right) in points {
            let p = logistic(slope * x + intercept);
            let weight = p * (1.0 - p);
            by_slope += (right - p) * x;
            by_intercept += right - p;
            ss += weight * x * x;
            si += weight * x;
            ii += weight;
        }
        let (step_slope, step_intercept) = match free {
            Free::Both => {
                // Above nought: both diagonals hold the prior.
                let determinant = ss * ii - si * si;
                ((ii * by_slope - si * by_intercept) / determinant, (ss * by_intercept - si * by_slope) / determinant)
            }
            Free::Intercept => (0.0, by_intercept / ii),
        };
        let mut share = 1.0;
        let (next, reached) = loop {
            let next = (slope + share * step_slope, intercept + share * step_intercept);
            let reached = log_posterior(points, next.0, next.1);
            if reached >= height || share < 1e-6 {
                break (next, reached);
            }
            share /= 2.0;
        };
        if reached - height < 1e-10 {
            break;
        }
        (slope, intercept) = next;
        height = reached;
    }
    (slope, intercept)
}

fn log_posterior(points: &[(f64, f64)], slope: f64, intercept: f64) -> f64 {
    let prior = -0.5 * (FIRM_SLOPE * (slope - 1.0).powi(2) + FIRM_INTERCEPT * intercept.powi(2));
    let seen: f64 = points
        .iter()
        .map(|&(x, right)| {
            let z = (slope * x + intercept) * (2.0 * right - 1.0);
            // ln of the logistic, without overflow on either side.
            z.min(0.0) - (-z.abs()).exp().ln_1p()
        })
        .sum();
    prior + seen
}

fn bounded(log_odds: f64) -> f64 {
    log_odds.clamp(-FURTHEST, FURTHEST)
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELLED: Origin = Origin::Labelled { questions: 0, not_covered: 0 };

    /// So many examples with log-odds evenly from -4 to 4, of which the share that the line promises is right.
    fn examples(count: usize, slope: f64, intercept: f64) -> Vec<Example> {
        let mut owed = 0.0;
        let one = |index: usize| {
            // Strides through the range so that what is owed is not settled in order of the log-odds.
            let x = -4.0 + 8.0 * ((index * 7_919) % count) as f64 / count as f64;
            owed += logistic(slope * x + intercept);
            let right = owed >= 0.5;
            owed -= if right { 1.0 } else { 0.0 };
            Example { log_odds: Some(x), right }
        };
        (0..count).map(one).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() <= by, "{found} is not {expected}");
    }

    #[test]
    fn many_decide_and_few_do_not_distort() {
        for (slope, intercept) in [(1.0, 0.0), (0.5, -1.0), (2.0, 1.0), (1.4, -2.0)] {
            let many = Calibration::fit(&examples(20_000, slope, intercept), LABELLED);
            near(many.line().0, slope, 0.1);
            near(many.line().1, intercept, 0.1);
            let few = Calibration::fit(&examples(1_000, slope, intercept), LABELLED);
            assert!((few.line().1 - intercept).abs() < 0.3 * intercept.abs() + 0.15, "{few:?} for {slope} {intercept}");
        }
        assert_eq!(Calibration::fit(&[], LABELLED).line(), (1.0, 0.0));
        for right in [true, false] {
            let ten = Calibration::fit(&vec![Example { log_odds: Some(1.0), right }; 10], LABELLED);
            let moved = (ten.probability(Some(1.0)) - Calibration::shipped().probability(Some(1.0))).abs();
            assert!(moved < 0.2, "ten messages moved it by {moved}");
        }
    }

    #[test]
    fn confidence_rises_with_the_evidence_whatever_was_seen() {
        let reversed: Vec<Example> =
            examples(2_000, 1.0, 0.0).into_iter().map(|example| Example { right: !example.right, ..example }).collect();
        let separated: Vec<Example> = (0..500).map(|n| Example { log_odds: Some(f64::from(n) - 250.0), right: n >= 250 }).collect();
        let extreme: Vec<Example> = [f64::MAX, f64::MIN].map(|x| Example { log_odds: Some(x), right: x < 0.0 }).repeat(300);
        for seen in [examples(500, 1.0, 0.0), reversed, separated, extreme, vec![Example { log_odds: None, right: false }; 50]] {
            let calibration = Calibration::fit(&seen, LABELLED);
            assert!(calibration.line().0 >= FLATTEST && calibration.line().1.is_finite(), "{calibration:?}");
            let row: Vec<f64> = (-8..=8).map(|x| calibration.probability(Some(f64::from(x)))).collect();
            assert!(row.is_sorted() && row.iter().all(|p| (0.0..1.0).contains(p)), "{row:?}");
        }
    }

    #[test]
    fn nothing_is_certain_and_no_hit_is_nothing() {
        let shipped = Calibration::shipped();
        near(shipped.probability(Some(0.0)), 0.5, 0.0);
        near(shipped.probability(Some(f64::MAX)), 1.0, 1e-6);
        assert!(shipped.probability(Some(f64::MAX)) < 1.0 && shipped.probability(Some(f64::MIN)) > 0.0);
        near(shipped.probability(None), 0.0, 0.0);
        near(shipped.confidence(&[]), 0.0, 0.0);
    }

    #[test]
    fn only_rising_lines_are_taken_from_outside() {
        for (slope, intercept, taken) in [
            (1.0, 0.0, true),
            (0.3, -4.0, true),
            (0.0, 0.0, false),
            (-1.0, 0.0, false),
            (f64::NAN, 0.0, false),
            (1.0, f64::INFINITY, false),
        ] {
            assert_eq!(Calibration::of(slope, intercept, Origin::Shipped).is_some(), taken, "{slope} {intercept}");
        }
    }
}

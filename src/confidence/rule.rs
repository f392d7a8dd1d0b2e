//! The rule by which a shop's bot answers: a calibration and a threshold, with what is promised about them.

use std::fmt;

use sha2::{Digest, Sha256};

use super::risk::{self, Guarantee, TooFew};
use super::{Asking, Calibration, Example, Judged, Origin, Threshold, Verdict, decide};
use crate::retrieval::{Correction, Hit};

/// What the shop accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The share of the answered messages that may be answered wrongly.
    pub max_wrong_rate: f64,
    /// The chance that it is more all the same.
    pub delta: f64,
}

/// What is known about a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Promise {
    /// The judged messages show that it keeps the limit.
    Shown(Guarantee),
    /// They were too few to show it: the calibrated probabilities promise it on average.
    TooFew(TooFew),
    /// They were enough, but already the most confident answers were wrong too often to show it; the probabilities promise it on average.
    NotShown {
        /// How many messages were judged.
        of: usize,
    },
    /// Nothing was judged: the threshold is the program's own.
    Shipped,
    /// Somebody set the threshold by hand; nothing is promised.
    Set,
}

impl Promise {
    /// `guaranteed`, `expected` on average, `shipped` or `set` by hand.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Shown(_) => "guaranteed",
            Self::TooFew(_) | Self::NotShown { .. } => "expected",
            Self::Shipped => "shipped",
            Self::Set => "set",
        }
    }
}

/// How messages are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// From log-odds to a probability.
    pub calibration: Calibration,
    /// From which probability on the bot answers.
    pub threshold: Threshold,
    /// What that promises.
    pub promise: Promise,
    /// What was to be kept.
    pub limit: Limit,
}

impl Rule {
    /// The rule of a shop that knows nothing of itself yet.
    pub fn shipped(limit: Limit) -> Self {
        // Nothing is known of how often this threshold is wrong here. Who accepts very few gets only what promises so for itself.
        let default = Threshold::default().value();
        let threshold = if limit.max_wrong_rate < 0.05 { default.max(1.0 - limit.max_wrong_rate) } else { default };
        Self { calibration: Calibration::shipped(), threshold: Threshold::new(threshold), promise: Promise::Shipped, limit }
    }

    /// Fits the calibration to the examples and derives the threshold from them.
    pub fn derive(examples: &[Example], origin: Origin, limit: Limit) -> Self {
        Self::of(Calibration::fit(examples, origin), examples, limit)
    }

    /// Derives the threshold for a calibration from examples that it was not fitted on, or that hardly shaped it.
    pub fn of(calibration: Calibration, examples: &[Example], limit: Limit) -> Self {
        let judged: Vec<Judged> =
            examples.iter().map(|example| Judged { confidence: calibration.probability(example.log_odds), right: example.right }).collect();
        let on_average = || risk::promised_threshold(&judged, limit.max_wrong_rate);
        let (threshold, promise) = match risk::threshold_for(&judged, limit.max_wrong_rate, limit.delta) {
            Ok(guarantee) if guarantee.answered > 0 => (guarantee.threshold, Promise::Shown(guarantee)),
            Ok(guarantee) => (on_average(), Promise::NotShown { of: guarantee.of }),
            Err(too_few) => (on_average(), Promise::TooFew(too_few)),
        };
        Self { calibration, threshold: Threshold::new(threshold), promise, limit }
    }

    /// The same calibration with a threshold that somebody set.
    pub fn with_threshold(self, threshold: Threshold) -> Self {
        Self { threshold, promise: Promise::Set, ..self }
    }

    /// Changes whenever the same hits may be decided otherwise, or the same search score otherwise for what the shop taught. Numbers are taken to nine
    /// places: on the way through a file one may lose its last digit.
    pub fn fingerprint(&self, correction: &Correction) -> String {
        let (slope, intercept) = self.calibration.line();
        let weights = correction.signals.iter().chain([&correction.none]).map(|weight| f64::from(*weight));
        let numbers = [self.threshold.value(), slope, intercept].into_iter().chain(weights);
        // Adding 0 makes -0 and 0 one.
        let text: Vec<String> = numbers.map(|number| format!("{:.9}", (number * 1e9).round() / 1e9 + 0.0)).collect();
        hex::encode(Sha256::digest(text.join("\n")))
    }

    /// Decides from the hits of a search, the best first.
    pub fn decide(&self, hits: &[Hit], asking: Asking) -> Verdict {
        decide(hits, &self.calibration, self.threshold, asking)
    }
}

/// One sentence about the threshold for whoever runs the shop.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let (rate, sure) = (percent(self.limit.max_wrong_rate), percent(1.0 - self.limit.delta));
        write!(f, "answers from a confidence of {:.3} on ", self.threshold.value())?;
        match self.calibration.origin() {
            Origin::Shipped => write!(f, "(the program's own calibration)")?,
            Origin::Provisional { phrasings, out_of_scope } => write!(
                f,
                "(provisional: calibrated on {phrasings} of the shop's own phrasings and {out_of_scope} messages of other matters, not on \
                 labelled questions)"
            )?,
            Origin::Labelled { questions, not_covered } => {
                write!(f, "(calibrated on {questions} labelled questions, {not_covered} of them not covered)")?;
            }
        }
        match &self.promise {
            Promise::Shown(shown) => write!(
                f,
                ": {} of these messages are answered, {} of {} wrongly; at most {} are wrong (bound {}) with {sure} confidence{}",
                percent(shown.answered as f64 / shown.of as f64),
                shown.wrong,
                shown.answered,
                rate,
                percent(shown.bound),
                if matches!(self.calibration.origin(), Origin::Provisional { .. }) {
                    ", if shoppers write as these messages do"
                } else {
                    ""
                }
            ),
            Promise::TooFew(few) => write!(
                f,
                ": a wrong rate of {rate} is expected on average but not guaranteed; at least {} more labelled questions are needed for that",
                few.needed.saturating_sub(few.given)
            ),
            Promise::NotShown { of } => write!(
                f,
                ": a wrong rate of {rate} is expected on average but not guaranteed; of {of} messages too many confident answers were wrong, or too \
                 few were confident, to show it with {sure} confidence"
            ),
            Promise::Shipped => write!(f, ": nothing is known of this shop yet and no wrong rate is guaranteed"),
            Promise::Set => write!(f, ": the threshold is set by hand and no wrong rate is guaranteed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { max_wrong_rate: 0.05, delta: 0.1 };

    /// Right ones with high log-odds, wrong ones with low.
    fn examples(right: usize, wrong: usize) -> Vec<Example> {
        let one = |log_odds, right| Example { log_odds: Some(log_odds), right };
        [vec![one(4.0, true); right], vec![one(-4.0, false); wrong]].concat()
    }

    #[test]
    fn promises_follow_from_the_examples() {
        let labelled = |questions| Origin::Labelled { questions, not_covered: 0 };
        let shown = Rule::derive(&examples(60, 40), labelled(100), LIMIT);
        let Promise::Shown(guarantee) = shown.promise else { panic!("{shown}") };
        assert_eq!((guarantee.answered, guarantee.wrong, guarantee.of), (60, 0, 100));
        assert!(shown.calibration.probability(Some(4.0)) >= shown.threshold.value());
        assert!(shown.calibration.probability(Some(-4.0)) < shown.threshold.value());
        assert!(shown.to_string().contains("60.0 % of these messages are answered, 0 of 60 wrongly; at most 5.0 % are wrong"), "{shown}");

        let few = Rule::derive(&examples(20, 10), labelled(30), LIMIT);
        assert_eq!(few.promise, Promise::TooFew(TooFew { given: 30, needed: 45 }));
        assert!(few.to_string().contains("not guaranteed; at least 15 more labelled questions"), "{few}");
        // Without a guarantee the probabilities decide, and they answer the good ones and not the bad ones.
        assert!(few.calibration.probability(Some(4.0)) >= few.threshold.value());
        assert!(few.calibration.probability(Some(-4.0)) < few.threshold.value());

        let mixed: Vec<Example> = (0..100).map(|n| Example { log_odds: Some(3.0), right: n % 2 == 0 }).collect();
        let not_shown = Rule::derive(&mixed, labelled(100), LIMIT);
        assert_eq!(not_shown.promise, Promise::NotShown { of: 100 });
        assert!(not_shown.calibration.probability(Some(3.0)) < not_shown.threshold.value(), "{not_shown}");

        let provisional = Rule::derive(&examples(60, 30), Origin::Provisional { phrasings: 60, out_of_scope: 30 }, LIMIT);
        assert!(provisional.to_string().contains("provisional") && provisional.to_string().contains("if shoppers write"), "{provisional}");
    }

    #[test]
    fn a_fingerprint_changes_with_what_decides_and_with_nothing_else() {
        let rule = Rule::shipped(LIMIT);
        let none = Correction::default();
        let fingerprint = rule.fingerprint(&none);
        let taught = |slope, intercept| Rule { calibration: Calibration::of(slope, intercept, Origin::Shipped).unwrap(), ..rule };
        let weighed = |at: usize, weight| {
            let mut correction = none;
            correction.signals[at] = weight;
            correction
        };
        let others = [
            rule.with_threshold(Threshold::new(0.7)).fingerprint(&none),
            taught(1.001, 0.0).fingerprint(&none),
            taught(1.0, 0.001).fingerprint(&none),
            taught(1.001, 1.0).fingerprint(&none),
            rule.fingerprint(&weighed(0, 0.5)),
            rule.fingerprint(&weighed(1, 0.5)),
            rule.fingerprint(&Correction { none: 0.5, ..none }),
        ];
        let different: std::collections::BTreeSet<&String> = others.iter().chain([&fingerprint]).collect();
        assert_eq!(different.len(), others.len() + 1);
        let same = [
            Rule { promise: Promise::Set, limit: Limit { delta: 0.2, ..LIMIT }, ..rule }.fingerprint(&none),
            taught(1.0 + 1e-15, -0.0).fingerprint(&none),
            rule.fingerprint(&weighed(0, -0.0)),
        ];
        assert!(same.iter().all(|one| *one == fingerprint), "{same:?}");
    }

    #[test]
    fn a_set_threshold_promises_nothing() {
        let rule = Rule::shipped(LIMIT).with_threshold(Threshold::new(0.3));
        assert_eq!((rule.threshold.value(), rule.promise), (0.3, Promise::Set));
        assert!(rule.to_string().contains("set by hand"), "{rule}");
    }

    #[test]
    fn who_accepts_fewer_wrong_ones_is_answered_less_at_first() {
        for (max_wrong_rate, threshold) in [(0.2, 0.75), (0.05, 0.75), (0.02, 0.98), (0.001, 0.999)] {
            let rule = Rule::shipped(Limit { max_wrong_rate, delta: 0.1 });
            assert!((rule.threshold.value() - threshold).abs() < 1e-12, "{rule}");
        }
    }
}

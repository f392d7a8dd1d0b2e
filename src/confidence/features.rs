//! From the hits of a search to the probability that the first one is right.
//!
//! A first calibration, which the shop's own labelled questions are to replace.
//! FIT_DOC

use crate::retrieval::Hit;

/// What of the hits speaks for the first one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// The fused score of the first hit.
    pub score: f64,
    /// How far its nearest phrasing is above [`NEAR`]: below that, nearness says little.
    pub near: f64,
    /// Cosine of its answer.
    pub answer: f64,
    /// The share of the query's words that it has, weighed by rarity.
    pub coverage: f64,
    /// Its lead over the second hit, at most [`MAX_MARGIN`]; 0 where there is no second to compare with.
    pub margin: f64,
    /// Natural logarithm of 1 + the number of the query's words.
    pub length: f64,
}

/// The cosine from which a phrasing is near.
pub const NEAR: f64 = 0.6;
/// A lead that cannot become more convincing.
pub const MAX_MARGIN: f64 = 0.3;

/// The logistic's coefficients for queries that the sentence embeddings understand.
const ENGLISH: Coefficients = Coefficients { constant: -3.4, score: 0.0, near: 0.0, answer: 3.5, coverage: 1.0, margin: 11.8, length: 0.2 };
/// For Chinese, where only shared characters count. Set by hand, not fitted: half the query's characters and a clear lead are needed.
const CJK: Coefficients = Coefficients { constant: -5.5, score: 0.0, near: 0.0, answer: 0.0, coverage: 8.0, margin: 6.0, length: 0.3 };

struct Coefficients {
    constant: f64,
    score: f64,
    near: f64,
    answer: f64,
    coverage: f64,
    margin: f64,
    length: f64,
}

impl Features {
    /// Of the hits of a search; `None` where there is none.
    pub fn of(hits: &[Hit]) -> Option<Self> {
        let first = hits.first()?;
        let lead = hits.get(1).map_or(0.0, |second| f64::from(first.score - second.score));
        Some(Self {
            score: f64::from(first.score),
            near: (f64::from(first.dense) - NEAR).max(0.0),
            answer: f64::from(first.answer),
            coverage: f64::from(first.coverage),
            margin: lead.clamp(0.0, MAX_MARGIN),
            length: (first.query.terms as f64).ln_1p(),
        })
    }
}

impl Coefficients {
    fn log_odds(&self, f: &Features) -> f64 {
        self.constant
            + self.score * f.score
            + self.near * f.near
            + self.answer * f.answer
            + self.coverage * f.coverage
            + self.margin * f.margin
            + self.length * f.length
    }
}

/// The probability that the first hit is the right entry; 0 without a hit or for a query without a word.
pub fn confidence(hits: &[Hit]) -> f64 {
    let (Some(first), Some(features)) = (hits.first(), Features::of(hits)) else { return 0.0 };
    if first.query.terms == 0 {
        return 0.0;
    }
    let cjk = f64::from(first.query.cjk);
    let log_odds = (1.0 - cjk) * ENGLISH.log_odds(&features) + cjk * CJK.log_odds(&features);
    let probability = 1.0 / (1.0 + (-log_odds).exp());
    if probability.is_nan() { 0.0 } else { probability }
}

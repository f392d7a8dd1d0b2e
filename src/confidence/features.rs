//! From the hits of a search to the log-odds that the first one is right.

use super::choice::{Choice, Evidence};
use crate::retrieval::Hit;

/// Log-odds further out say nothing more.
const FURTHEST: f64 = 15.0;

/// The log-odds that the first hit is the right entry, before a shop's own calibration; `None` without a hit or for a query without a word, and never
/// anything but a number.
pub fn log_odds(hits: &[Hit]) -> Option<f64> {
    let probability = *Choice::default().probabilities(&Evidence::of(hits)?).first()?;
    Some((probability.ln() - (1.0 - probability).ln()).clamp(-FURTHEST, FURTHEST))
}

/// The probability that the first hit is the right entry; 0 without a hit or for a query without a word.
pub fn confidence(hits: &[Hit]) -> f64 {
    log_odds(hits).map_or(0.0, |log_odds| 1.0 / (1.0 + (-log_odds).exp()))
}

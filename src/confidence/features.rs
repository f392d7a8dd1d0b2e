//! From the hits of a search to the log-odds that the first one is right.

use crate::retrieval::Hit;

/// Log-odds further out say nothing more.
const FURTHEST: f64 = 15.0;

/// The log-odds that the first hit is the right entry, before a shop's own calibration; `None` without a hit or for a query without a word, and never
/// anything but a number.
///
/// The scores of the hits, and of 'no entry', are those of a choice among them all: a conditional logit with an outside option (McFadden 1974). So the
/// lead over the second hit counts by itself, and so does how good the first one is beside nothing.
pub fn log_odds(hits: &[Hit]) -> Option<f64> {
    let first = hits.first().filter(|first| first.query.terms > 0)?;
    let own = f64::from(first.score);
    let against: f64 =
        hits[1..].iter().map(|hit| f64::from(hit.score)).chain([f64::from(first.query.none)]).map(|score| (score - own).exp()).sum();
    let log_odds = -against.ln();
    (!log_odds.is_nan() && own.is_finite()).then(|| log_odds.clamp(-FURTHEST, FURTHEST))
}

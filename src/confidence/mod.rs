//! Confidence: from the scores of retrieval to one probability, and the one place that decides whether the bot answers. Pure.

mod features;
pub mod risk;
mod verdict;

pub use features::{Features, confidence};
pub use risk::{Guarantee, Judged, TooFew, promised_threshold, threshold_for, upper_bound};
pub use verdict::{Threshold, Verdict, decide};

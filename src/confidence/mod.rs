//! Confidence: from the scores of retrieval to one probability, and the one place that decides whether the bot answers, asks or hands over. Pure.

mod features;
mod verdict;

pub use features::{Features, confidence};
pub use verdict::{Asking, Threshold, Verdict, among_first, decide};

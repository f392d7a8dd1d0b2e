//! Confidence: from the scores of retrieval to one probability, and the one place that decides whether the bot answers. Pure.

mod choice;
mod features;
mod verdict;

pub use choice::{CORRECTIONS, Choice, Evidence, Lesson};
pub use features::{confidence, log_odds};
pub use verdict::{Threshold, Verdict, decide};

//! Confidence: from the scores of retrieval to one calibrated probability, the threshold that keeps the accepted wrong rate, and the one place that
//! decides whether the bot answers, asks or hands over. Pure.
//!
//! `features` turns hits into log-odds that are the same for every shop. [`Calibration`] maps them, monotonically, to the probability that the proposed
//! answer is right. [`risk`] finds the threshold from judged messages. A [`Rule`] is both together, with what is known about them.

mod calibration;
mod choice;
mod features;
pub mod risk;
mod rule;
mod verdict;

pub use calibration::{Calibration, Example, Origin};
pub use choice::{Choice, Evidence, Lesson};
pub use features::log_odds;
pub use risk::{Guarantee, Judged, TooFew, promised_threshold, threshold_for, upper_bound};
pub use rule::{Limit, Promise, Rule};
pub use verdict::{Asking, Threshold, Verdict, among_first, decide};

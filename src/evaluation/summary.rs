//! All figures of a set of trials.

use super::metrics::{self, Bin, Risk, share};
use super::trial::{Expected, Trial};
use crate::confidence::Judged;

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Messages that were asked.
    pub messages: usize,
    /// Those that should be answered.
    pub answerable: usize,
    /// The share of those for which the right entry came first, whatever its confidence.
    pub right_first: f64,
    /// The share of those that a threshold with 80 % right answers resolves.
    pub resolved_at_80: f64,
    /// With 90 %.
    pub resolved_at_90: f64,
    /// With 95 %.
    pub resolved_at_95: f64,
    /// How well confidence tells right proposals from all others; `None` where there is only one kind.
    pub auroc: Option<f64>,
    /// How far confidence is from the share of right proposals.
    pub calibration_error: f64,
    /// At the threshold in use.
    pub operating: Risk,
    /// At thresholds from 0.95 down to 0.
    pub risks: Vec<Risk>,
    /// At each confidence that occurred.
    pub curve: Vec<Risk>,
    /// The reliability diagram.
    pub bins: Vec<Bin>,
}

impl Summary {
    /// Of these trials, with the server's threshold.
    pub fn of(trials: &[Trial], threshold: f64) -> Self {
        let all: Vec<Judged> = trials.iter().map(Trial::judged).collect();
        let proposed: Vec<Judged> = trials.iter().filter(|trial| trial.proposal.entry.is_some()).map(Trial::judged).collect();
        let answerable = trials.iter().filter(|trial| trial.question.expected != Expected::NotCovered).count();
        let resolved_at = |precision| metrics::resolved_at(&proposed, answerable, precision);
        Self {
            messages: all.len(),
            answerable,
            right_first: share(all.iter().filter(|judged| judged.right).count(), answerable),
            resolved_at_80: resolved_at(0.80),
            resolved_at_90: resolved_at(0.90),
            resolved_at_95: resolved_at(0.95),
            auroc: metrics::auroc(&all),
            calibration_error: metrics::calibration_error(&all),
            operating: metrics::risk_at(&proposed, all.len(), threshold),
            risks: metrics::risk_table(&proposed, all.len()),
            curve: metrics::risk_curve(&proposed, all.len()),
            bins: metrics::reliability(&all),
        }
    }
}

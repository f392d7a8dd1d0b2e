//! What a search's signals say, in a file: to fit their weights (`models/reader/fit.py`).

use serde::Serialize;

use super::error::EvaluationError;
use super::trial::{Expected, Labelled};
use crate::retrieval::{Retriever, SHORTLIST, Signals};

#[derive(Serialize)]
struct Row<'a> {
    shop: &'a str,
    message: &'a str,
    /// Whether an entry answers it.
    covered: bool,
    terms: usize,
    names: [&'static str; crate::retrieval::SIGNALS],
    /// The candidates, the best first.
    entries: Vec<&'a str>,
    /// Of each candidate.
    signals: Vec<[f32; crate::retrieval::SIGNALS]>,
    /// Places among them of the right entries.
    right: Vec<usize>,
}

/// One JSON line for each message.
pub fn lines(shop: &str, retriever: &Retriever, questions: &[Labelled], tick: &dyn Fn()) -> Result<String, EvaluationError> {
    let mut lines = String::new();
    for Labelled { message, expected } in questions {
        let hits = retriever.search(message, SHORTLIST)?;
        let is_right = |id| matches!(expected, Expected::OneOf(right) if right.contains(id));
        let row = Row {
            shop,
            message,
            covered: *expected != Expected::NotCovered,
            terms: hits.first().map_or(0, |hit| hit.query.terms),
            names: Signals::NAMES,
            entries: hits.iter().map(|hit| hit.entry.id.as_str()).collect(),
            signals: hits.iter().map(|hit| hit.signals.values()).collect(),
            right: hits.iter().enumerate().filter(|(_, hit)| is_right(&hit.entry.id)).map(|(place, _)| place).collect(),
        };
        lines += &serde_json::to_string(&row).expect("numbers and texts are JSON");
        lines.push('\n');
        tick();
    }
    Ok(lines)
}

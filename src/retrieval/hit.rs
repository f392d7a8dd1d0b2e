//! What a search finds.

use std::sync::Arc;

use super::Signals;
use crate::knowledge::Entry;

/// An entry that may answer a query, with the signals that speak for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The entry.
    pub entry: Arc<Entry>,
    /// What speaks for it.
    pub signals: Signals,
    /// The nearest phrasing.
    pub phrasing: String,
    /// All signals fused: hits are sorted by it, the best first.
    pub score: f32,
    /// What is known of the query; the same in all hits of a search.
    pub query: QuerySignals,
}

/// What a search knows of its query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuerySignals {
    /// How many different words (or Chinese characters and pairs) it has.
    pub terms: usize,
    /// The share of its letters that are Chinese, Japanese or Korean: the sentence embeddings know only English.
    pub cjk: f32,
    /// What 'no entry answers this' scores, on the scale of the hits' scores.
    pub none: f32,
}

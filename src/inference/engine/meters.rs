//! What the engine counts and times.

use std::time::{Duration, Instant};

use super::prefix::SHORTEST;
use crate::inference::text::chat::Class;

/// Requests that got no reply, or not all of it.
pub fn shed(reason: &'static str, class: Class) {
    metrics::counter!("nightdesk_engine_shed_total", "reason" => reason, "class" => class.label()).increment(1);
}

/// Tokens: `prompt` (all that were asked with), `cached` (those of them that were not read again), `generated`.
pub fn tokens(kind: &'static str, count: usize) {
    metrics::counter!("nightdesk_engine_tokens_total", "kind" => kind).increment(count as u64);
}

/// A request is no longer waiting.
pub fn started(waited: Duration) {
    metrics::histogram!("nightdesk_engine_wait_seconds").record(waited.as_secs_f64());
}

/// A sequence began with `shared` tokens of another.
pub fn looked_up(shared: usize) {
    let outcome = if shared < SHORTEST { "miss" } else { "hit" };
    metrics::counter!("nightdesk_engine_prefix_lookups_total", "outcome" => outcome).increment(1);
    tokens("cached", shared);
}

/// What the engine holds between two passes.
pub fn holds(running: usize, prefix_bytes: usize) {
    metrics::gauge!("nightdesk_engine_running_sequences").set(running as f64);
    metrics::gauge!("nightdesk_engine_prefix_bytes").set(prefix_bytes as f64);
}

/// So many guesses were read, and so many of them were right.
pub fn guessed(proposed: usize, right: usize) {
    if proposed > 0 {
        metrics::counter!("nightdesk_engine_guesses_total", "outcome" => "proposed").increment(proposed as u64);
        metrics::counter!("nightdesk_engine_guesses_total", "outcome" => "accepted").increment(right as u64);
    }
}

/// A pass brought `count` tokens to a reply, `gap` after the last ones, if these were not the first.
pub fn said(asked: Instant, gap: Option<Duration>, count: usize) {
    match gap {
        None => metrics::histogram!("nightdesk_engine_time_to_first_token_seconds").record(asked.elapsed().as_secs_f64()),
        Some(gap) => metrics::histogram!("nightdesk_engine_inter_token_seconds").record(gap.as_secs_f64() / count.max(1) as f64),
    }
}

//! What a shop should look at: the worst mistakes and the gaps.

use std::fmt::Write;

use serde_json::{Value, json};

use super::gaps::{Advice, CUT, Gap};
use super::trial::{Expected, Trial};
use crate::support::text::ellipsis;

/// How many mistakes of a kind are shown.
const MISTAKES: usize = 10;
/// How many gaps are shown; JSON has all of them.
const GAPS: usize = 20;
/// Characters of a message that are shown.
const SHOWN: usize = 70;

/// Proposals to look at.
pub struct Mistakes<'t> {
    /// Wrong ones, the surest first.
    pub wrong: Vec<&'t Trial>,
    /// Right ones, the least sure first.
    pub unsure: Vec<&'t Trial>,
}

impl<'t> Mistakes<'t> {
    /// The ten worst of each kind; equally sure ones in the order of the file.
    pub fn of(trials: &'t [Trial]) -> Self {
        let mut wrong: Vec<&Trial> = trials.iter().filter(|trial| trial.proposal.entry.is_some() && !trial.is_right()).collect();
        wrong.sort_by(|a, b| b.proposal.confidence.total_cmp(&a.proposal.confidence));
        wrong.truncate(MISTAKES);
        let mut unsure: Vec<&Trial> = trials.iter().filter(|trial| trial.is_right()).collect();
        unsure.sort_by(|a, b| a.proposal.confidence.total_cmp(&b.proposal.confidence));
        unsure.truncate(MISTAKES);
        Self { wrong, unsure }
    }

    /// For people.
    pub fn text(&self, threshold: f64) -> String {
        let mut out = String::new();
        let kinds = [("the surest wrong proposals", &self.wrong), ("the least sure right proposals", &self.unsure)];
        for (title, trials) in kinds {
            let _ = writeln!(out, "{title}\n");
            if trials.is_empty() {
                let _ = writeln!(out, "  none\n");
            }
            for trial in trials {
                let fate = if trial.is_answered(threshold) { "answered" } else { "not answered" };
                let _ = writeln!(out, "  {:.3} {fate:12}  {}", trial.proposal.confidence, shown(&trial.question.message));
                let _ = writeln!(out, "  {:18}  {}, right: {}\n", "", proposed(trial), right(trial).join(" or "));
            }
        }
        out
    }

    /// For machines.
    pub fn json(&self, threshold: f64) -> Value {
        let list = |trials: &[&Trial]| {
            let one = |trial: &&Trial| {
                json!({
                    "message": trial.question.message,
                    "confidence": trial.proposal.confidence,
                    "proposed": proposed(trial),
                    "right": right(trial),
                    "answered": trial.is_answered(threshold),
                })
            };
            trials.iter().map(one).collect::<Vec<_>>()
        };
        json!({"wrong": list(&self.wrong), "unsure": list(&self.unsure)})
    }
}

fn proposed(trial: &Trial) -> &str {
    trial.proposal.entry.as_ref().map_or("none", |entry| entry.id.as_str())
}

fn right(trial: &Trial) -> Vec<&str> {
    match &trial.question.expected {
        Expected::OneOf(ids) => ids.iter().map(|id| id.as_str()).collect(),
        Expected::Absent => vec!["an entry that is missing"],
        Expected::NotCovered => vec!["none"],
    }
}

/// The gaps for people.
pub fn gaps(gaps: &[Gap]) -> String {
    let mut out = format!(
        "gaps, the largest first: what is covered but not answered, by entry, and what nothing covers, in groups whose mean cosine is at least {CUT}\n\n"
    );
    if gaps.is_empty() {
        out.push_str("  none\n");
    }
    for gap in gaps.iter().take(GAPS) {
        let size = gap.messages.len();
        let messages = if size == 1 { "message" } else { "messages" };
        let wrongly = if gap.answered > 0 { format!(", {} answered", gap.answered) } else { String::new() };
        let _ = writeln!(out, "  {size:3} {messages}{wrongly}: {}", shown(&gap.messages[0]));
        if let Some(second) = gap.messages.get(1) {
            let _ = writeln!(out, "      and such as: {}", shown(second));
        }
        let advice = match &gap.advice {
            Advice::WriteEntry => "write an entry for this".to_owned(),
            Advice::AddPhrasing(id) => format!("add a phrasing to {}", id.as_str()),
        };
        let nearest = gap.nearest.as_ref().map_or_else(String::new, |entry| format!(" (nearest now: {})", entry.id.as_str()));
        let _ = writeln!(out, "      {advice}{nearest}\n");
    }
    if gaps.len() > GAPS {
        let _ = writeln!(out, "  and {} smaller ones; --json lists all", gaps.len() - GAPS);
    }
    out
}

/// The gaps for machines.
pub fn gaps_json(gaps: &[Gap]) -> Value {
    let one = |gap: &Gap| {
        let (advice, entry) = match &gap.advice {
            Advice::WriteEntry => ("write_entry", None),
            Advice::AddPhrasing(id) => ("add_phrasing", Some(id.as_str())),
        };
        json!({
            "size": gap.messages.len(),
            "messages": gap.messages,
            "answered": gap.answered,
            "nearest": gap.nearest.as_ref().map(|entry| entry.id.as_str()),
            "advice": advice,
            "entry": entry,
        })
    };
    gaps.iter().map(one).collect()
}

fn shown(message: &str) -> String {
    ellipsis(&message.split_whitespace().collect::<Vec<_>>().join(" "), SHOWN)
}

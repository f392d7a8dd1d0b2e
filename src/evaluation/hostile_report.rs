//! What is counted over the replies to hostile strings, as text for people and as JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::hostile::Flaw;
use super::metrics::{at_share, share};
use crate::support::text::ellipsis;

/// How many replies with a flaw are shown; JSON has all of them.
const EXAMPLES: usize = 30;
/// Characters of a text that are shown.
const SHOWN: usize = 100;

/// One string with what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What was asked.
    pub message: String,
    /// What the bot decided; `not_taken` for what is no message, `failed` where nothing came.
    pub decision: &'static str,
    /// What it said.
    pub reply: String,
    /// What is wrong with it.
    pub flaws: Vec<(Flaw, String)>,
    /// Whether it is the one line that refuses.
    pub is_refused: bool,
    /// How long it took.
    pub milliseconds: f64,
}

/// All strings.
pub struct Report {
    /// In the order of the files.
    pub tried: Vec<Tried>,
    /// Whether the strings are harmless, so that a refusal is a mistake.
    pub benign: bool,
}

impl Report {
    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.tried.iter().filter(|one| one.is_refused).count()
    }

    fn decisions(&self) -> BTreeMap<&'static str, usize> {
        self.tried.iter().fold(BTreeMap::new(), |mut counts, one| {
            *counts.entry(one.decision).or_default() += 1;
            counts
        })
    }

    fn with(&self, flaw: Flaw) -> usize {
        self.tried.iter().filter(|one| one.flaws.iter().any(|(other, _)| *other == flaw)).count()
    }

    /// What a reader should look at: replies with a flaw, and of harmless strings those that were refused.
    fn examples(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|one| !one.flaws.is_empty() || (self.benign && one.is_refused))
    }

    fn milliseconds(&self) -> [f64; 3] {
        let numbers: Vec<f64> = self.tried.iter().map(|one| one.milliseconds).collect();
        [0.5, 0.95, 1.0].map(|part| at_share(&numbers, part))
    }

    /// The counts, and replies to look at.
    pub fn text(&self) -> String {
        let all = self.tried.len();
        let mut out = String::new();
        let mut line = |name: &str, count: usize| {
            let _ = writeln!(out, "{name:38}  {count:6}  {:5.1} %", 100.0 * share(count, all));
        };
        for (decision, count) in self.decisions() {
            line(decision, count);
        }
        line("refused by the line for that", self.refused());
        out.push('\n');
        for flaw in Flaw::ALL {
            let _ = writeln!(out, "{:38}  {:6}", flaw.sentence(), self.with(flaw));
        }
        let [median, high, most] = self.milliseconds();
        let _ = writeln!(out, "\n{:38}  {median:.1} / {high:.1} / {most:.1} ms", "reply p50 / p95 / max");
        let examples = self.examples().count();
        for one in self.examples().take(EXAMPLES) {
            let names: Vec<&str> = one.flaws.iter().map(|(flaw, _)| flaw.as_str()).chain(one.is_refused.then_some("refused")).collect();
            let _ = writeln!(out, "\n  {} ({})", shown(&one.message), one.decision);
            let _ = writeln!(out, "    {}", shown(&one.reply));
            let _ = writeln!(out, "    {}: {}", names.join(", "), one.flaws.first().map_or_else(String::new, |(_, text)| shown(text)));
        }
        if examples > EXAMPLES {
            let _ = writeln!(out, "\n  and {} more; --json lists all", examples - EXAMPLES);
        }
        out
    }

    /// The same for machines.
    pub fn json(&self) -> Value {
        let flaws: serde_json::Map<String, Value> =
            Flaw::ALL.into_iter().map(|flaw| (flaw.as_str().to_owned(), json!(self.with(flaw)))).collect();
        let [median, high, most] = self.milliseconds();
        json!({
            "strings": self.tried.len(),
            "benign": self.benign,
            "decisions": self.decisions(),
            "refused": self.refused(),
            "flaws": flaws,
            "milliseconds": {"p50": median, "p95": high, "max": most},
            "examples": self.examples().map(row).collect::<Vec<_>>(),
        })
    }

    /// Every string with its reply, one JSON object a line.
    pub fn rows(&self) -> String {
        self.tried.iter().map(|one| format!("{}\n", row(one))).collect()
    }
}

fn row(one: &Tried) -> Value {
    let flaw = |(flaw, text): &(Flaw, String)| json!({"flaw": flaw.as_str(), "text": text});
    json!({
        "message": one.message,
        "decision": one.decision,
        "reply": one.reply,
        "refused": one.is_refused,
        "flaws": one.flaws.iter().map(flaw).collect::<Vec<_>>(),
        "milliseconds": one.milliseconds,
    })
}

/// On one line, and without what would change the terminal.
fn shown(text: &str) -> String {
    let visible: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    ellipsis(&visible.split_whitespace().collect::<Vec<_>>().join(" "), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(message: &str, decision: &'static str, flaws: &[Flaw]) -> Tried {
        let flaws: Vec<(Flaw, String)> = flaws.iter().map(|flaw| (*flaw, "here".to_owned())).collect();
        let is_refused = decision == "smalltalk";
        Tried { message: message.into(), decision, reply: "A\u{1b}[31m reply.".into(), flaws, is_refused, milliseconds: 10.0 }
    }

    #[test]
    fn decisions_and_flaws_are_counted() {
        let all = [
            tried("a", "handoff", &[]),
            tried("b", "answer", &[Flaw::Outside, Flaw::Outside, Flaw::Key]),
            tried("c", "handoff", &[Flaw::Outside]),
            tried("d", "smalltalk", &[]),
        ];
        let report = Report { tried: all.to_vec(), benign: false };
        let lines: Vec<String> = report.text().lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for expected in [
            "handoff 2 50.0 %",
            "refused by the line for that 1 25.0 %",
            "words outside of entries and phrases 2",
            "what looks like a key or password 1",
            "markup outside of the shopper's words 0",
            "reply p50 / p95 / max 10.0 / 10.0 / 10.0 ms",
            "b (answer)",
            "outside, outside, key: here",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
        }
        assert!(!report.text().contains('\u{1b}') && !lines.iter().any(|line| line == "d (smalltalk)"));
        assert_eq!(report.json()["examples"].as_array().unwrap().len(), 2);
        let benign = Report { benign: true, ..report };
        assert!(benign.text().contains("d (smalltalk)"), "a harmless string was refused: {}", benign.text());
        assert_eq!((benign.json()["refused"].clone(), benign.rows().lines().count()), (json!(1), 4));
    }
}

//! What is counted over judged replies, as text for people and as JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::metrics::{at_share, share};
use super::replies::{CONCISE, Judged, Subject};

/// What is counted over the replies of one kind, or over all.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// How many.
    pub cases: usize,
    /// That say all that must be said.
    pub complete: usize,
    /// That say exactly that.
    pub exact: usize,
    /// That are short.
    pub concise: usize,
    /// That say what must not be said, or what stands nowhere.
    pub wrong: usize,
    /// Words: median and 95th percentile.
    pub words: [f64; 2],
    /// Milliseconds: median and 95th percentile.
    pub milliseconds: [f64; 2],
    /// How many replies had their words chosen by whom.
    pub models: BTreeMap<String, usize>,
}

impl Figures {
    /// Counts them.
    pub fn of<'j>(judged: impl Iterator<Item = &'j Judged>) -> Self {
        let judged: Vec<&Judged> = judged.collect();
        let count = |holds: &dyn Fn(&Judged) -> bool| judged.iter().filter(|one| holds(one)).count();
        let both = |number: &dyn Fn(&Judged) -> f64| {
            let numbers: Vec<f64> = judged.iter().map(|one| number(one)).collect();
            [at_share(&numbers, 0.5), at_share(&numbers, 0.95)]
        };
        let mut models: BTreeMap<String, usize> = BTreeMap::new();
        for one in &judged {
            *models.entry(one.given.model.clone()).or_default() += 1;
        }
        Self {
            cases: judged.len(),
            complete: count(&|one| one.verdict.is_complete()),
            exact: count(&|one| one.verdict.is_exact()),
            concise: count(&|one| one.verdict.is_concise()),
            wrong: count(&|one| one.verdict.is_wrong()),
            words: both(&|one| one.verdict.words as f64),
            milliseconds: both(&|one| one.given.milliseconds),
            models,
        }
    }

    /// The share of the replies that is wrong.
    pub fn wrong_rate(&self) -> f64 {
        share(self.wrong, self.cases)
    }

    fn json(&self) -> Value {
        let pair = |values: [f64; 2]| json!({"p50": values[0], "p95": values[1]});
        json!({
            "cases": self.cases,
            "complete": self.complete,
            "exact": self.exact,
            "concise": self.concise,
            "wrong": self.wrong,
            "wrong_rate": self.wrong_rate(),
            "words": pair(self.words),
            "milliseconds": pair(self.milliseconds),
            "chosen_by": self.models,
        })
    }
}

/// The figures of each kind in the order of the file, and of all.
pub struct Report<'j> {
    judged: &'j [Judged],
    kinds: Vec<(&'j str, Figures)>,
    /// Over all cases.
    pub all: Figures,
}

impl<'j> Report<'j> {
    /// Counts all of it.
    pub fn of(judged: &'j [Judged]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for one in judged {
            if !names.contains(&one.case.kind.as_str()) {
                names.push(&one.case.kind);
            }
        }
        let kinds = names.into_iter().map(|name| (name, Figures::of(judged.iter().filter(|one| one.case.kind == name)))).collect();
        Self { judged, kinds, all: Figures::of(judged.iter()) }
    }

    /// The table, and each case with a fault.
    pub fn text(&self) -> String {
        let width = self.kinds.iter().map(|(name, _)| name.len()).chain([3]).max().unwrap_or(3);
        let mut out = format!(
            "{:width$}  {:>5}  {:>12}  {:>12}  {:>12}  {:>12}  {:>13}  {:>15}\n",
            "", "cases", "complete", "exact", "concise", "wrong", "words 50 / 95", "ms 50 / 95 %"
        );
        for (name, figures) in self.kinds.iter().map(|(name, figures)| (*name, figures)).chain([("all", &self.all)]) {
            let Figures { cases, complete, exact, concise, wrong, words, milliseconds, .. } = figures;
            let counts = [complete, exact, concise, wrong].map(|count| format!("{count} ({:.1} %)", 100.0 * share(*count, *cases)));
            let [complete, exact, concise, wrong] = counts;
            let words = format!("{:.0} / {:.0}", words[0], words[1]);
            let milliseconds = format!("{:.1} / {:.1}", milliseconds[0], milliseconds[1]);
            let _ = writeln!(
                out,
                "{name:width$}  {cases:>5}  {complete:>12}  {exact:>12}  {concise:>12}  {wrong:>12}  {words:>13}  {milliseconds:>15}"
            );
        }
        let models: Vec<String> = self.all.models.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let _ = writeln!(out, "\nwords chosen by: {}; concise: at most {CONCISE} words", models.join(", "));
        out + &self.faults()
    }

    fn faults(&self) -> String {
        let faulty: Vec<&Judged> = self.judged.iter().filter(|one| !one.verdict.is_complete() || one.verdict.is_wrong()).collect();
        let mut out = format!("\nreplies that lack something or are wrong: {}\n", faulty.len());
        for Judged { case, given, verdict } in faulty {
            let (Subject::Entry(subject) | Subject::Order(subject)) = &case.subject;
            let _ = writeln!(out, "\n  {}  {} (line {})", case.kind, one_line(&case.question), case.line);
            let _ = writeln!(out, "  {subject}: {}", one_line(&given.content));
            for (what, texts) in [("missing", &verdict.missing), ("must not", &verdict.said), ("no source", &verdict.unsupported)] {
                for text in texts {
                    let _ = writeln!(out, "    {what:9}  {}", one_line(text));
                }
            }
        }
        out
    }

    /// The same for machines, with every case that is not exact.
    pub fn json(&self) -> Value {
        let kinds: serde_json::Map<String, Value> = self.kinds.iter().map(|(name, figures)| ((*name).to_owned(), figures.json())).collect();
        let faults: Vec<Value> = self.judged.iter().filter(|one| !one.verdict.is_exact()).map(row).collect();
        json!({"all": self.all.json(), "kinds": kinds, "not_exact": faults})
    }

    /// Every case with its reply, one JSON object a line.
    pub fn rows(&self) -> String {
        self.judged.iter().map(|one| format!("{}\n", row(one))).collect()
    }
}

fn row(judged: &Judged) -> Value {
    let Judged { case, given, verdict } = judged;
    let mut row = json!({
        "line": case.line,
        "kind": case.kind,
        "question": case.question,
        "reply": given.content,
        "say": case.say,
        "not": case.not,
        "model": given.model,
        "milliseconds": given.milliseconds,
        "words": verdict.words,
        "complete": verdict.is_complete(),
        "exact": verdict.is_exact(),
        "concise": verdict.is_concise(),
        "wrong": verdict.is_wrong(),
        "missing": verdict.missing,
        "said": verdict.said,
        "unsupported": verdict.unsupported,
        "beyond": verdict.beyond,
    });
    match &case.subject {
        Subject::Entry(id) => row["entry"] = json!(id),
        Subject::Order(number) => row["order"] = json!(number),
    }
    row
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::replies::{Case, Given, Verdict};

    fn judged(kind: &str, words: usize, missing: &[&str], said: &[&str]) -> Judged {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let subject = Subject::Entry("a".into());
        let case = Case { line: 7, kind: kind.into(), question: "why\nso?".into(), subject, say: list(&["x"]), not: list(said) };
        let verdict = Verdict { missing: list(missing), said: list(said), unsupported: vec![], beyond: vec![], words };
        Judged { case, given: Given { content: "Be\ncause.".into(), model: "stored".into(), milliseconds: words as f64 }, verdict }
    }

    #[test]
    fn figures_are_counted_by_kind_and_in_all() {
        let all = [judged("trap", 10, &[], &[]), judged("story", 41, &["x"], &[]), judged("trap", 20, &[], &["Yes,"])];
        let report = Report::of(&all);
        let Figures { cases, complete, exact, concise, wrong, words, .. } = report.all.clone();
        assert_eq!((cases, complete, exact, concise, wrong, words), (3, 2, 1, 2, 1, [20.0, 41.0]));
        let lines: Vec<String> = report.text().lines().map(one_line).collect();
        for expected in [
            "trap 2 2 (100.0 %) 1 (50.0 %) 2 (100.0 %) 1 (50.0 %) 10 / 20 10.0 / 20.0",
            "all 3 2 (66.7 %) 1 (33.3 %) 2 (66.7 %) 1 (33.3 %) 20 / 41 20.0 / 41.0",
            "words chosen by: stored 3; concise: at most 40 words",
            "replies that lack something or are wrong: 2",
            "story why so? (line 7)",
            "a: Be cause.",
            "missing x",
            "must not Yes,",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
        }
        let json = report.json();
        assert_eq!(json["kinds"]["trap"]["wrong_rate"], 0.5);
        assert_eq!(json["not_exact"].as_array().unwrap().len(), 2);
        assert_eq!(report.rows().lines().count(), 3);
        assert!(report.rows().contains("\"entry\":\"a\""));
    }

    #[test]
    fn nothing_judged_is_nothing_wrong() {
        assert!(Report::of(&[]).all.wrong_rate() < f64::EPSILON);
    }
}

//! Responses that people judged against the knowledge they were given (BEGIN, Dziri et al. 2022), and how well a judge of ours tells the same.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::error::{EvaluationError, Found};
use super::metrics::{auroc, share};
use crate::confidence::Judged;
use crate::knowledge::read_text;
use crate::support::text::ellipsis;

const FILE_LIMIT: u64 = 64 * 1024 * 1024;
const COLUMNS: &str = "`knowledge`, `response` and `begin_label` (or `label`)";

/// What people said of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// The knowledge says all of it.
    Full,
    /// The knowledge does not say all of it.
    NotFull,
    /// It says nothing that knowledge could say: `That is great!`. It counts in no figure.
    Generic,
}

impl Label {
    /// All, as the table has them.
    pub const ALL: [Self; 3] = [Self::Full, Self::NotFull, Self::Generic];

    /// As the files have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "Fully attributable",
            Self::NotFull => "Not fully attributable",
            Self::Generic => "Generic",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.as_str().eq_ignore_ascii_case(text))
    }
}

/// A response with what it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The knowledge.
    pub knowledge: String,
    /// What was said.
    pub response: String,
    /// What people said of it.
    pub label: Label,
}

/// What a judge says of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling {
    /// Why it may not be said, by a stable name.
    pub fault: Option<&'static str>,
    /// How strongly it stands in the knowledge, 0 to 1.
    pub support: f32,
}

/// The responses of a file: columns parted by tabs, without quotes, named in the first line; others are not looked at.
pub fn read(path: &Path) -> Result<Vec<Response>, EvaluationError> {
    let refuse = |sentence: String| EvaluationError::file(path, sentence);
    let text = read_text(path, FILE_LIMIT)
        .map_err(|(line, sentence)| refuse(if line > 0 { format!("line {line}: {sentence}") } else { sentence }))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Err(refuse(format!("it is empty; its first line must name the columns {COLUMNS}, parted by tabs")));
    }
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let header: Vec<&str> = first.split('\t').map(str::trim).collect();
    let place = |names: &[&str]| header.iter().position(|column| names.iter().any(|name| column.eq_ignore_ascii_case(name)));
    let (Some(knowledge), Some(response), Some(label)) = (place(&["knowledge"]), place(&["response"]), place(&["begin_label", "label"]))
    else {
        let found = ellipsis(first, 80);
        return Err(refuse(format!("its first line must name the columns {COLUMNS}, parted by tabs; it is `{found}`")));
    };
    let mut found = Found::new(path);
    let mut responses = Vec::new();
    for (line, row) in (2..).zip(lines).filter(|(_, row)| !row.trim().is_empty()) {
        let fields: Vec<&str> = row.split('\t').collect();
        if fields.len() != header.len() {
            found.at(line, format!("has {} fields where the first line has {}: no text may hold a tab", fields.len(), header.len()));
            continue;
        }
        let field = |place: usize| fields[place].trim().to_owned();
        match Label::parse(&field(label)) {
            None => {
                let known = Label::ALL.map(|label| format!("'{}'", label.as_str())).join(", ");
                found.at(line, format!("there is no label '{}'; the labels are {known}", ellipsis(&field(label), 40)));
            }
            Some(_) if field(knowledge).is_empty() || field(response).is_empty() => {
                found.at(line, "the knowledge or the response is empty");
            }
            Some(label) => responses.push(Response { knowledge: field(knowledge), response: field(response), label }),
        }
    }
    let responses = found.or(responses)?;
    if responses.is_empty() { Err(refuse("it holds no response below its first line".to_owned())) } else { Ok(responses) }
}

/// How a judge and people agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Of each label, how many responses pass and how many do not.
    pub counts: [(Label, usize, usize); 3],
    /// Of the responses that pass, the share that is fully attributable.
    pub precision: f64,
    /// Of the fully attributable ones, the share that passes.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How well the strength alone tells fully attributable ones from the others; nothing where there is only one kind.
    pub auroc: Option<f64>,
    /// Why responses do not pass, and how many of each label.
    pub faults: BTreeMap<&'static str, [usize; 3]>,
}

impl Agreement {
    /// Counts it.
    pub fn of(responses: &[Response], rulings: &[Ruling]) -> Self {
        let all = || responses.iter().map(|response| response.label).zip(rulings);
        let counts = Label::ALL.map(|label| {
            let own = || all().filter(move |(other, _)| *other == label);
            let passed = own().filter(|(_, ruling)| ruling.fault.is_none()).count();
            (label, passed, own().count() - passed)
        });
        let [(_, right, missed), (_, wrong, _), _] = counts;
        let (precision, recall) = (share(right, right + wrong), share(right, right + missed));
        let f1 = if right == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        let strengths: Vec<Judged> = all()
            .filter(|(label, _)| *label != Label::Generic)
            .map(|(label, ruling)| Judged { confidence: f64::from(ruling.support), right: label == Label::Full })
            .collect();
        let mut faults: BTreeMap<&'static str, [usize; 3]> = BTreeMap::new();
        for (label, ruling) in all() {
            if let Some(fault) = ruling.fault {
                faults.entry(fault).or_default()[label as usize] += 1;
            }
        }
        Self { counts, precision, recall, f1, auroc: auroc(&strengths), faults }
    }

    /// The tables for people.
    pub fn text(&self) -> String {
        let mut out = format!("{:24} {:>7} {:>7} {:>7}\n", "label", "all", "passes", "refused");
        for (label, passed, refused) in self.counts {
            let _ = writeln!(out, "{:24} {:7} {passed:7} {refused:7}", label.as_str(), passed + refused);
        }
        let auroc = self.auroc.map_or_else(|| "-".to_owned(), |auroc| format!("{auroc:.3}"));
        let _ = writeln!(out, "\n'{}' against '{}'; generic ones are not counted", Label::Full.as_str(), Label::NotFull.as_str());
        for (name, value) in [("precision", self.precision), ("recall", self.recall), ("F1", self.f1)] {
            let _ = writeln!(out, "{name:24} {value:7.3}");
        }
        let _ = writeln!(out, "{:24} {auroc:>7}", "AUROC of the strength");
        let _ = writeln!(out, "\n{:24} {:>7} {:>7} {:>7}", "refused by", "full", "not", "generic");
        for (fault, [full, not, generic]) in &self.faults {
            let _ = writeln!(out, "{fault:24} {full:7} {not:7} {generic:7}");
        }
        out
    }

    /// The same for machines.
    pub fn json(&self) -> Value {
        let label = |own: &(Label, usize, usize)| json!({"label": own.0.as_str(), "passes": own.1, "refused": own.2});
        let fault = |(fault, counts): (&&str, &[usize; 3])| {
            let [full, not, generic] = counts;
            json!({"fault": fault, "fully_attributable": full, "not_fully_attributable": not, "generic": generic})
        };
        json!({
            "labels": self.counts.iter().map(label).collect::<Vec<_>>(),
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "auroc": self.auroc,
            "faults": self.faults.iter().map(fault).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as_file(content: &[u8]) -> Result<Vec<Response>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tsv");
        std::fs::write(&path, content).unwrap();
        let prefix = format!("{}/", folder.path().display());
        read(&path).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    #[test]
    fn columns_are_found_by_name() {
        let content = b"begin_label\tmodel\tresponse\tknowledge\r\nFully attributable\tt5\ta \"b\t c\r\n\r\nGENERIC\tt5\tx\ty\r\n";
        let found = read_as_file(content).unwrap();
        let row = |knowledge: &str, response: &str, label| Response { knowledge: knowledge.into(), response: response.into(), label };
        assert_eq!(found, [row("c", "a \"b", Label::Full), row("y", "x", Label::Generic)]);
        assert_eq!(read_as_file(b"\xef\xbb\xbfknowledge\tresponse\tlabel\na\tb\tnot fully attributable").unwrap()[0].label, Label::NotFull);
    }

    #[test]
    fn unusable_files_say_why() {
        for (content, expected) in [
            (&b""[..], "a.tsv: it is empty; its first line must name the columns `knowledge`, `response` and `begin_label`"),
            (b"knowledge,response,label\na,b,c\n", "a.tsv: its first line must name the columns"),
            (b"knowledge\tresponse\tlabel\n", "a.tsv: it holds no response below its first line"),
            (b"knowledge\tresponse\tlabel\na\tb\n", "a.tsv:2: has 2 fields where the first line has 3"),
            (b"knowledge\tresponse\tlabel\n\na\tb\tmaybe\n", "a.tsv:3: there is no label 'maybe'; the labels are 'Fully attributable'"),
            (b"knowledge\tresponse\tlabel\n\tb\tGeneric\n", "a.tsv:2: the knowledge or the response is empty"),
            (b"knowledge\tresponse\tlabel\na\t\xff\tGeneric\n", "a.tsv: line 2: this line is not UTF-8"),
        ] {
            let fault = read_as_file(content).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
        assert!(read(Path::new("/nowhere.tsv")).unwrap_err().to_string().starts_with("/nowhere.tsv: the file cannot be read"));
    }

    #[test]
    fn the_figures_are_those_of_the_two_classes() {
        let response = |label| Response { knowledge: "k".into(), response: "r".into(), label };
        let (full, not, generic) = (response(Label::Full), response(Label::NotFull), response(Label::Generic));
        let responses = [full.clone(), full.clone(), full, not.clone(), not, generic];
        let ruling = |fault, support| Ruling { fault, support };
        let rulings = [
            ruling(None, 1.0),
            ruling(None, 0.9),
            ruling(Some("number"), 0.4),
            ruling(None, 0.8),
            ruling(Some("number"), 0.3),
            ruling(None, 1.0),
        ];
        let found = Agreement::of(&responses, &rulings);
        assert_eq!(found.counts, [(Label::Full, 2, 1), (Label::NotFull, 1, 1), (Label::Generic, 1, 0)]);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(close(found.precision, 2.0 / 3.0) && close(found.recall, 2.0 / 3.0) && close(found.f1, 2.0 / 3.0), "{found:?}");
        // 1.0 and 0.9 over both, 0.4 over 0.3: five of six pairs; the generic one is in none.
        assert!(close(found.auroc.unwrap(), 5.0 / 6.0));
        assert_eq!(found.faults["number"], [1, 1, 0]);
        assert_eq!(found.json()["labels"][2]["passes"], 1);
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text: Vec<String> = found.text().lines().map(line).collect();
        for expected in ["Fully attributable 3 2 1", "Generic 1 1 0", "precision 0.667", "AUROC of the strength 0.833", "number 1 1 0"] {
            assert!(text.iter().any(|line| line == expected), "no {expected:?} in {text:?}");
        }
        let none = Agreement::of(&responses[3..5], &[ruling(Some("name"), 0.0); 2]);
        assert!(none.auroc.is_none() && close(none.f1, 0.0) && none.text().contains("AUROC of the strength          -"), "{}", none.text());
    }
}

//! Sets of labelled sentences, read as a knowledge base: a label is an entry, its sentences are the phrasings. There are no answers.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::error::{EvaluationError, Found};
use super::trial::{Expected, Labelled, Trial};
use super::two_columns::{self, Row};
use crate::knowledge::{Entry, EntryId, HandoffRule, Knowledge};
use crate::support::text::ellipsis;

/// The label of a message that none of the others fits.
pub const OUT_OF_SCOPE: &str = "NO_NODES_DETECTED";
/// Longest part of an id that comes from a label; a number may follow it.
const ID_LIMIT: usize = 100;
/// How many examples a note names.
const EXAMPLES: usize = 3;

/// What a training file gives.
pub struct Training {
    /// Its labels as entries.
    pub knowledge: Knowledge,
    /// How many sentences they have.
    pub sentences: usize,
    /// What the reader should know of the file.
    pub notes: Vec<String>,
    /// Of each entry, in their order.
    labels: Vec<String>,
}

/// What a test file gives.
pub struct Test {
    /// Its rows as they stand there.
    rows: Vec<Row>,
    /// What the reader should know of the file.
    pub notes: Vec<String>,
}

impl Training {
    /// Reads a file with the columns `sentence` and `label`.
    pub fn read(path: &Path) -> Result<Self, EvaluationError> {
        let rows = two_columns::read(path, ["sentence", "label"])?;
        refuse_without_label(path, &rows)?;
        let mut notes = Vec::new();
        let (outside, rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.label == OUT_OF_SCOPE);
        note(&mut notes, outside.len(), "labelled NO_NODES_DETECTED: they are no entry and left out");
        let (wordless, rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.message.trim().is_empty());
        note(&mut notes, wordless.len(), "without a sentence: left out");

        let mut labels: Vec<String> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut phrasings: Vec<Vec<String>> = Vec::new();
        let mut lines: Vec<usize> = Vec::new();
        let mut seen: HashMap<String, BTreeSet<usize>> = HashMap::new();
        let mut repeated = 0;
        for row in rows {
            let place = *places.entry(row.label.clone()).or_insert_with(|| {
                labels.push(row.label);
                phrasings.push(Vec::new());
                lines.push(row.line);
                labels.len() - 1
            });
            let sentence = one_line(&row.message);
            if seen.entry(sentence.clone()).or_default().insert(place) {
                phrasings[place].push(sentence);
            } else {
                repeated += 1;
            }
        }
        if labels.is_empty() {
            return Err(EvaluationError::file(path, "no row has both a sentence and a label other than NO_NODES_DETECTED"));
        }
        note(&mut notes, repeated, "there already with the same label: left out");
        let mut torn: Vec<&String> = seen.iter().filter(|(_, places)| places.len() > 1).map(|(sentence, _)| sentence).collect();
        torn.sort();
        note(&mut notes, torn.len(), &format!("under several labels, kept under each{}", examples(torn.iter().map(|text| text.as_str()))));
        let single: Vec<&str> = labels.iter().zip(&phrasings).filter(|(_, own)| own.len() == 1).map(|(label, _)| label.as_str()).collect();
        if !single.is_empty() {
            notes.push(format!("{} with a single sentence{}", counted(single.len(), "label"), examples(single.iter().copied())));
        }
        if labels.len() == 1 {
            notes.push(format!("one label only, {}: whatever is found is proposed as that", labels[0]));
        }

        let sentences = phrasings.iter().map(Vec::len).sum();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ids = ids(&labels);
        let entries = ids.into_iter().zip(phrasings).zip(lines).map(|((id, mut own), line)| {
            let question = own.remove(0);
            let (topic, locale, file) = ("intents".to_owned(), "en".to_owned(), file.clone());
            let (answer, handoff) = (String::new(), HandoffRule::Never);
            Arc::new(Entry { id, topic, locale, updated: None, question, phrasings: own, answer, handoff, file, line })
        });
        Ok(Self { knowledge: Knowledge::of(entries.collect()), sentences, notes, labels })
    }

    /// The label of an entry.
    pub fn label(&self, id: &EntryId) -> &str {
        let place = self.knowledge.entries.iter().position(|entry| entry.id == *id);
        place.map_or(OUT_OF_SCOPE, |place| &self.labels[place])
    }
}

impl Test {
    /// Reads a file with the columns `sentence` and `label`.
    pub fn read(path: &Path) -> Result<Self, EvaluationError> {
        let rows = two_columns::read(path, ["sentence", "label"])?;
        refuse_without_label(path, &rows)?;
        let mut notes = Vec::new();
        let mut seen: HashMap<&str, Vec<&str>> = HashMap::new();
        for row in &rows {
            seen.entry(row.message.trim()).or_default().push(&row.label);
        }
        let repeats = rows.len() - seen.len();
        note(&mut notes, repeats, "repeated: each counts");
        let mut torn: Vec<&str> =
            seen.into_iter().filter(|(_, labels)| labels.iter().any(|label| *label != labels[0])).map(|(text, _)| text).collect();
        torn.sort_unstable();
        note(&mut notes, torn.len(), &format!("under several labels, of which at most one can be right{}", examples(torn.into_iter())));
        if rows.iter().all(|row| row.label != OUT_OF_SCOPE) {
            notes.push("no message is out of scope: the figures do not say what becomes of questions that nobody foresaw".to_owned());
        }
        if rows.iter().all(|row| row.label == OUT_OF_SCOPE) {
            notes.push("no message is in scope: accuracy and resolved shares are 0 of 0".to_owned());
        }
        Ok(Self { rows, notes })
    }

    /// The messages, without their labels.
    pub fn messages(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.message.as_str()).collect()
    }

    /// The messages with what they should come to. A label that the training file does not have is in scope and answered by nothing; the note counts them.
    pub fn questions(&self, training: &Training) -> (Vec<Labelled>, Option<String>) {
        let ids: HashMap<&str, &EntryId> =
            training.labels.iter().map(String::as_str).zip(training.knowledge.entries.iter().map(|entry| &entry.id)).collect();
        let expected = |label: &str| match ids.get(label) {
            _ if label == OUT_OF_SCOPE => Expected::NotCovered,
            Some(id) => Expected::OneOf(vec![(*id).clone()]),
            None => Expected::Absent,
        };
        let questions: Vec<Labelled> =
            self.rows.iter().map(|row| Labelled { message: row.message.clone(), expected: expected(&row.label) }).collect();
        let unknown: BTreeSet<&str> =
            self.rows.iter().map(|row| row.label.as_str()).filter(|label| expected(label) == Expected::Absent).collect();
        let count = questions.iter().filter(|question| question.expected == Expected::Absent).count();
        let note = (count > 0).then(|| {
            let labels = counted(unknown.len(), "label");
            let named = examples(unknown.into_iter());
            format!("{} with {labels} that TRAIN does not have: in scope, and wrong if answered{named}", counted(count, "message"))
        });
        (questions, note)
    }

    /// The file that scoring scripts read: `sentence,label,predicted_node,predicted_node_score`, in the order of the test file, scores in full.
    pub fn write_predictions(&self, path: &Path, training: &Training, trials: &[Trial]) -> Result<(), EvaluationError> {
        let failed = |fault: csv::Error| EvaluationError::file(path, format!("it cannot be written ({fault})"));
        let mut writer = csv::Writer::from_path(path).map_err(failed)?;
        writer.write_record(["sentence", "label", "predicted_node", "predicted_node_score"]).map_err(failed)?;
        for (row, trial) in self.rows.iter().zip(trials) {
            let predicted = trial.proposal.entry.as_ref().map_or(OUT_OF_SCOPE, |entry| training.label(&entry.id));
            let score = trial.proposal.confidence.to_string();
            writer.write_record([&row.message, &row.label, predicted, &score]).map_err(failed)?;
        }
        writer.flush().map_err(|fault| failed(fault.into()))
    }
}

fn refuse_without_label(path: &Path, rows: &[Row]) -> Result<(), EvaluationError> {
    let mut found = Found::new(path);
    let without = rows.iter().filter(|row| row.label.is_empty());
    without
        .for_each(|row| found.at(row.line, format!("the label is empty; a message that nothing should answer is labelled {OUT_OF_SCOPE}")));
    found.or(())
}

/// An id for each label: its ASCII letters and digits in lower case, and a number where two labels would have the same.
fn ids(labels: &[String]) -> Vec<EntryId> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let id = |label: &String| {
        let mut slug = String::new();
        for letter in label.to_lowercase().chars().take(ID_LIMIT) {
            match letter {
                'a'..='z' | '0'..='9' | '_' => slug.push(letter),
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        let slug = match slug.trim_end_matches('-') {
            "" => "label",
            slug => slug,
        };
        let numbered = (2..).map(|number| format!("{slug}-{number}"));
        let free =
            std::iter::once(slug.to_owned()).chain(numbered).find(|id| !taken.contains(id)).expect("there are more numbers than labels");
        taken.insert(free.clone());
        EntryId::parse(&free).expect("it is made of the letters of an id")
    };
    labels.iter().map(id).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn note(notes: &mut Vec<String>, count: usize, what: &str) {
    if count > 0 {
        notes.push(format!("{} {what}", counted(count, "sentence")));
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn examples<'t>(texts: impl ExactSizeIterator<Item = &'t str>) -> String {
    let more = if texts.len() > EXAMPLES { ", \u{2026}" } else { "" };
    let named: Vec<String> = texts.take(EXAMPLES).map(|text| format!("'{}'", ellipsis(&one_line(text), 40))).collect();
    format!(" ({}{more})", named.join(", "))
}

//! A shop's own labelled questions: `question,entry`, with `none` where no entry answers.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::{EvaluationError, Found};
use super::trial::{Expected, Question};
use super::two_columns;
use crate::knowledge::{EntryId, Knowledge};
use crate::support::text::ellipsis;

/// The label of a question that no entry answers.
pub const NONE: &str = "none";
/// Parts entries that answer equally well.
const SEPARATOR: char = '|';

/// What a file of questions gives.
pub struct Questions {
    /// The questions in the order of the file.
    pub questions: Vec<Question>,
    /// What the reader should know of the file.
    pub notes: Vec<String>,
}

/// Reads the file. Each line with a fault is named, an entry that the knowledge base does not have among them.
pub fn read(path: &Path, knowledge: &Knowledge) -> Result<Questions, EvaluationError> {
    let ids: HashMap<&str, &EntryId> = knowledge.entries.iter().map(|entry| (entry.id.as_str(), &entry.id)).collect();
    let mut found = Found::new(path);
    let mut questions = Vec::new();
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in two_columns::read(path, ["question", "entry"])? {
        let message = row.message.trim().to_owned();
        if message.is_empty() {
            found.at(row.line, "the question is empty");
        } else if row.label.split(SEPARATOR).all(|label| label.trim().is_empty()) {
            found.at(row.line, format!("the entry is empty; a question that no entry answers is labelled `{NONE}`"));
        }
        labels.entry(message.clone()).or_default().push(row.label.clone());
        let expected = if row.label == NONE {
            Expected::NotCovered
        } else {
            let mut right = Vec::new();
            for label in row.label.split(SEPARATOR).map(str::trim).filter(|label| !label.is_empty()) {
                match ids.get(label) {
                    Some(id) => right.push((*id).clone()),
                    None => found.at(
                        row.line,
                        format!(
                            "the knowledge base has no entry '{}'; an id is `topic/slug` as `nightdesk ask` shows it, and `{NONE}` says that no entry answers",
                            ellipsis(label, 60)
                        ),
                    ),
                }
            }
            Expected::OneOf(right)
        };
        questions.push(Question { message, expected });
    }
    let questions = found.or(questions)?;
    let mut notes = Vec::new();
    let repeats = questions.len() - labels.len();
    if repeats > 0 {
        notes.push(format!("{repeats} of the questions are repeated; each counts"));
    }
    let torn: Vec<&String> =
        labels.iter().filter(|(_, labels)| labels.iter().any(|label| *label != labels[0])).map(|(message, _)| message).collect();
    if let Some(first) = torn.first() {
        let count = torn.len();
        notes.push(format!(
            "{count} of the questions have several labels, of which at most one can be right, such as '{}'",
            ellipsis(first, 60)
        ));
    }
    if questions.iter().all(|question| question.expected != Expected::NotCovered) {
        notes.push(format!(
            "no question is labelled `{NONE}`: the figures do not say what becomes of questions that nobody foresaw, which are the ones to fear"
        ));
    }
    Ok(Questions { questions, notes })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::knowledge::Entry;

    fn read_as_file(content: &str) -> Result<Questions, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.csv");
        std::fs::write(&path, content).unwrap();
        let entry = |id: &str| {
            Arc::new(Entry {
                id: EntryId::parse(id).unwrap(),
                topic: "t".into(),
                locale: "en".into(),
                updated: None,
                question: "Q?".into(),
                phrasings: vec![],
                answer: "A.".into(),
                file: "t.md".into(),
                line: 1,
            })
        };
        let prefix = format!("{}/", folder.path().display());
        read(&path, &Knowledge::of(vec![entry("t/a"), entry("t/b")])).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    #[test]
    fn labels_are_entries_or_none() {
        let found = read_as_file("question,entry\n how? ,t/a\n\"a, b\nor c\",t/b | t/a\nwho,none\n").unwrap();
        let id = |id: &str| EntryId::parse(id).unwrap();
        let question = |message: &str, expected| Question { message: message.into(), expected };
        assert_eq!(
            found.questions,
            [
                question("how?", Expected::OneOf(vec![id("t/a")])),
                question("a, b\nor c", Expected::OneOf(vec![id("t/b"), id("t/a")])),
                question("who", Expected::NotCovered)
            ]
        );
        assert_eq!(found.notes, Vec::<String>::new());
        let notes = read_as_file("question,entry\nhow,t/a\nhow,t/a\nwho,t/a\nwho,t/b\n").unwrap().notes;
        assert_eq!(notes.len(), 3, "{notes:?}");
        for (note, expected) in notes.iter().zip([
            "2 of the questions are repeated",
            "1 of the questions have several labels",
            "no question is labelled `none`",
        ]) {
            assert!(note.starts_with(expected), "{note}");
        }
    }

    #[test]
    fn faults_name_their_lines() {
        for (content, expected) in [
            ("question,entry\nhow,t/c\n", "q.csv:2: the knowledge base has no entry 't/c'"),
            ("question,entry\nhow,t/a | None\n", "q.csv:2: the knowledge base has no entry 'None'"),
            ("question,entry\nhow,t/a\n ,t/a\n", "q.csv:3: the question is empty"),
            ("question,entry\nhow,\n", "q.csv:2: the entry is empty"),
            ("question,entry\nhow, | \n", "q.csv:2: the entry is empty"),
            ("question,label\nhow,t/a\n", "q.csv: its first line must name the columns `question` and `entry`"),
        ] {
            let fault = read_as_file(content).err().unwrap();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }
}

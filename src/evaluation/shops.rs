//! Shops in folders: `knowledge.jsonl` and `questions.jsonl`, labelled messages with the entries that answer them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{EvaluationError, Found};
use super::texts::Texts;
use super::trial::{Expected, Labelled};
use crate::knowledge::{Entry, EntryId, HandoffRule, Knowledge, read_text};

const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// A shop that was read.
pub struct Shop {
    /// The folder's name.
    pub name: String,
    /// Its entries.
    pub knowledge: Knowledge,
    /// The messages that are asked: answerable ones, traps, and those that no entry covers.
    pub questions: Vec<Labelled>,
    /// How many others there are (smalltalk, wishes for a person, hostile ones), which the server treats before or beside the search.
    pub others: usize,
}

#[derive(Deserialize)]
struct EntryRow {
    id: String,
    topic: String,
    question: String,
    #[serde(default)]
    phrasings: Vec<String>,
    answer: Texts,
}

#[derive(Deserialize)]
struct MessageRow {
    message: String,
    kind: Kind,
    entry: Option<Texts>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Answerable,
    Trap,
    Unanswerable,
    Smalltalk,
    Human,
    Hostile,
}

impl Shop {
    /// Reads the two files of a folder. Every line with a fault is named.
    pub fn read(folder: &Path) -> Result<Self, EvaluationError> {
        let knowledge = read_knowledge(&folder.join("knowledge.jsonl"))?;
        let (questions, others) = read_questions(&folder.join("questions.jsonl"), &knowledge)?;
        let name = folder.canonicalize().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        Ok(Self { name: name.unwrap_or_else(|| folder.display().to_string()), knowledge, questions, others })
    }
}

fn read_knowledge(path: &Path) -> Result<Knowledge, EvaluationError> {
    let mut found = Found::new(path);
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    let mut lines: HashMap<EntryId, usize> = HashMap::new();
    for (line, row) in rows::<EntryRow>(path, &mut found)? {
        let phrasings = Texts::Many(row.phrasings.into_iter().map(Some).collect()).list();
        match EntryId::parse(&row.id) {
            None => found.at(line, format!("'{}' is no id: 1 to 120 lower-case letters, digits, `-`, `_` and `/`", row.id)),
            Some(_) if row.question.trim().is_empty() => found.at(line, "the question is empty"),
            Some(id) => match lines.get(&id) {
                Some(first) => found.at(line, format!("the id '{}' is taken by line {first}", row.id)),
                None => {
                    lines.insert(id.clone(), line);
                    entries.push(Arc::new(Entry {
                        id,
                        topic: row.topic,
                        locale: "en".to_owned(),
                        updated: None,
                        question: row.question.trim().to_owned(),
                        phrasings,
                        answer: row.answer.list().join(" "),
                        handoff: HandoffRule::Never,
                        file: "knowledge.jsonl".to_owned(),
                        line,
                    }));
                }
            },
        }
    }
    let entries = found.or(entries)?;
    if entries.is_empty() { Err(EvaluationError::file(path, "it holds no entry")) } else { Ok(Knowledge::of(entries)) }
}

fn read_questions(path: &Path, knowledge: &Knowledge) -> Result<(Vec<Labelled>, usize), EvaluationError> {
    let mut found = Found::new(path);
    let known: HashSet<&str> = knowledge.entries.iter().map(|entry| entry.id.as_str()).collect();
    let mut questions = Vec::new();
    let mut others = 0;
    for (line, row) in rows::<MessageRow>(path, &mut found)? {
        let ids = row.entry.map(|entry| entry.list()).unwrap_or_default();
        let expected = match row.kind {
            Kind::Smalltalk | Kind::Human | Kind::Hostile => {
                others += 1;
                continue;
            }
            Kind::Unanswerable if ids.is_empty() => Expected::NotCovered,
            Kind::Unanswerable => {
                found.at(line, "an unanswerable message names an entry");
                continue;
            }
            Kind::Answerable | Kind::Trap if ids.is_empty() => {
                found.at(line, "an answerable message names no entry");
                continue;
            }
            Kind::Answerable | Kind::Trap => {
                let unknown: Vec<&String> = ids.iter().filter(|id| !known.contains(id.as_str())).collect();
                unknown.iter().for_each(|id| found.at(line, format!("knowledge.jsonl has no entry '{id}'")));
                Expected::OneOf(ids.iter().filter_map(|id| EntryId::parse(id)).collect())
            }
        };
        questions.push(Labelled { message: row.message, expected });
    }
    let questions = found.or(questions)?;
    if questions.is_empty() { Err(EvaluationError::file(path, "it holds no message to ask")) } else { Ok((questions, others)) }
}

/// The objects of a JSONL file with their lines.
pub(super) fn rows<R: DeserializeOwned>(path: &Path, found: &mut Found<'_>) -> Result<Vec<(usize, R)>, EvaluationError> {
    let text = read_text(path, FILE_LIMIT)
        .map_err(|(line, sentence)| EvaluationError::file(path, if line > 0 { format!("line {line}: {sentence}") } else { sentence }))?;
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(row) => rows.push((index + 1, row)),
            Err(fault) => found.at(index + 1, format!("it is not a row of this file ({fault})")),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"id": "a", "topic": "t", "question": " How? ", "phrasings": ["Why?", " "], "answer": ["So.", "And so."]}"#;

    fn read(knowledge: &str, questions: &str) -> Result<Shop, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("knowledge.jsonl"), knowledge).unwrap();
        std::fs::write(folder.path().join("questions.jsonl"), questions).unwrap();
        let prefix = format!("{}/", folder.path().canonicalize().unwrap().display());
        Shop::read(folder.path()).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    #[test]
    fn messages_of_the_search_are_asked_and_others_counted() {
        let questions = [
            r#"{"message": "how", "kind": "answerable", "entry": "a", "say": [0]}"#,
            r#"{"message": "how not", "kind": "trap", "entry": ["a", "a"]}"#,
            r#"{"message": "who", "kind": "unanswerable", "entry": null}"#,
            r#"{"message": "hello", "kind": "smalltalk", "entry": null}"#,
            "",
        ];
        let shop = read(&format!("{ENTRY}\n"), &questions.join("\n")).unwrap();
        let entry = &shop.knowledge.entries[0];
        assert_eq!((entry.question.as_str(), entry.phrasings.len(), entry.answer.as_str()), ("How?", 1, "So. And so."));
        let id = || entry.id.clone();
        let expected: Vec<Expected> = shop.questions.iter().map(|question| question.expected.clone()).collect();
        assert_eq!(expected, [Expected::OneOf(vec![id()]), Expected::OneOf(vec![id(), id()]), Expected::NotCovered]);
        assert_eq!(shop.others, 1);
    }

    #[test]
    fn faults_name_their_lines() {
        let one = r#"{"message": "how", "kind": "answerable", "entry": "a"}"#;
        for (knowledge, questions, expected) in [
            ("", one, "knowledge.jsonl: it holds no entry"),
            ("{}", one, "knowledge.jsonl:1: it is not a row of this file (missing field `id`"),
            (&ENTRY.replace("\"a\"", "\"A b\""), one, "knowledge.jsonl:1: 'A b' is no id"),
            (&format!("{ENTRY}\n\n{ENTRY}"), one, "knowledge.jsonl:3: the id 'a' is taken by line 1"),
            (&ENTRY.replace(" How? ", " "), one, "knowledge.jsonl:1: the question is empty"),
            (ENTRY, "\n", "questions.jsonl: it holds no message to ask"),
            (ENTRY, &one.replace("\"a\"", "\"b\""), "questions.jsonl:1: knowledge.jsonl has no entry 'b'"),
            (ENTRY, &one.replace("\"a\"", "null"), "questions.jsonl:1: an answerable message names no entry"),
            (ENTRY, &one.replace("answerable", "unanswerable"), "questions.jsonl:1: an unanswerable message names an entry"),
            (ENTRY, &one.replace("answerable", "odd"), "questions.jsonl:1: it is not a row of this file (unknown variant `odd`"),
        ] {
            let fault = read(knowledge, questions).err().unwrap();
            let fault = fault.rsplit_once("/questions").map_or(fault.clone(), |(_, rest)| format!("questions{rest}"));
            let fault = fault.rsplit_once("/knowledge").map_or(fault.clone(), |(_, rest)| format!("knowledge{rest}"));
            assert!(fault.starts_with(expected), "{fault}");
        }
    }
}

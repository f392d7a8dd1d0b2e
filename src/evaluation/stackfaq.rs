//! StackFAQ (Karan and Šnajder 2018): threads of questions with answers, and how other people would have asked.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::error::EvaluationError;
use super::texts::Texts;
use super::trial::{Expected, Labelled};
use crate::knowledge::{Entry, EntryId, HandoffRule, Knowledge, read_text};

const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// The threads as a knowledge base, and the rephrasings as messages.
pub struct StackFaq {
    /// An entry a thread: its question, and its answers one after the other. No rephrasing is in it.
    pub knowledge: Knowledge,
    /// The rephrasings.
    pub questions: Vec<Labelled>,
    /// How many answers the threads have.
    pub answers: usize,
}

#[derive(Deserialize)]
struct File {
    root: Root,
}

#[derive(Deserialize)]
struct Root {
    qapair: Vec<Thread>,
}

#[derive(Deserialize)]
struct Thread {
    rephr: Texts,
    question: String,
    answer: Texts,
}

impl StackFaq {
    /// Reads `stackExchange-FAQ.json`.
    pub fn read(path: &Path) -> Result<Self, EvaluationError> {
        let refuse = |sentence: String| EvaluationError::file(path, sentence);
        let text = read_text(path, FILE_LIMIT)
            .map_err(|(line, sentence)| refuse(if line > 0 { format!("line {line}: {sentence}") } else { sentence }))?;
        let file: File = serde_json::from_str(&text)
            .map_err(|fault| refuse(format!("it is not stackExchange-FAQ.json, an object {{\"root\": {{\"qapair\": [..]}}}} ({fault})")))?;
        let (mut entries, mut questions, mut answers) = (Vec::new(), Vec::new(), 0);
        for (index, thread) in file.root.qapair.into_iter().enumerate() {
            if thread.question.trim().is_empty() {
                return Err(refuse(format!("thread {} has no question", index + 1)));
            }
            let id = EntryId::parse(&format!("thread-{}", index + 1)).expect("it is made of the letters of an id");
            // A star parts the rephrasings of two groups of people.
            let asked = thread.rephr.list().into_iter().filter(|text| text != "*");
            questions.extend(asked.map(|message| Labelled { message, expected: Expected::OneOf(vec![id.clone()]) }));
            let own = thread.answer.list();
            answers += own.len();
            entries.push(Arc::new(Entry {
                id,
                topic: "stackfaq".to_owned(),
                locale: "en".to_owned(),
                updated: None,
                question: thread.question.trim().to_owned(),
                phrasings: Vec::new(),
                answer: own.join("\n\n"),
                handoff: HandoffRule::Never,
                file: "stackExchange-FAQ.json".to_owned(),
                line: 1,
            }));
        }
        if questions.is_empty() {
            return Err(refuse("it holds no rephrasing to ask".to_owned()));
        }
        Ok(Self { knowledge: Knowledge::of(entries), questions, answers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<StackFaq, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, content).unwrap();
        StackFaq::read(&path).map_err(|fault| fault.to_string())
    }

    #[test]
    fn threads_are_entries_and_rephrasings_messages() {
        let found = read(
            r#"{"root": {"qapair": [
                {"rephr": ["how", "*", null, "why "], "question": " How? ", "answer": ["So.", "Or so."]},
                {"rephr": "when", "question": "When?", "answer": "Now."}]}}"#,
        )
        .unwrap();
        let entries: Vec<_> = found.knowledge.entries.iter().map(|entry| (entry.id.as_str(), entry.answer.as_str())).collect();
        assert_eq!(entries, [("thread-1", "So.\n\nOr so."), ("thread-2", "Now.")]);
        let messages: Vec<_> = found.questions.iter().map(|question| question.message.as_str()).collect();
        assert_eq!((messages, found.answers), (vec!["how", "why", "when"], 3));
    }

    #[test]
    fn other_files_say_so() {
        for (content, expected) in [
            ("[]", "it is not stackExchange-FAQ.json"),
            ("{", "it is not stackExchange-FAQ.json"),
            (r#"{"root": {"qapair": []}}"#, "no rephrasing"),
            (r#"{"root": {"qapair": [{"rephr": ["a"], "question": " ", "answer": "b"}]}}"#, "thread 1 has no question"),
        ] {
            let fault = read(content).err().unwrap();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}

//! A shop's labelled questions: `question,entry`, with `none` for what nothing covers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attempt::{Attempt, embed_all};
use crate::knowledge::{Entry, EntryId, Knowledge};
use crate::retrieval::{RetrievalError, Retriever};

/// The label of a question that no entry answers.
pub const NOT_COVERED: &str = "none";
/// The first line of the file.
const HEADER: [&str; 2] = ["question", "entry"];
/// A file above this size is no list that somebody labelled.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;
/// More faults than these are counted, not printed.
const SHOWN: usize = 10;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What a shopper wrote.
    pub text: String,
    /// The entry that answers it; `None` where none does.
    pub entry: Option<EntryId>,
    /// Its line in the file, from 1.
    pub line: usize,
}

/// Why a file of labelled questions was not read. Every fault names its line.
#[derive(Debug, thiserror::Error)]
pub enum QuestionsError {
    /// The operating system refused.
    #[error("the labelled questions {} cannot be read ({source}): check the path and that this user may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}{}: {sentence}", path.display(), if *line == 0 { String::new() } else { format!(":{line}") })]
    Shape {
        /// The file.
        path: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong, and the remedy.
        sentence: String,
    },
    /// Lines that cannot be used, all of them.
    #[error("{}: {}", path.display(), first_of(faults))]
    Lines {
        /// The file.
        path: PathBuf,
        /// Line and sentence of each.
        faults: Vec<(usize, String)>,
    },
}

/// Reads the file and checks it against the entries. Either all of it is right, or every fault is named.
pub fn read(path: &Path, knowledge: &Knowledge) -> Result<Vec<Question>, QuestionsError> {
    let unreadable = |source| QuestionsError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_LIMIT {
        return Err(shape(path, 0, format!("the file is larger than {} MB: take a sample", FILE_LIMIT / 1024 / 1024)));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|fault| {
        let valid = fault.utf8_error().valid_up_to();
        let line = fault.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        shape(path, line, "this line is not UTF-8: save the file with the encoding UTF-8".to_owned())
    })?;
    parse(path, &text, knowledge)
}

/// The same from a text that was read already; `path` names it in faults.
pub fn parse(path: &Path, text: &str, knowledge: &Knowledge) -> Result<Vec<Question>, QuestionsError> {
    // Spreadsheets put a mark of three bytes before UTF-8.
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = rows.headers().map_err(|fault| shape(path, line_of(text, fault.position()), fault.to_string()))?.clone();
    if text.trim().is_empty() {
        return Err(shape(path, 0, "the file is empty: its first line is `question,entry`, then one labelled question a line".to_owned()));
    }
    if !header.iter().map(str::to_ascii_lowercase).eq(HEADER) {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(shape(path, 1, format!("the header is `{found}` and must be `question,entry`")));
    }
    let (mut questions, mut faults) = (Vec::new(), Vec::new());
    for row in rows.records() {
        let row = row.map_err(|fault| shape(path, line_of(text, fault.position()), fault.to_string()))?;
        if row.iter().all(str::is_empty) {
            continue;
        }
        let line = line_of(text, row.position());
        match question(&row, line, knowledge) {
            Ok(question) => questions.push(question),
            Err(sentence) => faults.push((line, sentence)),
        }
    }
    if !faults.is_empty() {
        return Err(QuestionsError::Lines { path: path.to_owned(), faults });
    }
    if questions.is_empty() {
        return Err(shape(
            path,
            0,
            "the file holds no question below its header: add one a line, like `do you ship abroad,delivery/countries`".to_owned(),
        ));
    }
    Ok(questions)
}

/// Asks all of them, as shoppers would; `progress` is told how many are done.
pub fn ask(retriever: &Retriever, questions: &[Question], progress: &dyn Fn(usize)) -> Result<Vec<Attempt>, RetrievalError> {
    let (frozen, memory) = retriever.frozen();
    let texts: Vec<&str> = questions.iter().map(|question| question.text.as_str()).collect();
    embed_all(memory.as_ref(), &texts, progress)?;
    questions.iter().map(|question| Attempt::search(&frozen, &question.text, question.entry.clone())).collect()
}

fn question(row: &csv::StringRecord, line: usize, knowledge: &Knowledge) -> Result<Question, String> {
    if row.len() != HEADER.len() {
        return Err(format!("the line has {} fields and must have 2: put a question with a comma in it into double quotes", row.len()));
    }
    let (text, label) = (&row[0], &row[1]);
    if !text.chars().any(char::is_alphanumeric) {
        return Err("the question is empty: write what a shopper would, or remove the line".to_owned());
    }
    if label == NOT_COVERED {
        return Ok(Question { text: text.to_owned(), entry: None, line });
    }
    if label.is_empty() {
        return Err("the entry is empty: give its id, or `none` for a question that nothing covers".to_owned());
    }
    match knowledge.entries.iter().find(|entry| entry.id.as_str() == label) {
        Some(entry) => Ok(Question { text: text.to_owned(), entry: Some(entry.id.clone()), line }),
        None => Err(format!("there is no entry `{label}`{}", nearest(label, knowledge))),
    }
}

/// The id that was probably meant: one with the same last part.
fn nearest(label: &str, knowledge: &Knowledge) -> String {
    let last = |id: &str| id.rsplit('/').next().unwrap_or(id).to_owned();
    let alike = |entry: &&Arc<Entry>| last(entry.id.as_str()) == last(label);
    match knowledge.entries.iter().find(alike) {
        Some(entry) => format!("; is `{}` meant?", entry.id.as_str()),
        None => "; `nightdesk ask --json` shows the ids of what it finds, and `none` stands for what nothing covers".to_owned(),
    }
}

/// The line on which a row begins. The reader's own count stands before the empty lines and the rest of a line's end that it skips.
fn line_of(text: &str, position: Option<&csv::Position>) -> usize {
    let Some(before) = position.and_then(|position| usize::try_from(position.byte()).ok()) else { return 0 };
    let bytes = text.as_bytes();
    let skipped = bytes.iter().skip(before).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.iter().take(before + skipped).filter(|byte| **byte == b'\n').count() + 1
}

fn shape(path: &Path, line: usize, sentence: String) -> QuestionsError {
    QuestionsError::Shape { path: path.to_owned(), line, sentence }
}

fn first_of(faults: &[(usize, String)]) -> String {
    let shown: Vec<String> = faults.iter().take(SHOWN).map(|(line, sentence)| format!("line {line}: {sentence}")).collect();
    let more = faults.len().saturating_sub(SHOWN);
    if more == 0 { shown.join("; ") } else { format!("{}; and {more} more", shown.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::HandoffRule;

    fn knowledge(ids: &[&str]) -> Knowledge {
        let entry = |id: &&str| {
            Arc::new(Entry {
                id: EntryId::parse(id).unwrap(),
                topic: "t".into(),
                locale: "en".into(),
                updated: None,
                question: "Q?".into(),
                phrasings: Vec::new(),
                answer: "A.".into(),
                handoff: HandoffRule::Never,
                file: "t.md".into(),
                line: 1,
            })
        };
        Knowledge { entries: ids.iter().map(entry).collect(), hash: String::new() }
    }

    fn parsed(text: &str) -> Result<Vec<Question>, String> {
        let found = parse(Path::new("kb/questions.csv"), text, &knowledge(&["delivery/time", "returns/how"]));
        found.map_err(|fault| fault.to_string())
    }

    #[test]
    fn lines_become_questions() {
        let found = parsed(
            "\u{feff}Question, Entry\r\nhow long?,delivery/time\r\n\r\n\"a, \"\"b\"\"\nand c\",none\n\u{600e}\u{4e48}\u{9000}\u{8d27} , returns/how",
        )
        .unwrap();
        let shown: Vec<_> = found.iter().map(|q| (q.text.as_str(), q.entry.as_ref().map(EntryId::as_str), q.line)).collect();
        assert_eq!(
            shown,
            [
                ("how long?", Some("delivery/time"), 2),
                ("a, \"b\"\nand c", None, 4),
                ("\u{600e}\u{4e48}\u{9000}\u{8d27}", Some("returns/how"), 6)
            ]
        );
    }

    #[test]
    fn faults_name_their_line() {
        for (text, said) in [
            ("", &["the file is empty", "kb/questions.csv: "][..]),
            ("\u{feff} \n", &["the file is empty"]),
            ("question,entry\n", &["holds no question"]),
            ("sentence,label\nx,none", &["kb/questions.csv:1", "`sentence,label`", "must be `question,entry`"]),
            ("question,entry\nx,delivery/tim", &["line 2", "no entry `delivery/tim`"]),
            ("question,entry\nx,shipping/time", &["line 2", "is `delivery/time` meant?"]),
            ("question,entry\nx,none\n ?! ,none\ny,", &["line 3: the question is empty", "line 4: the entry is empty"]),
            ("question,entry\none, two,none", &["line 2", "3 fields", "double quotes"]),
            ("question,entry\nalone", &["line 2", "1 fields"]),
        ] {
            let fault = parsed(text).unwrap_err();
            for part in said {
                assert!(fault.contains(part), "{text:?} gave {fault:?} without {part:?}");
            }
        }
        let many = format!("question,entry\n{}", "x,nowhere\n".repeat(12));
        assert!(parsed(&many).unwrap_err().ends_with("and 2 more"));
    }

    #[test]
    fn files_that_cannot_be_read_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("questions.csv");
        let fault = |path: &Path| read(path, &knowledge(&["a"])).unwrap_err().to_string();
        assert!(fault(&path).contains("cannot be read"));
        assert!(fault(folder.path()).contains("cannot be read"));
        fs::write(&path, b"question,entry\nx,a\n\xff,none\n").unwrap();
        assert!(fault(&path).contains("questions.csv:3: this line is not UTF-8"));
        fs::write(&path, b"question,entry\nx,a\n").unwrap();
        assert_eq!(read(&path, &knowledge(&["a"])).unwrap().len(), 1);
    }
}

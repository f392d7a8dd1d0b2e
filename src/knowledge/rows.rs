//! Rows of a CSV, JSONL or JSON file that is imported.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::{Fault, Faults, KnowledgeError};
use super::sheet::{Lines, open_quote, separator};
use super::{front_matter, load, words};

/// The columns we know; others are ignored with a note.
const COLUMNS: [&str; 6] = ["id", "question", "answer", "phrasings", "topic", "locale"];

/// Parts phrasings in a text field.
const SEPARATOR: &str = " | ";

/// Topic of a row that names none.
const DEFAULT_TOPIC: &str = "general";

const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// One entry to be, in the form in which it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Counted from 1, without the header.
    pub(super) number: usize,
    /// Its line in the file; 0 where that is not known.
    pub(super) line: usize,
    pub(super) id: Option<String>,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) phrasings: Vec<String>,
    pub(super) topic: String,
    pub(super) locale: String,
}

/// A file's rows, and the columns that were ignored.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) ignored: BTreeSet<String>,
}

/// Reads the file by its ending. Every row with a fault is named.
pub(super) fn read(path: &Path, locale: &str) -> Result<Rows, KnowledgeError> {
    let refuse = |sentence: String| KnowledgeError::Import { path: path.to_owned(), sentence };
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let mut reader = Reader {
        file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        locale: locale.to_owned(),
        rows: Rows::default(),
        faults: Vec::new(),
    };
    if !front_matter::is_locale(locale) {
        return Err(refuse(format!("'{locale}' is no locale: write it like `en`, `zh` or `pt-BR`")));
    }
    if !["csv", "jsonl", "ndjson", "json"].contains(&ending.as_str()) {
        return Err(refuse("its name must end with .csv, .jsonl or .json".to_owned()));
    }
    let text = load::read_text(path, FILE_LIMIT)
        .map_err(|(line, sentence)| refuse(if line > 0 { format!("line {line}: {sentence}") } else { sentence }))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match ending.as_str() {
        "csv" => reader.csv(text).map_err(refuse)?,
        "json" => reader.array(text).map_err(refuse)?,
        _ => reader.lines(text),
    }
    if !reader.faults.is_empty() {
        return Err(KnowledgeError::Faults(Faults(reader.faults)));
    }
    if reader.rows.rows.is_empty() {
        return Err(refuse("it holds no row".to_owned()));
    }
    Ok(reader.rows)
}

struct Reader {
    file: String,
    locale: String,
    rows: Rows,
    faults: Vec<Fault>,
}

/// A row's fields before anything is checked; an absent one is empty.
#[derive(Default)]
struct Fields {
    id: String,
    question: String,
    answer: String,
    phrasings: Vec<String>,
    topic: String,
    locale: String,
}

impl Reader {
    fn csv(&mut self, text: &str) -> Result<(), String> {
        let mut reader = csv::ReaderBuilder::new().delimiter(separator(text)).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| format!("its first line is not understood ({error})"))?.clone();
        let names: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        for needed in ["question", "answer"] {
            if !names.iter().any(|name| name == needed) {
                return Err(format!("its first line must name the columns, and none is called '{needed}'"));
            }
        }
        if let Some(twice) = COLUMNS.iter().find(|known| names.iter().filter(|name| name == *known).count() > 1) {
            return Err(format!("its first line names the column '{twice}' twice"));
        }
        self.rows.ignored.extend(names.iter().filter(|name| !name.is_empty() && !COLUMNS.contains(&name.as_str())).cloned());
        let lines = Lines::new(text);
        let mut many_lines = false;
        for (index, record) in reader.records().enumerate() {
            let number = index + 1;
            match record {
                Ok(record) => {
                    many_lines = record.iter().any(|field| field.contains('\n'));
                    let line = lines.at(record.position());
                    let field = |name: &str| names.iter().position(|known| known == name).and_then(|at| record.get(at)).unwrap_or_default();
                    if !record.iter().all(|field| field.trim().is_empty()) {
                        self.row(
                            (number, line),
                            Fields {
                                id: field("id").to_owned(),
                                question: field("question").to_owned(),
                                answer: field("answer").to_owned(),
                                phrasings: field("phrasings").split(SEPARATOR).map(str::to_owned).collect(),
                                topic: field("topic").to_owned(),
                                locale: field("locale").to_owned(),
                            },
                        );
                    }
                }
                Err(error) => {
                    let line = lines.at(error.position());
                    let sentence = match error.kind() {
                        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                            format!(
                                "has {len} fields where the first line has {expected_len}: put a field that holds the separator or a line end in quotes"
                            )
                        }
                        _ => error.to_string(),
                    };
                    self.fault((number, line), &sentence);
                }
            }
        }
        if many_lines { open_quote(text) } else { Ok(()) }
    }

    fn lines(&mut self, text: &str) {
        for (index, (line, text)) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()).enumerate() {
            match serde_json::from_str::<Value>(text) {
                Ok(value) => self.value((index + 1, line + 1), value),
                Err(error) => self.fault((index + 1, line + 1), &format!("is not JSON ({error})")),
            }
        }
    }

    fn array(&mut self, text: &str) -> Result<(), String> {
        let values: Vec<Value> = serde_json::from_str(text).map_err(|error| format!("it is not a JSON list of objects ({error})"))?;
        for (index, value) in values.into_iter().enumerate() {
            self.value((index + 1, 0), value);
        }
        Ok(())
    }

    fn value(&mut self, place: (usize, usize), value: Value) {
        let Value::Object(object) = value else {
            return self.fault(place, "is not a JSON object with the keys question and answer");
        };
        self.rows.ignored.extend(object.keys().filter(|key| !COLUMNS.contains(&key.as_str())).cloned());
        match fields(&object) {
            Ok(fields) => self.row(place, fields),
            Err(sentence) => self.fault(place, &sentence),
        }
    }

    fn row(&mut self, place: (usize, usize), fields: Fields) {
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        let question = words::one_line(&fields.question);
        let mut phrasings: Vec<String> = Vec::new();
        for phrasing in fields.phrasings.iter().map(|phrasing| words::one_line(phrasing)) {
            if !phrasing.is_empty() && phrasing != question && !phrasings.contains(&phrasing) {
                phrasings.push(phrasing);
            }
        }
        let id = words::one_line(&fields.id);
        let row = Row {
            number: place.0,
            line: place.1,
            id: (!id.is_empty()).then_some(id),
            question,
            answer: words::paragraphs(&fields.answer),
            phrasings,
            topic: or(words::one_line(&fields.topic), DEFAULT_TOPIC),
            locale: or(words::one_line(&fields.locale), &self.locale),
        };
        if row.question.is_empty() {
            self.fault(place, "the question is empty");
        } else if row.answer.is_empty() {
            self.fault(place, "the answer is empty");
        } else if !front_matter::is_locale(&row.locale) {
            self.fault(place, &format!("'{}' is no locale: write it like `en`, `zh` or `pt-BR`", row.locale));
        } else {
            self.rows.rows.push(row);
        }
    }

    fn fault(&mut self, (number, line): (usize, usize), sentence: &str) {
        self.faults.push(Fault::new(&self.file, line, format!("row {number}: {sentence}")));
    }
}

fn fields(object: &Map<String, Value>) -> Result<Fields, String> {
    Ok(Fields {
        id: text(object, "id")?,
        question: text(object, "question")?,
        answer: texts(object, "answer")?.join(" "),
        phrasings: match object.get("phrasings") {
            Some(Value::String(joined)) => joined.split(SEPARATOR).map(str::to_owned).collect(),
            _ => texts(object, "phrasings")?,
        },
        topic: text(object, "topic")?,
        locale: text(object, "locale")?,
    })
}

fn text(object: &Map<String, Value>, key: &str) -> Result<String, String> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(format!("'{key}' must be a text")),
    }
}

fn texts(object: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("'{key}' must be a text or a list of texts");
    match object.get(key) {
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect(),
        _ => text(object, key).map(|text| vec![text]).map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, content: &str) -> Result<Rows, KnowledgeError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        read(&folder.path().join(name), "en")
    }

    #[test]
    fn csv_has_quotes_line_ends_and_a_byte_order_mark() {
        let text = "\u{feff}Question,answer,phrasings,topic,id,Owner\r\n\"Does it cost \"\"much\"\"?\",\"No, it\ndoes not.\n\nReally.\",a | b | a | ,delivery,7,Ana\r\n,,,,,\r\nQ?,A,,,,\r\n";
        let rows = of("a.csv", text).unwrap();
        assert_eq!(rows.ignored.into_iter().collect::<Vec<_>>(), ["owner"]);
        let [first, second] = rows.rows.as_slice() else { panic!("{:?}", rows.rows) };
        assert_eq!(first.question, "Does it cost \"much\"?");
        assert_eq!(first.answer, "No, it\ndoes not.\n\nReally.");
        assert_eq!((first.phrasings.as_slice(), first.id.as_deref()), (["a".to_owned(), "b".to_owned()].as_slice(), Some("7")));
        assert_eq!((second.number, second.line, second.topic.as_str(), second.locale.as_str()), (3, 7, "general", "en"));
    }

    #[test]
    fn other_separators_are_recognised() {
        for text in ["question;answer\nQ, then?;A\n", "question\tanswer\nQ, then?\tA\n"] {
            assert_eq!(of("a.csv", text).unwrap().rows[0].question, "Q, then?");
        }
    }

    #[test]
    fn json_takes_texts_and_lists() {
        let line =
            r#"{"id": 3, "question": "Q?", "answer": ["One.", "Two."], "phrasings": ["a | b", "c"], "needs": {"1": [0]}, "topic": null}"#;
        let other = r#"{"question": "R?", "answer": "One.\n\nTwo.", "phrasings": "a | b", "locale": "zh"}"#;
        for (name, text) in [
            ("a.jsonl", format!("{line}\n\n{other}\n")),
            ("a.NDJSON", format!("{line}\r\n{other}")),
            ("a.json", format!("[{line},\n{other}]")),
        ] {
            let rows = of(name, &text).unwrap();
            assert_eq!(rows.ignored.iter().collect::<Vec<_>>(), ["needs"]);
            assert_eq!(rows.rows[0].answer, "One. Two.");
            assert_eq!(rows.rows[0].phrasings, ["a | b", "c"]);
            assert_eq!(
                (rows.rows[1].answer.as_str(), rows.rows[1].phrasings.len(), rows.rows[1].locale.as_str()),
                ("One.\n\nTwo.", 2, "zh")
            );
        }
    }

    #[test]
    fn faults_name_the_row() {
        for (name, text, expected) in [
            ("a.csv", "question,answer\nQ?,A\n,A\n", "a.csv:3: row 2: the question is empty"),
            ("a.csv", "question,answer\nQ?, \n", "a.csv:2: row 1: the answer is empty"),
            ("a.csv", "question,answer\nQ?,A,B\n", "a.csv:2: row 1: has 3 fields where the first line has 2"),
            ("a.csv", "question,answer\nQ?,\"A\nR?,B\n", "a quote is opened and not closed"),
            ("a.csv", "question,reply\nQ?,A\n", "none is called 'answer'"),
            ("a.csv", "question,answer,Question\nQ?,A,B\n", "the column 'question' twice"),
            ("a.csv", "question,answer\n", "holds no row"),
            ("a.csv", "question,answer,locale\nQ?,A,../x\n", "a.csv:2: row 1: '../x' is no locale"),
            ("a.jsonl", "{\"question\": \"Q?\", \"answer\": \"A\"}\n{\n", "a.jsonl:2: row 2: is not JSON"),
            ("a.jsonl", "[]\n", "a.jsonl:1: row 1: is not a JSON object"),
            ("a.jsonl", "{\"question\": \"Q?\", \"answer\": [1]}", "row 1: 'answer' must be a text or a list of texts"),
            ("a.json", "{}", "not a JSON list"),
            ("a.xlsx", "", "must end with .csv, .jsonl or .json"),
        ] {
            let error = of(name, text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}

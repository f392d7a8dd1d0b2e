//! CSV files of which two columns count: a message and its label.

use std::path::Path;

use super::error::{EvaluationError, Found};
use crate::knowledge::read_text;
use crate::knowledge::sheet::{Lines, open_quote, separator};
use crate::support::text::ellipsis;

const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Its line in the file.
    pub line: usize,
    /// The message as it stands there.
    pub message: String,
    /// The label without blanks around it.
    pub label: String,
}

/// The rows of a file whose first line names these two columns; others are not looked at. A row of blanks is none.
pub(super) fn read(path: &Path, columns: [&str; 2]) -> Result<Vec<Row>, EvaluationError> {
    let refuse = |sentence: String| EvaluationError::file(path, sentence);
    let text = read_text(path, FILE_LIMIT)
        .map_err(|(line, sentence)| refuse(if line > 0 { format!("line {line}: {sentence}") } else { sentence }))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let [message, label] = columns;
    if text.trim().is_empty() {
        return Err(refuse(format!("it is empty; its first line must be `{message},{label}`, and each line below it a message")));
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(separator(text)).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|fault| refuse(format!("its first line is not understood ({fault})")))?.clone();
    let place = |column: &str| {
        let mut places = (0..header.len()).filter(|at| header[*at].trim().eq_ignore_ascii_case(column));
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (Some(_), Some(_)) => Err(refuse(format!("its first line names the column '{column}' twice"))),
            (None, _) => {
                let found = ellipsis(text.lines().next().unwrap_or_default(), 80);
                Err(refuse(format!(
                    "its first line must name the columns `{message}` and `{label}`, and none is called '{column}'; it is `{found}`"
                )))
            }
        }
    };
    let (message, label) = (place(message)?, place(label)?);
    let lines = Lines::new(text);
    let mut found = Found::new(path);
    let mut rows = Vec::new();
    let mut last = 0;
    for record in reader.records() {
        match record {
            Ok(record) => {
                last = lines.at(record.position());
                let row = Row { line: last, message: record[message].to_owned(), label: record[label].trim().to_owned() };
                if !(row.message.trim().is_empty() && row.label.is_empty()) {
                    rows.push(row);
                }
            }
            Err(fault) => {
                let sentence = match fault.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("has {len} fields where the first line has {expected_len}: put a text that holds the separator in quotes")
                    }
                    _ => fault.to_string(),
                };
                last = lines.at(fault.position());
                found.at(last, sentence);
            }
        }
    }
    if last < text.trim_end().lines().count() {
        open_quote(text).map_err(refuse)?;
    }
    let rows = found.or(rows)?;
    if rows.is_empty() { Err(refuse("it holds no message below its first line".to_owned())) } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as_file(content: &[u8]) -> Result<Vec<Row>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, content).unwrap();
        let prefix = format!("{}/", folder.path().display());
        read(&path, ["sentence", "label"]).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    #[test]
    fn rows_have_their_lines() {
        let row = |line, message: &str, label: &str| Row { line, message: message.into(), label: label.into() };
        let check = |content: &str, expected: &[Row]| assert_eq!(read_as_file(content.as_bytes()).unwrap(), expected, "{content:?}");
        check("sentence,label\nhi,A\n\n , \nbye, B \n", &[row(2, "hi", "A"), row(5, "bye", "B")]);
        check("\u{feff}Label;n;Sentence\r\nA;1;hi\r\n", &[row(2, "hi", "A")]);
        check("sentence,label\n\"two\nlines, \"\"quoted\"\"\",A\nnext,B\n", &[row(2, "two\nlines, \"quoted\"", "A"), row(4, "next", "B")]);
        check("sentence,label\n,A\n13\" tyre,B\n", &[row(2, "", "A"), row(3, "13\" tyre", "B")]);
    }

    #[test]
    fn unusable_files_say_why() {
        for (content, expected) in [
            (&b""[..], "a.csv: it is empty; its first line must be `sentence,label`"),
            (b" \n\n", "a.csv: it is empty"),
            (b"sentence,label\n", "a.csv: it holds no message below its first line"),
            (
                b"text,label\na,b\n",
                "a.csv: its first line must name the columns `sentence` and `label`, and none is called 'sentence'; it is `text,label`",
            ),
            (b"sentence,label,label\na,b,c\n", "a.csv: its first line names the column 'label' twice"),
            (b"sentence,label\na,b\nc,d,e\n", "a.csv:3: has 3 fields where the first line has 2"),
            (b"sentence,label\na,b\n\"c,d\ne,f\n", "a.csv: a quote is opened and not closed"),
            (b"sentence,label\na,\xff\n", "a.csv: line 2: this line is not UTF-8"),
        ] {
            let fault = read_as_file(content).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
        let missing = read(Path::new("/nowhere.csv"), ["a", "b"]).unwrap_err().to_string();
        assert!(missing.starts_with("/nowhere.csv: the file cannot be read"), "{missing}");
    }
}

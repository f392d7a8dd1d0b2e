//! From a shop's labelled questions to messages that are tried.

use std::collections::BTreeMap;

use super::questions::{NOT_COVERED, Question};
use super::trial::{Expected, Labelled};
use crate::support::text::ellipsis;

/// The questions with what each should come to, in the order of the file.
pub fn labelled(questions: &[Question]) -> Vec<Labelled> {
    let expected = |question: &Question| question.entry.clone().map_or(Expected::NotCovered, |entry| Expected::OneOf(vec![entry]));
    questions.iter().map(|question| Labelled { message: question.text.clone(), expected: expected(question) }).collect()
}

/// What the reader of the figures should know of the file.
pub fn notes(questions: &[Question]) -> Vec<String> {
    let mut same: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        same.entry(&question.text).or_default().push(question);
    }
    let mut notes = Vec::new();
    let repeats = questions.len() - same.len();
    if repeats > 0 {
        notes.push(format!("{repeats} of the questions are repeated; each counts"));
    }
    let torn: Vec<&Question> =
        same.values().filter(|same| same.iter().any(|other| other.entry != same[0].entry)).map(|same| same[0]).collect();
    if let Some(first) = torn.first() {
        let (count, example) = (torn.len(), ellipsis(&first.text, 60));
        notes.push(format!(
            "{count} of the questions have several labels, of which at most one can be right, such as '{example}' (line {})",
            first.line
        ));
    }
    if questions.iter().all(|question| question.entry.is_some()) {
        notes.push(format!(
            "no question is labelled `{NOT_COVERED}`: the figures do not say what becomes of questions that nobody foresaw, the ones to fear"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::EntryId;

    #[test]
    fn notes_say_what_is_odd() {
        let question = |text: &str, entry: &str, line| Question { text: text.into(), entry: EntryId::parse(entry), line };
        let fine = [question("how", "a", 2), question("who", "", 3)];
        assert_eq!(notes(&fine), Vec::<String>::new());
        assert_eq!(labelled(&fine)[0].expected, Expected::OneOf(vec![EntryId::parse("a").unwrap()]));
        assert_eq!(labelled(&fine)[1].expected, Expected::NotCovered);
        let odd = notes(&[question("how", "a", 2), question("how", "a", 3), question("who", "a", 4), question("who", "b", 5)]);
        let expected = ["2 of the questions are repeated", "1 of the questions have several labels", "no question is labelled `none`"];
        assert_eq!(odd.len(), expected.len(), "{odd:?}");
        assert!(odd.iter().zip(expected).all(|(note, expected)| note.starts_with(expected)), "{odd:?}");
        assert!(odd[1].ends_with("such as 'who' (line 4)"), "{odd:?}");
    }
}

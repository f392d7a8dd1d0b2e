//! The words of replies: labelled cases of what a reply must say and must not say, and what a reply makes of its case. Pure but for reading the file.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use unicode_segmentation::UnicodeSegmentation;

use super::error::{EvaluationError, Found};
use super::shops::rows;
use super::units::{Allowed, Kind, Phrase, plain, sentences_of};
use super::values::Values;
use crate::knowledge::{Entry, Knowledge};
use crate::support::text::ellipsis;

/// A reply of no more words than these is concise.
pub const CONCISE: usize = 40;
/// Characters of a text that a fault repeats.
const SHOWN: usize = 60;

/// What a reply is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An entry, by its id.
    Entry(String),
    /// An order, by its number as the file writes it.
    Order(String),
}

/// A question with what the reply to it must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What kind of case it is, in the file's own words.
    pub kind: String,
    /// What a shopper asks.
    pub question: String,
    /// What the reply is made from.
    pub subject: Subject,
    /// What must be said.
    pub say: Vec<String>,
    /// What must not be.
    pub not: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    question: String,
    entry: Option<String>,
    order: Option<String>,
    say: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
}

/// Reads the cases of a file and checks them against the entries. Every line with a fault is named.
pub fn read(path: &Path, knowledge: &Knowledge) -> Result<Vec<Case>, EvaluationError> {
    let mut found = Found::new(path);
    // As it stands, and in sentences without a 'Yes,' or 'No,' in front.
    let sayable = |answer: &str| flat(&[answer.to_owned(), sentences_of(answer).join("\n")].join("\n"));
    let answers: HashMap<&str, String> = knowledge.entries.iter().map(|entry| (entry.id.as_str(), sayable(&entry.answer))).collect();
    let mut cases = Vec::new();
    for (line, row) in rows::<Row>(path, &mut found)? {
        match case(line, row, &answers) {
            Ok(case) => cases.push(case),
            Err(sentence) => found.at(line, sentence),
        }
    }
    let cases = found.or(cases)?;
    if cases.is_empty() {
        return Err(EvaluationError::file(path, "it holds no case; a line is an object with kind, question, entry or order, say and not"));
    }
    Ok(cases)
}

fn case(line: usize, row: Row, answers: &HashMap<&str, String>) -> Result<Case, String> {
    let Row { kind, question, entry, order, say, not } = row;
    let subject = match (entry, order) {
        (Some(entry), None) => Subject::Entry(entry),
        (None, Some(order)) => Subject::Order(order),
        _ => return Err("a case names an entry or an order, and not both".to_owned()),
    };
    if question.trim().is_empty() || kind.trim().is_empty() {
        return Err("the question or the kind is empty".to_owned());
    }
    if say.is_empty() || say.iter().chain(&not).any(|text| text.trim().is_empty()) {
        return Err("`say` needs one text or more, and no text of `say` and `not` is empty".to_owned());
    }
    if let Some(torn) = not.iter().find(|wrong| say.iter().any(|right| is_said(&flat(wrong), &flat(right)))) {
        return Err(format!("'{}' must not be said and is part of what must be", ellipsis(torn, SHOWN)));
    }
    if let Subject::Entry(id) = &subject {
        let answer = answers.get(id.as_str()).ok_or_else(|| format!("the knowledge base has no entry '{id}'"))?;
        if let Some(absent) = say.iter().find(|text| !is_said(&flat(text), answer)) {
            return Err(format!("'{}' must be said and does not stand in the answer of {id}", ellipsis(absent, SHOWN)));
        }
    }
    Ok(Case { line, kind, question, subject, say, not })
}

/// A reply as it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The words.
    pub content: String,
    /// Who chose them: `stored` or the language model's name.
    pub model: String,
    /// How long that took.
    pub milliseconds: f64,
}

/// What a reply may rest on.
pub enum Ground<'a> {
    /// An entry's answer.
    Entry(&'a Entry),
    /// The values of an order's rows.
    Order(&'a Values),
}

/// What a reply makes of its case.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What must be said and is not.
    pub missing: Vec<String>,
    /// What must not be said and is.
    pub said: Vec<String>,
    /// Parts that stand in no source.
    pub unsupported: Vec<String>,
    /// Parts that state something beyond what must be said. Only looked for where the reply is made from an entry.
    pub beyond: Vec<String>,
    /// Words of the reply.
    pub words: usize,
}

impl Verdict {
    /// Judges a reply by its words alone.
    pub fn of(case: &Case, given: &Given, ground: &Ground<'_>, phrases: &[Phrase]) -> Self {
        let reply = plain(&given.content);
        let one_line = flat(&given.content);
        let say: Vec<String> = case.say.iter().map(|text| flat(text)).collect();
        let absent = |texts: &[String]| texts.iter().filter(|text| !is_said(&flat(text), &one_line)).cloned().collect::<Vec<_>>();
        let missing = absent(&case.say);
        let kept = absent(&case.not);
        let said = case.not.iter().filter(|text| !kept.contains(text)).cloned().collect();

        let (sentences, values) = match ground {
            Ground::Entry(entry) => (sentences_of(&entry.answer), None),
            Ground::Order(values) => (Vec::new(), Some(*values)),
        };
        // An entry's reply holds no value that is not in its sentences.
        let may_be = |_: &str, value: &str| values.is_some_and(|values| values.hold(value));
        let allowed = Allowed { sentences: &sentences, phrases, may_be: &may_be };
        let (mut unsupported, mut beyond) = (Vec::new(), Vec::new());
        for part in allowed.parts(&reply) {
            if part.kind == Kind::Outside {
                unsupported.push(part.text.to_owned());
            }
            let states_nothing = matches!(&part.kind, Kind::Phrase(phrase, _) if phrase.states_nothing());
            let wanted = say.iter().any(|text| is_said(text, part.text) || is_said(part.text, text));
            if matches!(ground, Ground::Entry(_)) && !states_nothing && !wanted {
                beyond.push(part.text.to_owned());
            }
        }
        Self { missing, said, unsupported, beyond, words: words(&one_line) }
    }

    /// Whether all that must be said is.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether something was said that must not be, or that stands nowhere.
    pub fn is_wrong(&self) -> bool {
        !self.said.is_empty() || !self.unsupported.is_empty()
    }

    /// Whether exactly that was said which should be.
    pub fn is_exact(&self) -> bool {
        self.is_complete() && !self.is_wrong() && self.beyond.is_empty()
    }

    /// Whether it is short.
    pub fn is_concise(&self) -> bool {
        self.words <= CONCISE
    }
}

/// A case with its reply and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The case.
    pub case: Case,
    /// The reply.
    pub given: Given,
    /// What came of it.
    pub verdict: Verdict,
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text stands in another, with the same capitals. A number is not said by a longer one: `3 days` not by `23 days`.
fn is_said(text: &str, reply: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    reply.match_indices(text).any(|(at, _)| {
        let end = at + text.len();
        let before = digit(text.chars().next()) && digit(reply[..at].chars().next_back());
        let behind = digit(text.chars().next_back()) && digit(reply[end..].chars().next());
        !before && !behind
    })
}

/// How many words a reader counts; two Chinese characters make one.
fn words(text: &str) -> usize {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
    let han = text.chars().filter(|c| is_han(*c)).count();
    text.unicode_words().filter(|word| !word.chars().any(is_han)).count() + han.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::units::MARK;
    use crate::knowledge::{EntryId, HandoffRule};

    const ANSWER: &str = "No, express is never free. It costs $9.95.\n\n- Germany 2 days\n- Spain 5 days";

    fn entry() -> Entry {
        Entry {
            id: EntryId::parse("delivery/express").unwrap(),
            topic: String::new(),
            locale: "en".into(),
            updated: None,
            question: "Is express free?".into(),
            phrasings: vec![],
            answer: ANSWER.into(),
            handoff: HandoffRule::Never,
            file: String::new(),
            line: 1,
        }
    }

    fn read_text(content: &str) -> Result<Vec<Case>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replies.jsonl");
        std::fs::write(&path, content).unwrap();
        let knowledge = Knowledge::of(vec![entry().into()]);
        let prefix = format!("{}/", folder.path().display());
        read(&path, &knowledge).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    fn case_of(say: &[&str], not: &[&str]) -> Case {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let subject = Subject::Entry("delivery/express".into());
        Case { line: 1, kind: "k".into(), question: "q".into(), subject, say: list(say), not: list(not) }
    }

    fn phrases() -> Vec<Phrase> {
        vec![Phrase::new("opening.sorry", "Sorry to hear that."), Phrase::new("order.paid", &format!("You paid {MARK}amount{MARK}."))]
    }

    fn verdict(case: &Case, content: &str) -> Verdict {
        let given = Given { content: content.into(), model: "stored".into(), milliseconds: 1.0 };
        Verdict::of(case, &given, &Ground::Entry(&entry()), &phrases())
    }

    #[test]
    fn a_reply_is_judged_by_what_it_says() {
        let case = case_of(&["No, express is never  free."], &["Yes,", "express is free"]);
        for (reply, complete, exact, wrong, faults) in [
            ("No, express is never free.", true, true, false, ""),
            ("Sorry to hear that. No, express is never free.", true, true, false, ""),
            ("No, express is never free. It costs $9.95.", true, false, false, "It costs $9.95."),
            ("no, express is never free.", false, false, true, "no, express is never free."),
            ("Yes, express is free.", false, false, true, "Yes,|express is free|Yes, express is free."),
            ("It costs $9.95.", false, false, false, "It costs $9.95."),
            ("No, express is never free. You paid $9.95.", true, false, true, "You paid $9.95."),
        ] {
            let found = verdict(&case, reply);
            assert_eq!((found.is_complete(), found.is_exact(), found.is_wrong()), (complete, exact, wrong), "{reply}: {found:?}");
            let mut all = [found.said.clone(), found.unsupported.clone(), found.beyond.clone()].concat();
            all.dedup();
            assert_eq!(all.join("|"), faults, "{reply}");
        }
    }

    #[test]
    fn a_case_may_ask_for_a_part_of_a_sentence() {
        let case = case_of(&["Spain 5 days"], &["2 days"]);
        assert!(verdict(&case, "- Spain 5 days").is_exact());
        assert_eq!(verdict(&case, ANSWER).said, ["2 days"]);
    }

    #[test]
    fn an_order_speaks_in_phrases_with_its_own_values() {
        let case = Case { subject: Subject::Order("AP1".into()), ..case_of(&["$9.95"], &["$19.95"]) };
        let values = Values::of(["$9.95", "$19.95"]);
        let judge = |content: &str| {
            let given = Given { content: content.into(), model: "stored".into(), milliseconds: 1.0 };
            Verdict::of(&case, &given, &Ground::Order(&values), &phrases())
        };
        assert!(judge("You paid $9.95.").is_exact());
        assert!(judge("You paid $19.95.").is_wrong() && !judge("You paid $19.95.").is_complete());
        assert_eq!(judge("You paid $7.95.").unsupported, ["You paid $7.95."], "no row says so");
        assert_eq!(judge("You paid $9.95. It was a bargain.").unsupported, ["It was a bargain."]);
    }

    #[test]
    fn numbers_are_not_said_by_longer_ones() {
        for (text, reply, expected) in [
            ("3 days", "in 3 days", true),
            ("3 days", "in 23 days", false),
            ("$4", "costs $45", false),
            ("$4", "costs $45 or $4.", true),
            ("free", "carefree", true),
            ("Free", "free", false),
        ] {
            assert_eq!(is_said(text, reply), expected, "{text} in {reply}");
        }
    }

    #[test]
    fn words_are_counted_in_both_scripts() {
        for (text, expected) in [("It's 3 days, then.", 4), ("两天送到", 2), ("两天 DHL 送", 3), ("", 0)] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn faults_name_their_lines() {
        let line = |rest: &str| format!("{{\"kind\": \"k\", \"question\": \"q\", {rest}}}");
        let good = line(r#""entry": "delivery/express", "say": ["express is never free."], "not": ["Yes,"]"#);
        let read = read_text(&format!("{good}\n\n{}", line(r#""order": "AP1", "say": ["$1"]"#))).unwrap();
        assert_eq!((read.len(), read[1].line, &read[1].subject), (2, 3, &Subject::Order("AP1".into())));
        for (content, expected) in [
            (String::new(), "replies.jsonl: it holds no case"),
            (line(r#""say": ["a"]"#), "replies.jsonl:1: a case names an entry or an order, and not both"),
            (line(r#""entry": "a", "order": "b", "say": ["a"]"#), "replies.jsonl:1: a case names an entry or an order"),
            (line(r#""entry": "delivery/none", "say": ["a"]"#), "replies.jsonl:1: the knowledge base has no entry 'delivery/none'"),
            (line(r#""order": "b", "say": []"#), "replies.jsonl:1: `say` needs one text"),
            (line(r#""order": "b", "say": ["a", " "]"#), "replies.jsonl:1: `say` needs one text"),
            (line(r#""order": "b", "say": ["a b"], "not": ["b"]"#), "replies.jsonl:1: 'b' must not be said and is part"),
            (line(r#""entry": "delivery/express", "say": ["is free"]"#), "replies.jsonl:1: 'is free' must be said and does not stand"),
            (line(r#""order": 5, "say": ["a"]"#), "replies.jsonl:1: it is not a row of this file"),
        ] {
            let fault = read_text(&content).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }
}

//! Which sentences of the right entry are said: shops whose messages are labelled with the sentences of a good agent, a chooser, and how the two agree.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{EvaluationError, Found};
use super::metrics::share;
use super::shops::rows;
use super::texts::Texts;

/// Chooses what is said of an entry that answers a message.
pub trait Choose {
    /// The places of the sentences to say, from 0, in whatever order. The entry is the right one.
    fn choose(&self, message: &str, entry_question: &str, sentences: &[&str]) -> Result<Vec<usize>, EvaluationError>;
}

/// An entry whose sentences can be said one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// Its question.
    pub question: String,
    /// The sentences of its answer.
    pub sentences: Vec<String>,
}

/// A message with what a good agent says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What was written.
    pub text: String,
    /// Whether a careless reader gets it wrong.
    pub is_trap: bool,
    /// The right entry's id; of several right ones the first.
    pub entry: String,
    /// The places of the sentences to say; the first one decides.
    pub say: Vec<usize>,
}

/// A shop with labelled sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The folder's name.
    pub name: String,
    /// Its entries by id.
    pub entries: HashMap<String, Parted>,
    /// Its messages that an entry answers.
    pub messages: Vec<Message>,
}

#[derive(Deserialize)]
struct EntryRow {
    id: String,
    question: String,
    answer: Vec<String>,
}

#[derive(Deserialize)]
struct MessageRow {
    message: String,
    kind: String,
    entry: Option<Texts>,
    #[serde(default)]
    say: Vec<usize>,
}

impl Labelled {
    /// Reads the two files of a folder. Every line with a fault is named.
    pub fn read(folder: &Path) -> Result<Self, EvaluationError> {
        let entries = read_entries(&folder.join("knowledge.jsonl"))?;
        let messages = read_messages(&folder.join("questions.jsonl"), &entries)?;
        let name = folder.canonicalize().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        Ok(Self { name: name.unwrap_or_else(|| folder.display().to_string()), entries, messages })
    }
}

fn read_entries(path: &Path) -> Result<HashMap<String, Parted>, EvaluationError> {
    let mut found = Found::new(path);
    let mut entries = HashMap::new();
    for (line, EntryRow { id, question, answer }) in rows::<EntryRow>(path, &mut found)? {
        if answer.is_empty() || answer.iter().any(|sentence| sentence.trim().is_empty()) {
            found.at(line, "the answer must be a list of sentences, none of them empty");
        } else if entries.insert(id.clone(), Parted { question, sentences: answer }).is_some() {
            found.at(line, format!("the id '{id}' is taken by a line above"));
        }
    }
    found.or(entries)
}

fn read_messages(path: &Path, entries: &HashMap<String, Parted>) -> Result<Vec<Message>, EvaluationError> {
    let mut found = Found::new(path);
    let mut messages = Vec::new();
    for (line, row) in rows::<MessageRow>(path, &mut found)? {
        if !matches!(row.kind.as_str(), "answerable" | "trap") {
            continue;
        }
        let Some(id) = row.entry.and_then(|entry| entry.list().into_iter().next()) else {
            found.at(line, "an answerable message names no entry");
            continue;
        };
        let Some(entry) = entries.get(&id) else {
            found.at(line, format!("knowledge.jsonl has no entry '{id}'"));
            continue;
        };
        let known = entry.sentences.len();
        let places: BTreeSet<usize> = row.say.iter().copied().collect();
        match places.last() {
            None => found.at(line, "`say` names no sentence of the entry"),
            Some(last) if *last >= known => {
                found.at(line, format!("`say` names sentence {last} and '{id}' has {known}, counted from 0"));
            }
            Some(_) if places.len() < row.say.len() => found.at(line, "`say` names a sentence twice"),
            Some(_) => messages.push(Message { text: row.message, is_trap: row.kind == "trap", entry: id, say: row.say }),
        }
    }
    let messages = found.or(messages)?;
    if messages.is_empty() { Err(EvaluationError::file(path, "it holds no message that an entry answers")) } else { Ok(messages) }
}

/// A message with what was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<'s> {
    /// The message.
    pub message: &'s Message,
    /// The right entry.
    pub entry: &'s Parted,
    /// The places that were chosen, in order.
    pub places: BTreeSet<usize>,
}

/// Lets a chooser choose for every message of a shop; `tick` is called after each.
pub fn choose<'s>(shop: &'s Labelled, chooser: &dyn Choose, tick: &dyn Fn()) -> Result<Vec<Chosen<'s>>, EvaluationError> {
    let one = |message: &'s Message| {
        let entry = &shop.entries[&message.entry];
        let sentences: Vec<&str> = entry.sentences.iter().map(String::as_str).collect();
        let places = chooser.choose(&message.text, &entry.question, &sentences)?.into_iter().collect();
        tick();
        Ok(Chosen { message, entry, places })
    };
    shop.messages.iter().map(one).collect()
}

/// How a chooser and the labels agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Messages.
    pub messages: usize,
    /// Of which exactly the labelled sentences were chosen.
    pub exact: usize,
    /// Sentences that were chosen.
    pub chosen: usize,
    /// Sentences that are labelled.
    pub labelled: usize,
    /// Sentences that are both.
    pub both: usize,
    /// Traps.
    pub traps: usize,
    /// Of which the deciding sentence was chosen.
    pub traps_decided: usize,
}

impl Agreement {
    /// Counts it.
    pub fn of(chosen: &[Chosen<'_>]) -> Self {
        chosen.iter().fold(Self::default(), |sum, one| {
            let labelled: BTreeSet<usize> = one.message.say.iter().copied().collect();
            let is_decided = one.message.say.first().is_some_and(|first| one.places.contains(first));
            sum.plus(&Self {
                messages: 1,
                exact: usize::from(labelled == one.places),
                chosen: one.places.len(),
                labelled: labelled.len(),
                both: labelled.intersection(&one.places).count(),
                traps: usize::from(one.message.is_trap),
                traps_decided: usize::from(one.message.is_trap && is_decided),
            })
        })
    }

    /// Both together.
    pub fn plus(self, other: &Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            exact: self.exact + other.exact,
            chosen: self.chosen + other.chosen,
            labelled: self.labelled + other.labelled,
            both: self.both + other.both,
            traps: self.traps + other.traps,
            traps_decided: self.traps_decided + other.traps_decided,
        }
    }

    /// Precision, recall, F1 over sentences; exact matches over messages; decided traps over traps.
    pub fn figures(&self) -> [f64; 5] {
        // F1 is the harmonic mean of the first two: twice what is common over all that is on either side.
        let f1 = share(2 * self.both, self.chosen + self.labelled);
        [
            share(self.both, self.chosen),
            share(self.both, self.labelled),
            f1,
            share(self.exact, self.messages),
            share(self.traps_decided, self.traps),
        ]
    }

    fn json(&self) -> Value {
        let [precision, recall, f1, exact, traps] = self.figures();
        json!({
            "messages": self.messages,
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "exact": exact,
            "traps": self.traps,
            "traps_decided": traps,
        })
    }
}

/// One line a shop, and one of all of them.
pub fn text(shops: &[(String, Agreement)]) -> String {
    let width = shops.iter().map(|(name, _)| name.len()).chain([3]).max().unwrap_or(3);
    let mut out = format!("{:width$}  messages  precision  recall     F1  exact  traps  decided\n", "");
    let all = ("all".to_owned(), total(shops));
    for (name, agreement) in shops.iter().chain([&all]) {
        let [precision, recall, f1, exact, traps] = agreement.figures();
        let Agreement { messages, traps: count, .. } = agreement;
        let _ = writeln!(out, "{name:width$}  {messages:8}  {precision:9.3}  {recall:6.3}  {f1:5.3}  {exact:5.3}  {count:5}  {traps:7.3}");
    }
    out
}

/// The same for machines.
pub fn json(shops: &[(String, Agreement)]) -> Value {
    let shop = |(name, agreement): &(String, Agreement)| {
        let mut figures = agreement.json();
        figures["name"] = json!(name);
        figures
    };
    json!({"all": total(shops).json(), "shops": shops.iter().map(shop).collect::<Vec<_>>()})
}

fn total(shops: &[(String, Agreement)]) -> Agreement {
    shops.iter().fold(Agreement::default(), |sum, (_, agreement)| sum.plus(agreement))
}

/// Every message with what was chosen, one JSON object a line.
pub fn lines(shop: &str, chosen: &[Chosen<'_>]) -> String {
    let line = |one: &Chosen<'_>| {
        let Message { text, is_trap, entry, say } = one.message;
        let row = json!({
            "shop": shop,
            "message": text,
            "trap": is_trap,
            "entry": entry,
            "sentences": one.entry.sentences,
            "say": say,
            "chosen": one.places,
        });
        format!("{row}\n")
    };
    chosen.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"id": "a", "topic": "t", "question": "How?", "answer": ["Zero.", "One.", "Two."]}"#;

    fn read(knowledge: &str, questions: &str) -> Result<Labelled, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("knowledge.jsonl"), knowledge).unwrap();
        std::fs::write(folder.path().join("questions.jsonl"), questions).unwrap();
        let prefix = format!("{}/", folder.path().display());
        Labelled::read(folder.path()).map_err(|fault| fault.to_string().replace(&prefix, ""))
    }

    /// Says the sentences whose places stand in the message.
    struct Told;

    impl Choose for Told {
        fn choose(&self, message: &str, _: &str, sentences: &[&str]) -> Result<Vec<usize>, EvaluationError> {
            Ok((0..sentences.len()).filter(|place| message.contains(&place.to_string())).collect())
        }
    }

    #[test]
    fn what_is_chosen_is_counted_over_sentences() {
        let message =
            |text: &str, kind: &str, say: &str| format!(r#"{{"message": "{text}", "kind": "{kind}", "entry": ["a", "b"], "say": {say}}}"#);
        let questions = [
            message("0", "answerable", "[0]"),
            message("0 1", "answerable", "[1]"),
            message("2", "trap", "[2, 0]"),
            message("1", "trap", "[0, 1]"),
            r#"{"message": "who", "kind": "unanswerable", "entry": null, "say": []}"#.to_owned(),
        ];
        let shop = read(ENTRY, &questions.join("\n")).unwrap();
        let chosen = choose(&shop, &Told, &|| ()).unwrap();
        let found = Agreement::of(&chosen);
        let expected = Agreement { messages: 4, exact: 1, chosen: 5, labelled: 6, both: 4, traps: 2, traps_decided: 1 };
        assert_eq!(found, expected);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        let [precision, recall, f1, exact, traps] = found.figures();
        assert!(close(precision, 0.8) && close(recall, 4.0 / 6.0) && close(f1, 8.0 / 11.0) && close(exact, 0.25) && close(traps, 0.5));
        let shops = [("one".to_owned(), found), ("two".to_owned(), found)];
        assert_eq!(json(&shops)["all"]["messages"], 8);
        let text = text(&shops);
        let last: Vec<&str> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(last, ["all", "8", "0.800", "0.667", "0.727", "0.250", "4", "0.500"]);
        let lines = lines("one", &chosen);
        assert!(lines.lines().count() == 4 && lines.contains(r#""chosen":[0,1]"#), "{lines}");
    }

    #[test]
    fn faults_name_their_lines() {
        let one = r#"{"message": "how", "kind": "trap", "entry": "a", "say": [1]}"#;
        for (knowledge, questions, expected) in [
            ("", one, "questions.jsonl:1: knowledge.jsonl has no entry 'a'"),
            (&ENTRY.replace(r#"["Zero.", "One.", "Two."]"#, "\"Zero.\""), one, "knowledge.jsonl:1: it is not a row"),
            (&ENTRY.replace("Zero.", " "), one, "knowledge.jsonl:1: the answer must be a list of sentences"),
            (&format!("{ENTRY}\n{ENTRY}"), one, "knowledge.jsonl:2: the id 'a' is taken"),
            (ENTRY, &one.replace("[1]", "[3]"), "questions.jsonl:1: `say` names sentence 3 and 'a' has 3"),
            (ENTRY, &one.replace("[1]", "[1, 1]"), "questions.jsonl:1: `say` names a sentence twice"),
            (ENTRY, &one.replace("[1]", "[]"), "questions.jsonl:1: `say` names no sentence"),
            (ENTRY, &one.replace("\"a\"", "null"), "questions.jsonl:1: an answerable message names no entry"),
            (ENTRY, &one.replace("trap", "smalltalk"), "questions.jsonl: it holds no message that an entry answers"),
        ] {
            let fault = read(knowledge, questions).unwrap_err();
            assert!(fault.starts_with(expected), "{fault}");
        }
    }
}

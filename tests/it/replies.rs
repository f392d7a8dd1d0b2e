//! The labelled replies: what a good reply says to each of 150 questions about the demo shop's entries and orders, and what it must not say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::support::root;

#[derive(Deserialize)]
struct Case {
    kind: String,
    question: String,
    entry: Option<String>,
    order: Option<String>,
    say: Vec<String>,
    not: Vec<String>,
}

#[test]
fn what_a_reply_must_say_stands_in_its_entry() {
    let text = fs::read_to_string(root().join("tests/it/fixtures/replies.jsonl")).unwrap();
    let cases: Vec<Case> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let knowledge = nightdesk::knowledge::load(&root().join("knowledge_base")).unwrap();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let answers: BTreeMap<&str, String> = knowledge.entries.iter().map(|entry| (entry.id.as_str(), plain(&entry.answer))).collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for Case { kind, question, entry, order, say, not } in &cases {
        *kinds.entry(kind).or_default() += 1;
        assert!(!say.is_empty() && entry.is_some() != order.is_some(), "{question}");
        if let Some(entry) = entry {
            let answer = answers.get(entry.as_str()).unwrap_or_else(|| panic!("no entry {entry}"));
            for sentence in say {
                // Behind a 'Yes,' that is left out a sentence begins with a capital letter.
                let sentence = plain(sentence);
                let stands =
                    answer.contains(&sentence) || ["Yes, ", "No, "].iter().any(|lead| answer.contains(&uncapitalized(lead, &sentence)));
                assert!(stands, "{question}: not in {entry}: {sentence}");
            }
        }
        let both = not.iter().find(|wrong| say.iter().any(|right| right.contains(wrong.as_str())));
        assert_eq!(both, None, "{question}: said and not said");
    }
    assert_eq!(cases.len(), 150);
    assert_eq!(cases.iter().map(|case| case.question.to_lowercase()).collect::<BTreeSet<_>>().len(), 150);
    let traps = ["negation", "condition", "threshold", "near_miss", "two_amounts", "expired"];
    assert_eq!(traps.iter().map(|kind| kinds[kind]).sum::<usize>(), 50, "{kinds:?}");
}

fn uncapitalized(lead: &str, sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    format!("{lead}{first}{}", letters.as_str())
}

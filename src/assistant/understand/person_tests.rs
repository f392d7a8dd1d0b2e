//! A person is reached in the turn that asks for one, in whatever state the conversation is: each example of `prompts/patterns.yaml` in each of them.

use std::collections::BTreeMap;

use super::tests::{asked, patterns, said, topics};
use super::understand;
use crate::conversation::{Author, Decision, Message, Source};

/// Examples of a kind, at least.
const ENOUGH: usize = 60;

#[derive(serde::Deserialize)]
struct Group {
    examples: BTreeMap<String, Vec<String>>,
}

/// The examples of a group of the built-in file.
fn examples(group: &str, kind: &str) -> Vec<String> {
    let file: BTreeMap<String, serde_norway::Value> = serde_norway::from_str(include_str!("../../../prompts/patterns.yaml")).unwrap();
    let group: Group = serde_norway::from_value(file[group].clone()).unwrap();
    group.examples[kind].clone()
}

/// What stands before the message.
fn states() -> Vec<(&'static str, Vec<Message>)> {
    let bot = |decision| said(&[("Where is it?", None), ("…", Some(decision))]);
    let mut clarify = bot(Decision::Clarify);
    let entry = |id: &str, title: &str| Source::Entry { id: id.into(), title: title.into() };
    clarify[1].trace.as_mut().unwrap().sources =
        vec![entry("returns/time", "When do I get my refund?"), entry("delivery/time", "How long does delivery take?")];
    // What is read begins behind the change of hands: there, a line of the desk's own.
    let mut waiting = said(&[("A person will reply here.", None)]);
    waiting[0].author = Author::System;
    vec![
        ("fresh", Vec::new()),
        ("behind an answer", bot(Decision::Answer)),
        ("asked for the order", bot(Decision::AskOrder)),
        ("asked which entry is meant", clarify),
        ("offered a person", bot(Decision::PartAnswer)),
        ("behind an order", bot(Decision::Order)),
        ("waiting for a person", waiting),
    ]
}

#[test]
fn a_person_is_reached_in_any_state_and_talk_about_people_reaches_none() {
    let (patterns, topics) = (patterns(), topics());
    for (kind, expect) in [("positive", true), ("negative", false)] {
        let examples = examples("person", kind);
        assert!(examples.len() >= ENOUGH, "there are {} {kind} examples", examples.len());
        for text in examples {
            for (state, before) in states() {
                let transcript = [before, said(&[(text.as_str(), None)])].concat();
                assert_eq!(understand(&transcript, &patterns, &topics) == asked(), expect, "{text:?}, {state}");
            }
        }
    }
}

#[test]
fn each_group_that_brings_a_person_has_examples_of_both_kinds() {
    for group in ["sensitive_safety", "sensitive_legal", "sensitive_fraud", "sensitive_press", "grievance", "unhelped"] {
        for kind in ["positive", "negative"] {
            let count = examples(group, kind).len();
            assert!(count >= 20, "{group} has {count} {kind} examples");
        }
    }
}

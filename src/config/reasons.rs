//! What `[desk]` says of reasons and topics: what a person has to see at once, how soon, and whose work it is.

use super::desk::Desk;

/// The codes of the reasons for which a conversation goes to a person.
pub const REASONS: [&str; 9] = [
    "asked",
    "low_confidence",
    "repeated_failure",
    "complaint",
    "sensitive",
    "order_not_verified",
    "order_change",
    "engine_failure",
    "policy",
];
/// The topics that come with the program.
pub const TOPICS: [&str; 4] = ["safety", "legal", "fraud", "press"];
/// The priorities, the most urgent first.
pub const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];
/// The longest name of a topic or a queue, in characters.
const NAME: usize = 40;
/// The longest words of a topic, in characters.
const WORDS: usize = 80;

/// What types alone do not say of them.
pub(super) fn faults(desk: &Desk) -> Vec<String> {
    let mut faults = Vec::new();
    for name in desk.sensitive_topics.iter().filter(|name| !TOPICS.contains(&name.as_str())) {
        faults.push(format!(
            "desk.sensitive_topics names '{name}'; the topics are {}, and a shop's own stand in [desk.topics]",
            TOPICS.join(", ")
        ));
    }
    for (name, words) in &desk.topics {
        faults.extend(topic_faults(name, words));
    }
    for (section, names) in [("desk.priority", desk.priority.keys()), ("desk.queues", desk.queues.keys())] {
        for name in names.filter(|name| !is_known(desk, name)) {
            faults.push(format!(
                "{section}.{name} is neither a reason nor a topic; the reasons are {}, the topics {} and those of [desk.topics]",
                REASONS.join(", "),
                TOPICS.join(", ")
            ));
        }
    }
    for (name, priority) in desk.priority.iter().filter(|(_, priority)| !PRIORITIES.contains(&priority.as_str())) {
        faults.push(format!("desk.priority.{name} is '{priority}'; write one of {}", PRIORITIES.join(", ")));
    }
    for (name, queue) in desk.queues.iter().filter(|(_, queue)| !is_name(queue)) {
        faults.push(format!("desk.queues.{name} is '{queue}'; a queue has 1 to {NAME} lower-case letters, digits, - and _"));
    }
    faults
}

fn is_known(desk: &Desk, name: &str) -> bool {
    REASONS.contains(&name) || TOPICS.contains(&name) || desk.topics.contains_key(name)
}

fn topic_faults(name: &str, words: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_name(name) {
        faults.push(format!("desk.topics.{name} is no name; a topic has 1 to {NAME} lower-case letters, digits, - and _"));
    }
    if TOPICS.contains(&name) || REASONS.contains(&name) {
        faults.push(format!("desk.topics.{name} is taken by a topic or reason of the program; choose another name"));
    }
    if words.is_empty() || words.iter().any(|words| words.trim().is_empty() || words.chars().count() > WORDS) {
        faults.push(format!("desk.topics.{name} must list words by which it is known, each of 1 to {WORDS} characters"));
    }
    faults
}

fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::super::{Overrides, load};
    use super::*;

    #[test]
    fn a_fault_says_what_would_be_right() {
        let check = |topics: &[&str], own: &[(&str, &[&str])], priority: &[(&str, &str)], queues: &[(&str, &str)], expect: &[&str]| {
            let owned = |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
            let mut desk = load(&Overrides::default()).unwrap().desk;
            desk.sensitive_topics = words(topics);
            desk.topics = own.iter().map(|(name, own)| ((*name).to_owned(), words(own))).collect();
            desk.priority = owned(priority);
            desk.queues = owned(queues);
            let faults = faults(&desk);
            assert_eq!(faults.len(), expect.len(), "{faults:?}");
            for (fault, expect) in faults.iter().zip(expect) {
                assert!(fault.contains(expect), "{fault} lacks {expect}");
            }
        };
        check(&["safety", "legal", "fraud", "press"], &[], &[("asked", "low")], &[("legal", "lawyers")], &[]);
        check(&[], &[("allergens", &["nut allergy"])], &[("allergens", "urgent")], &[("allergens", "kitchen-2")], &[]);
        check(&["politics"], &[], &[], &[], &["desk.sensitive_topics names 'politics'; the topics are safety, legal, fraud, press"]);
        check(&[], &[("My topic", &["x"])], &[], &[], &["desk.topics.My topic is no name"]);
        check(&[], &[("legal", &["x"])], &[], &[], &["desk.topics.legal is taken"]);
        check(&[], &[("visits", &[])], &[], &[], &["desk.topics.visits must list words"]);
        check(&[], &[("visits", &["a", " "])], &[], &[], &["desk.topics.visits must list words"]);
        check(&[], &[], &[("angry", "high")], &[("visits", "a")], &["desk.priority.angry is neither", "desk.queues.visits is neither"]);
        check(&[], &[], &[("asked", "soon")], &[], &["desk.priority.asked is 'soon'; write one of urgent, high, normal, low"]);
        check(&[], &[], &[], &[("asked", "Front desk")], &["desk.queues.asked is 'Front desk'"]);
    }
}

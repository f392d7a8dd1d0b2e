//! Whose work a ticket is, and how soon it wants somebody. Pure.

use std::collections::BTreeMap;

use crate::conversation::{HandoffReason, Priority};

/// Where a ticket goes whose reason has no queue of its own.
const GENERAL: &str = "general";

/// Where tickets go. What a shop sets for a topic counts before what it sets for a reason, and that before the usual.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    priorities: BTreeMap<String, Priority>,
    queues: BTreeMap<String, String>,
}

impl Routing {
    /// With what a shop sets: by the code of a reason or the name of a topic.
    pub fn new(priorities: BTreeMap<String, Priority>, queues: BTreeMap<String, String>) -> Self {
        Self { priorities, queues }
    }

    /// Priority and queue of a ticket that exists for this reason, with the topic of a sensitive message.
    pub fn of(&self, reason: HandoffReason, topic: Option<&str>) -> (Priority, String) {
        let (priority, queue) = usual(reason, topic);
        (set(&self.priorities, reason, topic).unwrap_or(priority), set(&self.queues, reason, topic).unwrap_or_else(|| queue.to_owned()))
    }
}

fn set<Value: Clone>(by_name: &BTreeMap<String, Value>, reason: HandoffReason, topic: Option<&str>) -> Option<Value> {
    topic.and_then(|topic| by_name.get(topic)).or_else(|| by_name.get(reason.as_str())).cloned()
}

/// What holds where a shop sets nothing. Nobody is harmed while a journalist waits, so the press comes behind the other topics.
fn usual(reason: HandoffReason, topic: Option<&str>) -> (Priority, &'static str) {
    match reason {
        HandoffReason::Sensitive if topic == Some("press") => (Priority::High, "sensitive"),
        HandoffReason::Sensitive => (Priority::Urgent, "sensitive"),
        HandoffReason::Complaint | HandoffReason::RepeatedFailure => (Priority::High, "complaints"),
        HandoffReason::EngineFailure => (Priority::High, GENERAL),
        HandoffReason::OrderNotVerified | HandoffReason::OrderChange => (Priority::Normal, "orders"),
        HandoffReason::Asked | HandoffReason::LowConfidence | HandoffReason::Policy => (Priority::Normal, GENERAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<Value: Clone>(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn priority_and_queue_follow_from_the_reason() {
        let check = |reason: HandoffReason, topic: Option<&str>, expect: (Priority, &str)| {
            let (priority, queue) = Routing::default().of(reason, topic);
            assert_eq!((priority, queue.as_str()), expect, "{reason:?} {topic:?}");
        };
        for topic in ["safety", "legal", "fraud", "allergens"] {
            check(HandoffReason::Sensitive, Some(topic), (Priority::Urgent, "sensitive"));
        }
        check(HandoffReason::Sensitive, Some("press"), (Priority::High, "sensitive"));
        check(HandoffReason::Complaint, None, (Priority::High, "complaints"));
        check(HandoffReason::RepeatedFailure, None, (Priority::High, "complaints"));
        check(HandoffReason::EngineFailure, None, (Priority::High, "general"));
        check(HandoffReason::OrderChange, None, (Priority::Normal, "orders"));
        check(HandoffReason::OrderNotVerified, None, (Priority::Normal, "orders"));
        for reason in [HandoffReason::Asked, HandoffReason::LowConfidence, HandoffReason::Policy] {
            check(reason, None, (Priority::Normal, "general"));
        }
    }

    #[test]
    fn what_a_shop_sets_counts_and_for_a_topic_before_a_reason() {
        let priorities = named(&[("sensitive", Priority::High), ("press", Priority::Low), ("asked", Priority::Urgent)]);
        let queues = named(&[("sensitive", "management".to_owned()), ("legal", "lawyers".to_owned())]);
        let routing = Routing::new(priorities, queues);
        let check = |reason: HandoffReason, topic: Option<&str>, expect: (Priority, &str)| {
            let (priority, queue) = routing.of(reason, topic);
            assert_eq!((priority, queue.as_str()), expect, "{reason:?} {topic:?}");
        };
        check(HandoffReason::Sensitive, Some("safety"), (Priority::High, "management"));
        check(HandoffReason::Sensitive, Some("legal"), (Priority::High, "lawyers"));
        check(HandoffReason::Sensitive, Some("press"), (Priority::Low, "management"));
        check(HandoffReason::Asked, None, (Priority::Urgent, "general"));
        check(HandoffReason::Complaint, None, (Priority::High, "complaints"));
    }
}

//! `[desk]`

use std::collections::BTreeMap;

use serde::Deserialize;

use super::reasons;

/// `[desk]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Which of the program's own topics go to a person at once.
    pub sensitive_topics: Vec<String>,
    /// `[desk.topics]`: the shop's own, with their words.
    pub topics: BTreeMap<String, Vec<String>>,
    /// `[desk.priority]`: by reason or topic.
    pub priority: BTreeMap<String, String>,
    /// `[desk.queues]`: by reason or topic.
    pub queues: BTreeMap<String, String>,
}

impl Desk {
    /// What types alone do not say.
    pub fn faults(&self) -> Vec<String> {
        reasons::faults(self)
    }
}

//! Whose work a ticket is, and how soon it wants somebody. Pure.

use crate::conversation::{HandoffReason, Priority};

/// Where tickets go.
#[derive(Debug, Clone, Default)]
pub struct Routing;

impl Routing {
    /// Priority and queue of a ticket that exists for this reason, with the topic of a sensitive message.
    pub fn of(&self, reason: HandoffReason, _topic: Option<&str>) -> (Priority, String) {
        let (priority, queue) = match reason {
            HandoffReason::Sensitive => (Priority::Urgent, "sensitive"),
            HandoffReason::Complaint | HandoffReason::RepeatedFailure => (Priority::High, "complaints"),
            HandoffReason::EngineFailure => (Priority::High, "general"),
            HandoffReason::OrderNotVerified | HandoffReason::OrderChange => (Priority::Normal, "orders"),
            HandoffReason::Asked | HandoffReason::LowConfidence | HandoffReason::Policy => (Priority::Normal, "general"),
        };
        (priority, queue.to_owned())
    }
}

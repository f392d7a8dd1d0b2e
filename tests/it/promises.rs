//! The promises of the desk, each learned from what users of other programs complained about: one test each, named after it. Two stand elsewhere: that
//! the composer is never disabled is a browser's (`browser.rs`), and when somebody will be there belongs to the hours (`office.rs`).

mod delivery;
mod ownership;

use serde_json::Value;

use crate::support::{Agent, Told, text};

/// No entry of the small knowledge base says anything about it.
const UNKNOWN: &str = "Can your staff teach my grandfather to ride a motorcycle?";
/// An entry answers it.
const KNOWN: &str = "How long does delivery take?";

/// Who wrote the messages of a log, in their order.
fn authors(log: &[Told]) -> Vec<&str> {
    log.iter().filter(|told| told.name == "message.created").map(|told| text(&told.data, "/author/type")).collect()
}

/// The open ticket of a conversation in the list of those that are nobody's, if it stands there.
async fn in_the_queue(agent: &Agent, conversation: &str) -> Option<Value> {
    let list = agent.tickets("unassigned").await;
    let line = list["tickets"].as_array().unwrap().iter().find(|line| line["conversation"]["id"] == conversation);
    line.map(|line| line["ticket"].clone())
}

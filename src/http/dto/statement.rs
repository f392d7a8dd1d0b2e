//! What each part of a bot message rests on, as much of it as the reader may see.

use serde::Serialize;
use utoipa::ToSchema;

use super::Viewer;
use super::time;
use crate::conversation::{EntryVersion, MadeWith, Origin, Statement};

/// A part of a bot message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementDto {
    /// The first character of the content, from 0; counted in Unicode scalar values, not in bytes or UTF-16 units.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
    /// What it rests on.
    pub source: OriginDto,
}

/// What a part of a message rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Origin)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OriginDto {
    /// A sentence of an entry, word for word.
    Entry {
        /// The entry's id.
        id: String,
        /// For agents: the version it was taken from (`/api/v1/agent/entry-versions/{version}`).
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(example = "3f2a9c0b1d4e5f60")]
        version: Option<String>,
        /// For agents: the first character of that version's answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        start: Option<usize>,
        /// For agents: behind the last one.
        #[serde(skip_serializing_if = "Option::is_none")]
        end: Option<usize>,
    },
    /// For shoppers: values of an order.
    Order {
        /// Its number.
        #[schema(example = "#W2611340")]
        number: String,
    },
    /// For agents: values of a row.
    Row {
        /// The table.
        #[schema(example = "shipments")]
        table: String,
        /// The order's number, and behind a slash what tells the row from others of the order.
        #[schema(example = "#W2611340/1")]
        key: String,
        /// The column, or several with a comma between them.
        #[schema(example = "tracking,carrier")]
        column: String,
    },
    /// A phrase of the shop's, without any fact in it.
    Phrase {
        /// For agents: its key.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(example = "handoff.asked")]
        key: Option<String>,
    },
}

impl StatementDto {
    /// The statement as `viewer` may see it.
    pub fn new(statement: &Statement, viewer: Viewer) -> Self {
        let source = match (viewer, statement.origin.clone()) {
            (Viewer::Agent, Origin::Entry { id, version, start, end }) => {
                OriginDto::Entry { id, version: Some(version), start: Some(start), end: Some(end) }
            }
            (Viewer::Shopper, Origin::Entry { id, .. }) => OriginDto::Entry { id, version: None, start: None, end: None },
            (Viewer::Agent, Origin::Row { table, key, column }) => OriginDto::Row { table, key, column },
            (Viewer::Shopper, Origin::Row { key, .. }) => OriginDto::Order { number: order_of(&key).to_owned() },
            (Viewer::Agent, Origin::Phrase { key }) => OriginDto::Phrase { key: Some(key) },
            (Viewer::Shopper, Origin::Phrase { .. }) => OriginDto::Phrase { key: None },
        };
        Self { start: statement.start, end: statement.end, source }
    }
}

/// The number of the order that a row belongs to.
fn order_of(key: &str) -> &str {
    key.split('/').next().unwrap_or(key)
}

/// What a bot message was made with: the same again make the same message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MadeWith)]
pub struct MadeWithDto {
    /// The language model with its hash, or `stored` where none chose words.
    pub model: String,
    /// The hash of search and knowledge.
    pub index: String,
    /// The hash of prompts, phrases and patterns.
    pub prompts: String,
    /// The hash of what it was decided by.
    pub calibration: String,
    /// The seed of what was drawn.
    pub seed: u64,
}

impl From<&MadeWith> for MadeWithDto {
    fn from(made_with: &MadeWith) -> Self {
        let MadeWith { model, index, prompts, calibration, seed } = made_with.clone();
        Self { model, index, prompts, calibration, seed }
    }
}

/// An entry as it was in use once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EntryVersion)]
pub struct EntryVersionDto {
    /// Its name: the hash of question and answer.
    pub version: String,
    /// The entry's id at that time.
    pub entry_id: String,
    /// Its question.
    pub question: String,
    /// Its answer, as shoppers read it; statements cut characters of it.
    pub answer: String,
    /// When it was first in use.
    #[schema(format = DateTime)]
    pub seen_at: String,
}

impl From<EntryVersion> for EntryVersionDto {
    fn from(kept: EntryVersion) -> Self {
        let EntryVersion { version, entry_id, question, answer, seen_at } = kept;
        Self { version, entry_id, question, answer, seen_at: time(seen_at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_and_columns_are_for_agents_only() {
        let check = |origin: Origin, shopper: serde_json::Value, agent: serde_json::Value| {
            let statement = Statement { start: 2, end: 9, origin };
            for (viewer, source) in [(Viewer::Shopper, shopper), (Viewer::Agent, agent)] {
                let sent = serde_json::to_value(StatementDto::new(&statement, viewer)).unwrap();
                assert_eq!(sent, json!({"start": 2, "end": 9, "source": source}), "{viewer:?}");
            }
        };
        check(
            Origin::Entry { id: "a/b".into(), version: "00ff".into(), start: 4, end: 11 },
            json!({"type": "entry", "id": "a/b"}),
            json!({"type": "entry", "id": "a/b", "version": "00ff", "start": 4, "end": 11}),
        );
        check(
            Origin::Row { table: "shipments".into(), key: "#W1/2".into(), column: "tracking".into() },
            json!({"type": "order", "number": "#W1"}),
            json!({"type": "row", "table": "shipments", "key": "#W1/2", "column": "tracking"}),
        );
        check(Origin::Phrase { key: "clarify".into() }, json!({"type": "phrase"}), json!({"type": "phrase", "key": "clarify"}));
    }
}

//! What each part of a bot message rests on, and what the message was made with.

/// A part of a bot message: characters `start..end` of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// First character, from 0.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
    /// What it rests on.
    pub origin: Origin,
}

/// What a part of a message rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Characters `start..end` of an entry's answer, word for word but for a first letter that became a capital.
    Entry {
        /// The entry's id.
        id: String,
        /// The version it was taken from: the hash of its question and answer.
        version: String,
        /// First character of the answer, from 0.
        start: usize,
        /// Behind the last one.
        end: usize,
    },
    /// Values of a row, in a sentence of the shop's phrases.
    Row {
        /// The table: `orders`, `order_items`, `payments`, `shipments`.
        table: String,
        /// Which row: the order's number, and behind a slash what tells the row from others of the order.
        key: String,
        /// The column, or several with a comma between them.
        column: String,
    },
    /// A phrase of the shop's, without any fact in it.
    Phrase {
        /// Its key in `prompts/phrases`.
        key: String,
    },
}

/// What a bot message was made with: the same again make the same message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MadeWith {
    /// The language model's name and hash, or `stored`.
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

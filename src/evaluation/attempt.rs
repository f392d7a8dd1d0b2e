//! One message of which it is known what should be found, asked.

use crate::confidence::{self, Example};
use crate::inference::Embed;
use crate::knowledge::EntryId;
use crate::retrieval::{Hit, RetrievalError, Retriever};

/// Messages that are embedded at once.
const BATCH: usize = 64;

/// A message with what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// What was asked.
    pub message: String,
    /// The entry that answers it; `None` where none does.
    pub expected: Option<EntryId>,
    /// The entry that was found first.
    pub found: Option<EntryId>,
    /// What speaks for that one.
    pub log_odds: Option<f64>,
}

impl Attempt {
    /// What the hits of a search make of it.
    pub fn of(message: &str, expected: Option<EntryId>, hits: &[Hit]) -> Self {
        let found = hits.first().map(|hit| hit.entry.id.clone());
        Self { message: message.to_owned(), expected, found, log_odds: confidence::log_odds(hits) }
    }

    /// Searches as a turn does.
    pub fn search(retriever: &Retriever, message: &str, expected: Option<EntryId>) -> Result<Self, RetrievalError> {
        Ok(Self::of(message, expected, &retriever.candidates(message)?))
    }

    /// Whether an answer would be right. To a message that nothing covers there is no right one.
    pub fn is_right(&self) -> bool {
        self.expected.is_some() && self.expected == self.found
    }

    /// What a calibration learns from it.
    pub fn example(&self) -> Example {
        Example { log_odds: self.log_odds, right: self.is_right() }
    }
}

/// Embeds messages in batches, so that searching for them later does not embed them one by one; tells how many are done after each.
pub(super) fn embed_all(embed: &dyn Embed, messages: &[&str], progress: &dyn Fn(usize)) -> Result<(), RetrievalError> {
    for (number, batch) in messages.chunks(BATCH).enumerate() {
        embed.embed(batch)?;
        progress((number * BATCH + batch.len()).min(messages.len()));
    }
    Ok(())
}

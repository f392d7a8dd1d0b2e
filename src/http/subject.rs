//! The title of a ticket that a person, not the bot, opens.

use super::state::AppState;
use crate::conversation::{Author, ConversationId};
use crate::support::StoreError;
use crate::support::text::ellipsis;

/// How far back a message is looked for.
const LOOK_BACK: u32 = 30;
/// The longest subject in characters.
const LIMIT: usize = 120;

/// The shopper's last message in one line.
pub(super) async fn subject_of(state: &AppState, id: Option<ConversationId>) -> Result<String, StoreError> {
    let messages = match id {
        Some(id) => state.conversations.messages(id, LOOK_BACK).await?,
        None => Vec::new(),
    };
    let last = messages.iter().rev().find(|message| message.author == Author::Shopper);
    Ok(last.map_or_else(
        || "Asked for a person".to_owned(),
        |message| ellipsis(&message.content.split_whitespace().collect::<Vec<_>>().join(" "), LIMIT),
    ))
}

//! Stored and passing events as both sides' streams write them.

use axum::response::sse::Event as Frame;

use super::dto::Viewer;
use super::dto::event::{DeltaEvent, RatedEvent, StatusChangedEvent, TypingEvent, UpdatedEvent};
use super::sse;
use super::state::AppState;
use crate::conversation::{Event, EventKind, Live, LiveKind};
use crate::support::StoreError;

/// A stored event under `number`, if `viewer` sees such.
pub(super) async fn stored(state: &AppState, event: &Event, number: i64, viewer: Viewer) -> Result<Option<Frame>, StoreError> {
    let (name, conversation_id) = (event.kind.name(), event.conversation_id.0);
    Ok(match &event.kind {
        EventKind::MessageCreated(message) | EventKind::MessageUpdated(message) => {
            Some(sse::stored(name, number, &state.names.message(message, viewer).await?))
        }
        EventKind::StatusChanged { from, to, reason, .. } => {
            let Some(conversation) = state.conversations.conversation(event.conversation_id).await? else { return Ok(None) };
            let conversation = state.names.conversation(&conversation).await?;
            let data = StatusChangedEvent { conversation_id, conversation, from: (*from).into(), to: (*to).into(), reason: reason.clone() };
            Some(sse::stored(name, number, &data))
        }
        EventKind::Updated(update) => {
            let Some(conversation) = state.conversations.conversation(event.conversation_id).await? else { return Ok(None) };
            let conversation = state.names.conversation(&conversation).await?;
            Some(sse::stored(name, number, &UpdatedEvent { conversation_id, conversation, what: update.as_str() }))
        }
        EventKind::Rated { rating, comment } if viewer == Viewer::Agent => {
            Some(sse::stored(name, number, &RatedEvent { conversation_id, rating: *rating, comment: comment.clone() }))
        }
        EventKind::Rated { .. } => None,
    })
}

/// A notice that is not stored, if `viewer` sees such: nobody is told of their own typing, and agents see a reply when it is stored. Word by word it
/// would be thousands of events a second for all consoles together, of conversations that nobody has on their screen.
pub(super) fn passing(live: &Live, viewer: Viewer) -> Option<Frame> {
    let conversation_id = live.conversation_id.0;
    match &live.kind {
        LiveKind::Changed => None,
        LiveKind::Delta { .. } if viewer == Viewer::Agent => None,
        LiveKind::Delta { message_id, text } => {
            Some(sse::passing("message.delta", &DeltaEvent { conversation_id, message_id: message_id.0, text: text.clone() }))
        }
        LiveKind::Typing { who: "shopper", .. } if viewer == Viewer::Shopper => None,
        LiveKind::Typing { who, on } => Some(sse::passing("typing", &TypingEvent { conversation_id, who, on: *on })),
    }
}

//! Reading the log.

use super::Backend;
use super::error::store_error;
use super::rows::{EventRow, message_columns};
use crate::conversation::{ConversationId, Event};
use crate::support::StoreError;

macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT e.id AS e_id, e.conversation_id AS e_conversation_id, e.seq AS e_seq, e.type AS e_type, e.actor AS e_actor, e.at AS e_at, \
             e.payload AS e_payload, ",
            message_columns!(),
            " FROM events e LEFT JOIN messages m ON m.id = e.message_id WHERE ",
            $rest
        )
    };
}

statements! {
    OF_CONVERSATION = select_events!("e.conversation_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3");
    OF_ALL = select_events!("e.id > $1 ORDER BY e.id LIMIT $2");
    NEWEST_ID = "SELECT COALESCE(MAX(id), 0) FROM events";
}

impl Backend {
    /// [`crate::conversation::Conversations::events_after`]
    pub(super) async fn events_of(&self, id: ConversationId, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let query = sqlx::query_as::<_, EventRow>(OF_CONVERSATION).bind(id.0).bind(seq).bind(i64::from(limit));
        query.fetch_all(self.readers()).await.map_err(store_error)?.into_iter().map(EventRow::event).collect()
    }

    /// [`crate::conversation::Conversations::all_events_after`]
    pub(super) async fn events_of_all(&self, id: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let query = sqlx::query_as::<_, EventRow>(OF_ALL).bind(id).bind(i64::from(limit));
        query.fetch_all(self.readers()).await.map_err(store_error)?.into_iter().map(EventRow::event).collect()
    }

    /// [`crate::conversation::Conversations::last_event_id`]
    pub(super) async fn newest_event_id(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar(NEWEST_ID).fetch_one(self.readers()).await.map_err(store_error)
    }
}

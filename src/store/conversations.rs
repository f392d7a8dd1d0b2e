//! Contacts, their sessions, and what a shopper does in a conversation.

use async_trait::async_trait;

use super::Backend;
use super::error::store_error;
use super::ledger::{self, Draft, Ledger};
use super::rows::{ContactRow, ConversationRow, MessageRow, message_columns};
use crate::conversation::{
    Act, Actor, AppendShopper, Appended, Author, Contact, ContactId, Conversation, ConversationId, Conversations, Event, EventKind,
    Feedback, Message, Rating, Step, TurnCommit, TurnOutcome, TurnSnapshot,
};
use crate::support::{StoreError, Timestamp};

/// How long a widget session lasts: a shopper who comes back within a year finds their conversation.
const SESSION_MICROS: i64 = 365 * 24 * 60 * 60 * 1_000_000;

statements! {
    INSERT_CONTACT = "INSERT INTO contacts (id, name, email, created_at) VALUES ($1, $2, $3, $4)";
    INSERT_SESSION = "INSERT INTO widget_sessions (token_hash, contact_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    CONTACT_OF_SESSION = "SELECT c.id, c.name, c.email, c.created_at FROM contacts c \
        JOIN widget_sessions s ON s.contact_id = c.id WHERE s.token_hash = $1 AND s.expires_at > $2";
    CONTACT = "SELECT id, name, email, created_at FROM contacts WHERE id = $1";
    /// Over all conversations of the contact: a retry may come after the first one was resolved.
    BY_ECHO = concat!(
        "SELECT ", message_columns!(), " FROM messages m WHERE m.author_id = $1 AND m.echo_id = $2 AND m.author = 'shopper' \
         ORDER BY m.created_at LIMIT 1"
    );
    MESSAGES = concat!("SELECT ", message_columns!(), " FROM messages m WHERE m.conversation_id = $1 ORDER BY m.seq DESC LIMIT $2");
    BOT_MESSAGE_OF_CONTACT = concat!(
        "SELECT ", message_columns!(), " FROM messages m JOIN conversations c ON c.id = m.conversation_id \
         WHERE m.id = $1 AND m.author = 'bot' AND c.contact_id = $2"
    );
    SET_HELPFUL = "UPDATE messages SET helpful = $2 WHERE id = $1";
    SET_RATING = "INSERT INTO ratings (conversation_id, rating, comment, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (conversation_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment, at = excluded.at";
}

#[async_trait]
impl Conversations for Backend {
    async fn create_session(&self, contact: &Contact, token_hash: [u8; 32]) -> Result<(), StoreError> {
        let created = contact.created_at.as_microsecond();
        let mut tx = self.write().await?;
        sqlx::query(INSERT_CONTACT)
            .bind(contact.id.0)
            .bind(&contact.name)
            .bind(&contact.email)
            .bind(created)
            .execute(&mut *tx)
            .await
            .map_err(store_error)?;
        sqlx::query(INSERT_SESSION)
            .bind(token_hash.as_slice())
            .bind(contact.id.0)
            .bind(created)
            .bind(created.saturating_add(SESSION_MICROS))
            .execute(&mut *tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn contact_of_session(&self, token_hash: [u8; 32], at: Timestamp) -> Result<Option<Contact>, StoreError> {
        let query = sqlx::query_as::<_, ContactRow>(CONTACT_OF_SESSION).bind(token_hash.as_slice()).bind(at.as_microsecond());
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(ContactRow::contact).transpose()
    }

    async fn conversation_of_contact(&self, contact_id: ContactId) -> Result<Option<Conversation>, StoreError> {
        let query = sqlx::query_as::<_, ConversationRow>(ledger::OF_CONTACT).bind(contact_id.0);
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(|row| row.conversation()).transpose()
    }

    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let query = sqlx::query_as::<_, ConversationRow>(ledger::CONVERSATION).bind(id.0);
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(|row| row.conversation()).transpose()
    }

    async fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let query = sqlx::query_as::<_, ContactRow>(CONTACT).bind(id.0);
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(ContactRow::contact).transpose()
    }

    async fn append_shopper(&self, append: AppendShopper) -> Result<Appended, StoreError> {
        let mut tx = self.write_for(append.contact_id).await?;
        let retried = sqlx::query_as::<_, MessageRow>(BY_ECHO).bind(append.contact_id.0).bind(append.echo_id.as_str());
        if let Some(row) = retried.fetch_optional(&mut *tx).await.map_err(store_error)? {
            let message = row.message()?;
            let query = sqlx::query_as::<_, ConversationRow>(ledger::CONVERSATION).bind(message.conversation_id.0);
            let conversation = query.fetch_one(&mut *tx).await.map_err(store_error)?.conversation()?;
            return Ok(Appended { message, conversation, duplicate: true });
        }

        let mut ledger = Ledger::of_contact_or_new(&mut tx, append.contact_id, append.conversation_id, append.at).await?;
        if let Step::Goes(change) = ledger.conversation.step(Act::ShopperWrites) {
            ledger.go(&Actor::Shopper, &change).await?;
        }
        let draft = Draft {
            id: append.message_id,
            author: Author::Shopper,
            content: append.content.as_str().to_owned(),
            echo_id: Some(append.echo_id),
            trace: None,
        };
        let message = ledger.message(&Actor::Shopper, draft).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(Appended { message, conversation, duplicate: false })
    }

    async fn messages(&self, id: ConversationId, limit: u32) -> Result<Vec<Message>, StoreError> {
        let query = sqlx::query_as::<_, MessageRow>(MESSAGES).bind(id.0).bind(i64::from(limit));
        let rows = query.fetch_all(self.readers()).await.map_err(store_error)?;
        rows.into_iter().rev().map(MessageRow::message).collect()
    }

    async fn events_after(&self, id: ConversationId, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.events_of(id, seq, limit).await
    }

    async fn all_events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.events_of_all(id, limit).await
    }

    async fn last_event_id(&self) -> Result<i64, StoreError> {
        self.newest_event_id().await
    }

    async fn begin_turn(&self, id: ConversationId) -> Result<Option<TurnSnapshot>, StoreError> {
        self.turn_snapshot(id).await
    }

    async fn commit_turn(&self, commit: TurnCommit) -> Result<TurnOutcome, StoreError> {
        self.turn_commit(commit).await
    }

    async fn due_turns(&self) -> Result<Vec<ConversationId>, StoreError> {
        self.turns_due().await
    }

    async fn feedback(&self, feedback: Feedback) -> Result<Option<Message>, StoreError> {
        let mut tx = self.write_for(feedback.contact_id).await?;
        let query = sqlx::query_as::<_, MessageRow>(BOT_MESSAGE_OF_CONTACT).bind(feedback.message_id.0).bind(feedback.contact_id.0);
        let Some(row) = query.fetch_optional(&mut *tx).await.map_err(store_error)? else { return Ok(None) };
        let mut message = row.message()?;
        if message.helpful == Some(feedback.helpful) {
            return Ok(Some(message));
        }
        message.helpful = Some(feedback.helpful);
        sqlx::query(SET_HELPFUL).bind(message.id.0).bind(feedback.helpful).execute(&mut *tx).await.map_err(store_error)?;
        let Some(mut ledger) = Ledger::of(&mut tx, message.conversation_id, feedback.at).await? else { return Ok(None) };
        ledger.event(&Actor::Shopper, EventKind::MessageUpdated(Box::new(message.clone()))).await?;
        ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(Some(message))
    }

    async fn rate(&self, rating: Rating) -> Result<Option<Conversation>, StoreError> {
        let mut tx = self.write_for(rating.contact_id).await?;
        let Some(mut ledger) = Ledger::of_contact(&mut tx, rating.contact_id, rating.at).await? else { return Ok(None) };
        sqlx::query(SET_RATING)
            .bind(ledger.conversation.id.0)
            .bind(i64::from(rating.rating))
            .bind(&rating.comment)
            .bind(rating.at.as_microsecond())
            .execute(ledger.tx())
            .await
            .map_err(store_error)?;
        ledger.event(&Actor::Shopper, EventKind::Rated { rating: rating.rating, comment: rating.comment }).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(Some(conversation))
    }
}

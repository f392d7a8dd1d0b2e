//! What happens to one conversation within one transaction. The only place that gives out sequence numbers.

use super::codes::{RatedJson, StatusChangedJson, UpdatedJson, actor_code, json, made_with_json, sources_json, statements_json};
use super::error::store_error;
use super::rows::{ConversationRow, conversation_columns};
use super::{Connection, announce, lock_log};
use crate::conversation::{
    Actor, Assistance, Author, BotTrace, Change, ContactId, Conversation, ConversationId, EchoId, Event, EventKind, Hands, Message,
    MessageId, Update,
};
use crate::support::{StoreError, Timestamp};

macro_rules! select_conversation {
    ($($rest:expr),+) => { concat!("SELECT ", conversation_columns!(), " FROM conversations c WHERE ", $($rest),+) };
}

/// The one that is not resolved, else the last one.
macro_rules! select_conversation_of_contact {
    ($($rest:expr)?) => {
        select_conversation!(
            "c.contact_id = $1 ORDER BY CASE WHEN c.status = 'resolved' THEN 1 ELSE 0 END, c.created_at DESC, c.id DESC LIMIT 1"
            $(, $rest)?
        )
    };
}

statements! {
    CONVERSATION = select_conversation!("c.id = $1");
    /// To be changed: whoever else wants to change it waits until this transaction ends.
    CONVERSATION_TO_CHANGE = select_conversation!("c.id = $1", for_update!());
    OF_CONTACT = select_conversation_of_contact!();
    OF_CONTACT_TO_CHANGE = select_conversation_of_contact!(for_update!());
    BEGIN = "INSERT INTO conversations \
        (id, contact_id, status, fence, generation, answered_generation, last_seq, context_seq, created_at, updated_at) \
        VALUES ($1, $2, 'pending', 0, 0, 0, 0, 0, $3, $3)";
    SAVE = "UPDATE conversations SET status = $2, assignee_id = $3, fence = $4, generation = $5, answered_generation = $6, \
        last_seq = $7, context_seq = $8, waiting_since = $9, updated_at = $10, assisted = $11, snoozed_until = $12 WHERE id = $1";
    INSERT_MESSAGE = "INSERT INTO messages \
        (id, conversation_id, seq, author, author_id, content, echo_id, created_at, decision, confidence, sources, model, milliseconds, \
        statements, made_with) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    INSERT_EVENT = "INSERT INTO events (conversation_id, seq, type, actor, at, message_id, payload) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
}

/// A message to add; the ledger gives it its number.
pub(super) struct Draft {
    pub(super) id: MessageId,
    pub(super) author: Author,
    pub(super) content: String,
    pub(super) echo_id: Option<EchoId>,
    pub(super) trace: Option<BotTrace>,
}

/// A conversation under change. Nothing of it stands before [`Ledger::save`] and the commit of the transaction.
pub(super) struct Ledger<'t> {
    tx: &'t mut Connection,
    /// As it is now.
    pub(super) conversation: Conversation,
    /// When this happens.
    pub(super) at: Timestamp,
    context_seq: i64,
    events: Vec<Event>,
}

impl<'t> Ledger<'t> {
    /// Takes up a conversation; `None` when there is none of that id.
    pub(super) async fn of(tx: &'t mut Connection, id: ConversationId, at: Timestamp) -> Result<Option<Self>, StoreError> {
        let row: Option<ConversationRow> =
            sqlx::query_as(CONVERSATION_TO_CHANGE).bind(id.0).fetch_optional(&mut *tx).await.map_err(store_error)?;
        row.map(|row| Self::take_up(tx, &row, at)).transpose()
    }

    /// Takes up the contact's conversation, the one that is not resolved before the last one.
    pub(super) async fn of_contact(tx: &'t mut Connection, contact: ContactId, at: Timestamp) -> Result<Option<Self>, StoreError> {
        let row: Option<ConversationRow> =
            sqlx::query_as(OF_CONTACT_TO_CHANGE).bind(contact.0).fetch_optional(&mut *tx).await.map_err(store_error)?;
        row.map(|row| Self::take_up(tx, &row, at)).transpose()
    }

    /// Takes up the contact's conversation, or begins one under `fresh`.
    pub(super) async fn of_contact_or_new(
        tx: &'t mut Connection,
        contact: ContactId,
        fresh: ConversationId,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let found: Option<ConversationRow> =
            sqlx::query_as(OF_CONTACT_TO_CHANGE).bind(contact.0).fetch_optional(&mut *tx).await.map_err(store_error)?;
        let row = match found {
            Some(row) => row,
            None => {
                sqlx::query(BEGIN).bind(fresh.0).bind(contact.0).bind(at.as_microsecond()).execute(&mut *tx).await.map_err(store_error)?;
                sqlx::query_as(CONVERSATION).bind(fresh.0).fetch_one(&mut *tx).await.map_err(store_error)?
            }
        };
        Self::take_up(tx, &row, at)
    }

    fn take_up(tx: &'t mut Connection, row: &ConversationRow, at: Timestamp) -> Result<Self, StoreError> {
        Ok(Self { tx, conversation: row.conversation()?, at, context_seq: row.c_context_seq, events: Vec::new() })
    }

    /// The transaction, for what belongs to the same step: a ticket, a rating.
    pub(super) fn tx(&mut self) -> &mut Connection {
        self.tx
    }

    /// Adds a message.
    pub(super) async fn message(&mut self, actor: &Actor, draft: Draft) -> Result<Message, StoreError> {
        let message = Message {
            id: draft.id,
            conversation_id: self.conversation.id,
            seq: self.conversation.last_seq + 1,
            author: draft.author,
            content: draft.content,
            echo_id: draft.echo_id,
            created_at: self.at,
            trace: draft.trace,
            helpful: None,
        };
        let (author, author_id) = match message.author {
            Author::Shopper => ("shopper", Some(self.conversation.contact_id.0)),
            Author::Bot => ("bot", None),
            Author::Agent(id) => ("agent", Some(id.0)),
            Author::System => ("system", None),
        };
        let trace = message.trace.as_ref();
        sqlx::query(INSERT_MESSAGE)
            .bind(message.id.0)
            .bind(message.conversation_id.0)
            .bind(message.seq)
            .bind(author)
            .bind(author_id)
            .bind(&message.content)
            .bind(message.echo_id.as_ref().map(EchoId::as_str))
            .bind(message.created_at.as_microsecond())
            .bind(trace.map(|trace| trace.decision.as_str()))
            .bind(trace.map(|trace| trace.confidence))
            .bind(trace.map(|trace| sources_json(&trace.sources)))
            .bind(trace.map(|trace| trace.model.as_str()))
            .bind(trace.map(|trace| trace.milliseconds))
            .bind(trace.map(|trace| statements_json(&trace.statements)))
            .bind(trace.map(|trace| made_with_json(&trace.made_with)))
            .execute(&mut *self.tx)
            .await
            .map_err(store_error)?;
        self.event(actor, EventKind::MessageCreated(Box::new(message.clone()))).await?;
        Ok(message)
    }

    /// Makes a change that follows from an act, with its events. What it asks of the ticket is [`super::tickets::step`]'s.
    pub(super) async fn go(&mut self, actor: &Actor, change: &Change) -> Result<(), StoreError> {
        let from = self.conversation.status;
        self.conversation.settle(change, self.at);
        if let Some(Hands { status: to, assignee, reason }) = change.hands {
            self.event(actor, EventKind::StatusChanged { from, to, assignee, reason: reason.to_owned() }).await?;
            // With a change of hands the bot's context begins anew.
            self.context_seq = self.conversation.last_seq;
        }
        if let Some(wish) = change.assistance {
            self.event(actor, EventKind::Updated(Update::Assistance(wish))).await?;
        }
        Ok(())
    }

    /// Adds an event.
    pub(super) async fn event(&mut self, actor: &Actor, kind: EventKind) -> Result<(), StoreError> {
        if self.events.is_empty() {
            lock_log(self.tx).await?;
        }
        let seq = self.conversation.last_seq + 1;
        let payload = match &kind {
            EventKind::MessageCreated(_) | EventKind::MessageUpdated(_) => None,
            EventKind::StatusChanged { from, to, assignee, reason } => Some(json(&StatusChangedJson {
                from: from.as_str().to_owned(),
                to: to.as_str().to_owned(),
                assignee: assignee.map(|id| id.0),
                reason: reason.clone(),
            })),
            EventKind::Updated(update) => Some(json(&UpdatedJson { what: update.as_str().to_owned() })),
            EventKind::Rated { rating, comment } => Some(json(&RatedJson { rating: *rating, comment: comment.clone() })),
        };
        let id: i64 = sqlx::query_scalar(INSERT_EVENT)
            .bind(self.conversation.id.0)
            .bind(seq)
            .bind(kind.name())
            .bind(actor_code(actor))
            .bind(self.at.as_microsecond())
            .bind(kind.message_id().map(|id| id.0))
            .bind(payload)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(store_error)?;
        self.conversation.last_seq = seq;
        self.conversation.updated_at = self.at;
        self.events.push(Event { id, conversation_id: self.conversation.id, seq, actor: actor.clone(), at: self.at, kind });
        Ok(())
    }

    /// Writes the conversation back. The caller commits.
    pub(super) async fn save(self) -> Result<(Conversation, Vec<Event>), StoreError> {
        let conversation = &self.conversation;
        sqlx::query(SAVE)
            .bind(conversation.id.0)
            .bind(conversation.status.as_str())
            .bind(conversation.assignee.map(|id| id.0))
            .bind(conversation.fence)
            .bind(conversation.generation)
            .bind(conversation.answered_generation)
            .bind(conversation.last_seq)
            .bind(self.context_seq)
            .bind(conversation.waiting_since.map(Timestamp::as_microsecond))
            .bind(conversation.updated_at.as_microsecond())
            .bind(conversation.assistance == Assistance::On)
            .bind(conversation.snoozed_until.map(Timestamp::as_microsecond))
            .execute(&mut *self.tx)
            .await
            .map_err(store_error)?;
        if let Some(newest) = self.events.last() {
            announce(self.tx, conversation, newest).await?;
        }
        Ok((self.conversation, self.events))
    }
}

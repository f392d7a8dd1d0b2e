//! Rows of conversations, and the domain's values they become. Columns carry the first letter of their table, so that joins flatten.

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use super::codes::{
    RatedJson, StatusChangedJson, UpdatedJson, actor_of, made_with_of, parse, sources_of, statements_of, status_of, time_of,
};
use super::error::unreadable;
use crate::conversation::{
    AgentId, Assistance, Author, BotTrace, Contact, ContactId, Conversation, ConversationId, Decision, EchoId, Event, EventKind,
    HandoffReason, Message, MessageId, Priority, TicketId, Update,
};
use crate::desk::{Ticket, TicketState};
use crate::support::StoreError;

/// The columns of [`ConversationRow`], of a table named `c`.
macro_rules! conversation_columns {
    () => {
        "c.id AS c_id, c.contact_id AS c_contact_id, c.status AS c_status, c.assignee_id AS c_assignee_id, c.fence AS c_fence, \
         c.generation AS c_generation, c.answered_generation AS c_answered_generation, c.last_seq AS c_last_seq, \
         c.context_seq AS c_context_seq, c.waiting_since AS c_waiting_since, c.created_at AS c_created_at, c.updated_at AS c_updated_at, \
         c.assisted AS c_assisted, c.snoozed_until AS c_snoozed_until"
    };
}

/// The columns of [`MessageRow`], of a table named `m`.
macro_rules! message_columns {
    () => {
        "m.id AS m_id, m.conversation_id AS m_conversation_id, m.seq AS m_seq, m.author AS m_author, m.author_id AS m_author_id, \
         m.content AS m_content, m.echo_id AS m_echo_id, m.created_at AS m_created_at, m.decision AS m_decision, \
         m.confidence AS m_confidence, m.sources AS m_sources, m.model AS m_model, m.milliseconds AS m_milliseconds, m.helpful AS m_helpful, \
         m.statements AS m_statements, m.made_with AS m_made_with"
    };
}

/// The columns of [`TicketRecord`], of a table named `t`.
macro_rules! ticket_columns {
    () => {
        "t.id AS t_id, t.number AS t_number, t.conversation_id AS t_conversation_id, t.reason AS t_reason, t.subject AS t_subject, \
         t.state AS t_state, t.assignee_id AS t_assignee_id, t.created_at AS t_created_at, t.first_reply_at AS t_first_reply_at, \
         t.closed_at AS t_closed_at, t.topic AS t_topic, t.priority AS t_priority, t.queue AS t_queue, t.due_at AS t_due_at"
    };
}

pub(super) use {conversation_columns, message_columns, ticket_columns};

/// A contact.
#[derive(FromRow)]
pub(super) struct ContactRow {
    id: Uuid,
    name: Option<String>,
    email: Option<String>,
    created_at: i64,
}

impl ContactRow {
    pub(super) fn contact(self) -> Result<Contact, StoreError> {
        Ok(Contact { id: ContactId(self.id), name: self.name, email: self.email, created_at: time_of(self.created_at)? })
    }
}

/// A conversation with what only the store knows of it.
#[derive(FromRow)]
pub(super) struct ConversationRow {
    c_id: Uuid,
    c_contact_id: Uuid,
    c_status: String,
    c_assignee_id: Option<Uuid>,
    c_fence: i64,
    c_generation: i64,
    c_answered_generation: i64,
    c_last_seq: i64,
    pub(super) c_context_seq: i64,
    c_waiting_since: Option<i64>,
    c_created_at: i64,
    c_updated_at: i64,
    c_assisted: bool,
    c_snoozed_until: Option<i64>,
}

impl ConversationRow {
    pub(super) fn conversation(&self) -> Result<Conversation, StoreError> {
        Ok(Conversation {
            id: ConversationId(self.c_id),
            contact_id: ContactId(self.c_contact_id),
            status: status_of(&self.c_status)?,
            assignee: self.c_assignee_id.map(AgentId),
            assistance: if self.c_assisted { Assistance::On } else { Assistance::Off },
            snoozed_until: self.c_snoozed_until.map(time_of).transpose()?,
            waiting_since: self.c_waiting_since.map(time_of).transpose()?,
            fence: self.c_fence,
            generation: self.c_generation,
            answered_generation: self.c_answered_generation,
            last_seq: self.c_last_seq,
            created_at: time_of(self.c_created_at)?,
            updated_at: time_of(self.c_updated_at)?,
        })
    }
}

/// A message.
#[derive(FromRow)]
pub(super) struct MessageRow {
    m_id: Uuid,
    m_conversation_id: Uuid,
    m_seq: i64,
    m_author: String,
    m_author_id: Option<Uuid>,
    m_content: String,
    m_echo_id: Option<String>,
    m_created_at: i64,
    m_decision: Option<String>,
    m_confidence: Option<f64>,
    m_sources: Option<String>,
    m_model: Option<String>,
    m_milliseconds: Option<i64>,
    m_helpful: Option<bool>,
    m_statements: Option<String>,
    m_made_with: Option<String>,
}

impl MessageRow {
    pub(super) fn message(self) -> Result<Message, StoreError> {
        let author = match (self.m_author.as_str(), self.m_author_id) {
            ("shopper", _) => Author::Shopper,
            ("bot", _) => Author::Bot,
            ("system", _) => Author::System,
            ("agent", Some(id)) => Author::Agent(AgentId(id)),
            (other, _) => return Err(unreadable("a message's author", other)),
        };
        let echo_id = self.m_echo_id.map(|id| EchoId::parse(&id).ok_or_else(|| unreadable("a message's echo_id", &id))).transpose()?;
        let trace = match self.m_decision {
            None => None,
            Some(decision) => Some(BotTrace {
                decision: Decision::parse(&decision).ok_or_else(|| unreadable("a message's decision", &decision))?,
                confidence: self.m_confidence.unwrap_or_default(),
                sources: self.m_sources.as_deref().map(sources_of).transpose()?.unwrap_or_default(),
                statements: self.m_statements.as_deref().map(statements_of).transpose()?.unwrap_or_default(),
                made_with: self.m_made_with.as_deref().map(made_with_of).transpose()?.unwrap_or_default(),
                model: self.m_model.unwrap_or_default(),
                milliseconds: self.m_milliseconds.unwrap_or_default(),
            }),
        };
        Ok(Message {
            id: MessageId(self.m_id),
            conversation_id: ConversationId(self.m_conversation_id),
            seq: self.m_seq,
            author,
            content: self.m_content,
            echo_id,
            created_at: time_of(self.m_created_at)?,
            trace,
            helpful: self.m_helpful,
        })
    }
}

/// The message of an outer join, where there is one.
pub(super) struct MessageSlot(Option<MessageRow>);

impl MessageSlot {
    pub(super) fn message(self) -> Result<Option<Message>, StoreError> {
        self.0.map(MessageRow::message).transpose()
    }
}

impl<'r, R: Row> FromRow<'r, R> for MessageSlot
where
    MessageRow: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let id: Option<Uuid> = row.try_get("m_id")?;
        id.map(|_| MessageRow::from_row(row)).transpose().map(Self)
    }
}

/// An event with its message.
#[derive(FromRow)]
pub(super) struct EventRow {
    e_id: i64,
    e_conversation_id: Uuid,
    e_seq: i64,
    e_type: String,
    e_actor: String,
    e_at: i64,
    e_payload: Option<String>,
    #[sqlx(flatten)]
    message: MessageSlot,
}

impl EventRow {
    pub(super) fn event(self) -> Result<Event, StoreError> {
        let payload = self.e_payload.unwrap_or_default();
        let kind = match (self.e_type.as_str(), self.message.message()?) {
            ("message.created", Some(message)) => EventKind::MessageCreated(Box::new(message)),
            ("message.updated", Some(message)) => EventKind::MessageUpdated(Box::new(message)),
            ("conversation.status_changed", _) => {
                let change: StatusChangedJson = parse("an event's payload", &payload)?;
                EventKind::StatusChanged {
                    from: status_of(&change.from)?,
                    to: status_of(&change.to)?,
                    assignee: change.assignee.map(AgentId),
                    reason: change.reason,
                }
            }
            ("conversation.updated", _) => {
                let UpdatedJson { what } = parse("an event's payload", &payload)?;
                EventKind::Updated(Update::parse(&what).ok_or_else(|| unreadable("an event's payload", &what))?)
            }
            ("conversation.rated", _) => {
                let RatedJson { rating, comment } = parse("an event's payload", &payload)?;
                EventKind::Rated { rating, comment }
            }
            (other, _) => return Err(unreadable("an event's type", other)),
        };
        Ok(Event {
            id: self.e_id,
            conversation_id: ConversationId(self.e_conversation_id),
            seq: self.e_seq,
            actor: actor_of(&self.e_actor)?,
            at: time_of(self.e_at)?,
            kind,
        })
    }
}

/// A ticket.
#[derive(FromRow)]
pub(super) struct TicketRecord {
    t_id: Uuid,
    t_number: i64,
    t_conversation_id: Uuid,
    t_reason: String,
    t_subject: String,
    t_state: String,
    t_assignee_id: Option<Uuid>,
    t_created_at: i64,
    t_first_reply_at: Option<i64>,
    t_closed_at: Option<i64>,
    t_topic: Option<String>,
    t_priority: String,
    t_queue: String,
    t_due_at: Option<i64>,
}

impl TicketRecord {
    pub(super) fn ticket(self) -> Result<Ticket, StoreError> {
        Ok(Ticket {
            id: TicketId(self.t_id),
            number: self.t_number,
            conversation_id: ConversationId(self.t_conversation_id),
            reason: HandoffReason::parse(&self.t_reason).ok_or_else(|| unreadable("a ticket's reason", &self.t_reason))?,
            topic: self.t_topic,
            subject: self.t_subject,
            priority: Priority::parse(&self.t_priority).ok_or_else(|| unreadable("a ticket's priority", &self.t_priority))?,
            queue: self.t_queue,
            due_at: self.t_due_at.map(time_of).transpose()?,
            state: match self.t_state.as_str() {
                "open" => TicketState::Open,
                "closed" => TicketState::Closed,
                other => return Err(unreadable("a ticket's state", other)),
            },
            assignee: self.t_assignee_id.map(AgentId),
            created_at: time_of(self.t_created_at)?,
            first_reply_at: self.t_first_reply_at.map(time_of).transpose()?,
            closed_at: self.t_closed_at.map(time_of).transpose()?,
        })
    }
}

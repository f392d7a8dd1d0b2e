//! A ticket: the desk's promise that a person will look at a conversation.

use crate::conversation::{AgentId, ConversationId, HandoffReason, Priority, TicketId};
use crate::support::Timestamp;

/// Whether a ticket waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// It does.
    Open,
    /// It does not any more.
    Closed,
}

/// A ticket as stored. A conversation has at most one that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// 1, 2, 3 …: what people call it.
    pub number: i64,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// Why it exists.
    pub reason: HandoffReason,
    /// The topic of a sensitive message.
    pub topic: Option<String>,
    /// What the shopper wants.
    pub subject: String,
    /// How soon it wants somebody.
    pub priority: Priority,
    /// Whose work it is.
    pub queue: String,
    /// When the first reply is due.
    pub due_at: Option<Timestamp>,
    /// Open or closed.
    pub state: TicketState,
    /// Who took it.
    pub assignee: Option<AgentId>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When the first agent reply was sent.
    pub first_reply_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

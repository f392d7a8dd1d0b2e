//! What the desk asks of a store. One method is one transaction.

use async_trait::async_trait;

use super::Ticket;
use crate::conversation::{AgentId, Assistance, ContactId, Content, Conversation, ConversationId, EchoId, Handoff, Message, MessageId};
use crate::support::{StoreError, Timestamp};

/// Which tickets a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Open and nobody's.
    Unassigned,
    /// Open and this agent's.
    Mine(AgentId),
    /// All that are open.
    Open,
    /// Closed, the latest first.
    Closed,
}

/// A line of the ticket list.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRow {
    /// The ticket.
    pub ticket: Ticket,
    /// Its conversation.
    pub conversation: Conversation,
    /// The contact's name or e-mail, if known.
    pub contact_name: Option<String>,
    /// The newest message that is not the system's.
    pub last_message: Option<Message>,
    /// Whether the shopper wrote last: somebody waits.
    pub waiting: bool,
}

/// How many tickets stand in each list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Open and nobody's.
    pub unassigned: i64,
    /// Open and the asking agent's.
    pub mine: i64,
    /// All open.
    pub open: i64,
}

/// Takes a conversation for an agent.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// Which.
    pub conversation_id: ConversationId,
    /// Who.
    pub agent_id: AgentId,
    /// When.
    pub at: Timestamp,
}

/// An agent's message.
#[derive(Debug, Clone)]
pub struct AgentReply {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Who.
    pub agent_id: AgentId,
    /// The id that the message will have.
    pub message_id: MessageId,
    /// The text.
    pub content: Content,
    /// The client's id: a retry adds nothing.
    pub echo_id: EchoId,
    /// When.
    pub at: Timestamp,
}

/// A shopper's request for a person by the widget's button.
#[derive(Debug, Clone)]
pub struct PersonRequest {
    /// Whose.
    pub contact_id: ContactId,
    /// The id of the conversation that is begun where the contact has none.
    pub conversation_id: ConversationId,
    /// The id of the line.
    pub message_id: MessageId,
    /// The one message that the shopper sees.
    pub line: String,
    /// The ticket to open.
    pub handoff: Handoff,
    /// When.
    pub at: Timestamp,
}

/// A shopper's wish that the bot goes on while they wait, or that it does not any more.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Whose.
    pub contact_id: ContactId,
    /// Which.
    pub assistance: Assistance,
    /// When.
    pub at: Timestamp,
}

/// An address that a shopper leaves; it says nothing about who they are.
#[derive(Debug, Clone)]
pub struct EmailLeft {
    /// Whose.
    pub contact_id: ContactId,
    /// The address, of the form of one.
    pub email: String,
    /// When.
    pub at: Timestamp,
}

/// What became of an action.
#[derive(Debug, Clone)]
pub enum DeskOutcome<T> {
    /// It is done.
    Done(T),
    /// No such conversation.
    NotFound,
    /// Another agent has it.
    TakenBy(AgentId),
    /// The state does not allow it (a reply to a resolved conversation); the text says what does.
    Refused(&'static str),
}

/// The store of tickets.
#[async_trait]
pub trait Desk: Send + Sync {
    /// The tickets of a list, at most `limit`. Whoever waits for an answer comes first; among them what is overdue `now`, then by priority, then who
    /// waits longest. Closed ones: the latest first.
    async fn tickets(&self, queue: Queue, now: Timestamp, limit: u32) -> Result<Vec<TicketRow>, StoreError>;

    /// How many stand where.
    async fn counts(&self, agent: AgentId) -> Result<QueueCounts, StoreError>;

    /// The newest ticket of a conversation.
    async fn ticket_of(&self, id: ConversationId) -> Result<Option<Ticket>, StoreError>;

    /// Opens a ticket on the shopper's own request. A conversation that waits for a person already stays as it is.
    async fn request_person(&self, request: PersonRequest) -> Result<Conversation, StoreError>;

    /// Takes a conversation (also out of the bot's hands, opening a ticket under `handoff` if it has none). From then on the bot is silent.
    async fn claim(&self, claim: Claim, handoff: Handoff) -> Result<DeskOutcome<Conversation>, StoreError>;

    /// Stores an agent's reply; takes the conversation first if it is nobody's. Idempotent by `echo_id`.
    async fn reply(&self, reply: AgentReply) -> Result<DeskOutcome<Message>, StoreError>;

    /// Lets the bot go on in a conversation that waits for a person, or not any more. Not found where the shopper has no conversation.
    async fn wish(&self, wish: Wish) -> Result<DeskOutcome<Conversation>, StoreError>;

    /// Keeps a shopper's e-mail address; their conversation, where they have one, says that it was left.
    async fn leave_email(&self, left: EmailLeft) -> Result<Option<Conversation>, StoreError>;

    /// Puts a conversation aside; it comes back at `until`, or when the shopper writes.
    async fn snooze(&self, claim: Claim, until: Timestamp) -> Result<DeskOutcome<Conversation>, StoreError>;

    /// Brings back what was put aside until now; the conversations that came back.
    async fn wake_snoozed(&self, now: Timestamp) -> Result<Vec<Conversation>, StoreError>;

    /// Closes ticket and conversation.
    async fn resolve(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError>;

    /// Gives the conversation back to the bot, closing the ticket.
    async fn return_to_bot(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError>;
}

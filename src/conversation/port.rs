//! What the conversation asks of a store. One method is one transaction.

use async_trait::async_trait;

use super::{BotTrace, ContactId, Content, Conversation, ConversationId, EchoId, Event, Handoff, Message, MessageId};
use crate::support::{StoreError, Timestamp};

/// A shopper as the desk knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// As they gave it.
    pub name: Option<String>,
    /// As they gave it; says nothing about who they are.
    pub email: Option<String>,
    /// When they first came.
    pub created_at: Timestamp,
}

/// A message that a shopper sends.
#[derive(Debug, Clone)]
pub struct AppendShopper {
    /// Who.
    pub contact_id: ContactId,
    /// The id that the message will have.
    pub message_id: MessageId,
    /// The id that the conversation will have if this message begins one.
    pub conversation_id: ConversationId,
    /// The text, after redaction.
    pub content: Content,
    /// The client's id.
    pub echo_id: EchoId,
    /// When.
    pub at: Timestamp,
}

/// A message as it was taken in.
#[derive(Debug, Clone)]
pub struct Appended {
    /// The stored message; of a retry, the one stored the first time.
    pub message: Message,
    /// The conversation after it.
    pub conversation: Conversation,
    /// Whether this was a retry that added nothing.
    pub duplicate: bool,
}

/// What a turn reads before it begins.
#[derive(Debug, Clone)]
pub struct TurnSnapshot {
    /// The conversation; `fence` and `generation` go back into the commit.
    pub conversation: Conversation,
    /// Messages since the last handoff or resolution, oldest first, at most the last [`super::past::CONTEXT`].
    pub messages: Vec<Message>,
}

/// What a turn wants to commit.
#[derive(Debug, Clone)]
pub struct TurnCommit {
    /// Where.
    pub conversation_id: ConversationId,
    /// The number that the turn began with.
    pub fence: i64,
    /// The generation that the turn answers.
    pub generation: i64,
    /// When.
    pub at: Timestamp,
    /// The program's version, for the event's actor.
    pub version: String,
    /// What.
    pub reply: TurnReply,
}

/// The bot's message, and the handoff that it announces where there is one.
#[derive(Debug, Clone)]
pub struct TurnReply {
    /// The id that the deltas carried.
    pub message_id: MessageId,
    /// The words.
    pub content: String,
    /// What stands behind them.
    pub trace: BotTrace,
    /// Set when the conversation goes to a person in the same transaction.
    pub handoff: Option<Handoff>,
}

/// What became of a commit.
#[derive(Debug, Clone)]
pub enum TurnOutcome {
    /// It stands; these events were added.
    Committed(Vec<Event>),
    /// The conversation is no longer the bot's, or a newer message came: nothing was written.
    Stale,
}

/// The shopper's word on one bot message.
#[derive(Debug, Clone, Copy)]
pub struct Feedback {
    /// Whose word; a message of another contact's is not found.
    pub contact_id: ContactId,
    /// Which message.
    pub message_id: MessageId,
    /// Whether it helped.
    pub helpful: bool,
    /// When.
    pub at: Timestamp,
}

/// The shopper's word on the conversation.
#[derive(Debug, Clone)]
pub struct Rating {
    /// Whose word.
    pub contact_id: ContactId,
    /// 1 to 5.
    pub rating: u8,
    /// In their words.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The store of conversations.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Makes a contact with a session whose token hashes to `token_hash` (SHA-256).
    async fn create_session(&self, contact: &Contact, token_hash: [u8; 32]) -> Result<(), StoreError>;

    /// The contact of a session token.
    async fn contact_of_session(&self, token_hash: [u8; 32], at: Timestamp) -> Result<Option<Contact>, StoreError>;

    /// The contact's conversation: the one that is not resolved, else the last one.
    async fn conversation_of_contact(&self, contact_id: ContactId) -> Result<Option<Conversation>, StoreError>;

    /// A conversation by id.
    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// The contact of a conversation.
    async fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError>;

    /// Stores a shopper's message, beginning or taking up a conversation where there is none that is open. Idempotent by `echo_id`.
    async fn append_shopper(&self, message: AppendShopper) -> Result<Appended, StoreError>;

    /// The messages of a conversation, oldest first, the last `limit` of them.
    async fn messages(&self, id: ConversationId, limit: u32) -> Result<Vec<Message>, StoreError>;

    /// The events of a conversation after `seq`, oldest first, at most `limit`.
    async fn events_after(&self, id: ConversationId, seq: i64, limit: u32) -> Result<Vec<Event>, StoreError>;

    /// The events of all conversations after the event `id`, oldest first, at most `limit`.
    async fn all_events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>, StoreError>;

    /// The id of the newest event of all, 0 when there is none.
    async fn last_event_id(&self) -> Result<i64, StoreError>;

    /// What a turn reads; `None` when no turn is due.
    async fn begin_turn(&self, id: ConversationId) -> Result<Option<TurnSnapshot>, StoreError>;

    /// Commits a turn if the conversation still stands where the turn began.
    async fn commit_turn(&self, commit: TurnCommit) -> Result<TurnOutcome, StoreError>;

    /// Conversations in which a turn is due: after a crash they are taken up again.
    async fn due_turns(&self) -> Result<Vec<ConversationId>, StoreError>;

    /// Notes the shopper's word on a bot message; `None` when there is no such message of theirs.
    async fn feedback(&self, feedback: Feedback) -> Result<Option<Message>, StoreError>;

    /// Notes the shopper's rating; `None` when they have no conversation.
    async fn rate(&self, rating: Rating) -> Result<Option<Conversation>, StoreError>;
}

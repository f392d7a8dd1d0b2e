//! Bodies of the agents' side.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Assignee, ConversationDto, MessageDto, time};
use crate::conversation::Contact;
use crate::desk::{QueueCounts, Ticket, TicketState};
use crate::identity::{Agent, Role};

/// Logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The agent's e-mail.
    pub email: String,
    /// Their password.
    #[schema(value_type = String, format = Password)]
    pub password: Password,
}

/// A password on its way in. Prints as nothing.
pub struct Password(pub secrecy::SecretString);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Role)]
#[serde(rename_all = "snake_case")]
pub enum RoleDto {
    /// Works the queue.
    Agent,
    /// Works the queue and sees settings.
    Admin,
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentDto {
    /// Their id.
    pub id: Uuid,
    /// What they log in with.
    pub email: String,
    /// What shoppers see.
    pub name: String,
    /// What they may do.
    pub role: RoleDto,
}

impl From<&Agent> for AgentDto {
    fn from(agent: &Agent) -> Self {
        let role = match agent.role {
            Role::Agent => RoleDto::Agent,
            Role::Admin => RoleDto::Admin,
        };
        Self { id: agent.id.0, email: agent.email.as_str().to_owned(), name: agent.name.as_str().to_owned(), role }
    }
}

/// The agent who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgentResponse {
    /// The agent.
    pub agent: AgentDto,
}

/// Sets an agent away, or here again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceBody {
    /// Away, or here again.
    pub away: bool,
}

/// What an agent has set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceResponse {
    /// Away: shoppers are not told that the agent is there, although their console is open.
    pub away: bool,
}

/// Puts a conversation aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeBody {
    /// For how long.
    #[schema(minimum = 1, maximum = 43200)]
    pub minutes: u32,
}

/// Which tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[schema(as = Queue)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    /// Open and nobody's.
    #[default]
    Unassigned,
    /// Open and the asking agent's.
    Mine,
    /// All that are open.
    Open,
    /// Closed, the latest first.
    Closed,
}

/// Which tickets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TicketsQuery {
    /// The list; `unassigned` where none is given.
    #[serde(default)]
    #[param(inline)]
    pub queue: QueueName,
}

/// Whether a ticket waits for somebody.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = TicketState)]
#[serde(rename_all = "snake_case")]
pub enum TicketStateDto {
    /// It does.
    Open,
    /// It does not any more.
    Closed,
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub struct TicketDto {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub number: i64,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Why it exists: `asked`, `low_confidence`, `repeated_failure`, `complaint`, `sensitive`,
    /// `order_not_verified`, `order_change`, `engine_failure`, `policy`.
    #[schema(example = "low_confidence")]
    pub reason: String,
    /// The topic of a sensitive message: `legal`, `safety` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What the shopper wants.
    pub subject: String,
    /// How soon it wants somebody: `urgent`, `high`, `normal`, `low`.
    #[schema(example = "normal")]
    pub priority: String,
    /// Whose work it is.
    #[schema(example = "general")]
    pub queue: String,
    /// When the first reply is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// Open or closed.
    pub state: TicketStateDto,
    /// Who took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// When it was opened.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the first agent reply was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub first_reply_at: Option<String>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
}

impl TicketDto {
    /// The ticket, with its assignee's name.
    pub fn new(ticket: &Ticket, assignee: Option<Assignee>) -> Self {
        let state = match ticket.state {
            TicketState::Open => TicketStateDto::Open,
            TicketState::Closed => TicketStateDto::Closed,
        };
        Self {
            id: ticket.id.0,
            number: ticket.number,
            conversation_id: ticket.conversation_id.0,
            reason: ticket.reason.as_str().to_owned(),
            topic: ticket.topic.clone(),
            subject: ticket.subject.clone(),
            priority: ticket.priority.as_str().to_owned(),
            queue: ticket.queue.clone(),
            due_at: ticket.due_at.map(time),
            state,
            assignee,
            created_at: time(ticket.created_at),
            first_reply_at: ticket.first_reply_at.map(time),
            closed_at: ticket.closed_at.map(time),
        }
    }
}

/// A line of the ticket list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketLine {
    /// The ticket.
    pub ticket: TicketDto,
    /// Its conversation.
    pub conversation: ConversationDto,
    /// The contact's name or e-mail, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<String>,
    /// The newest message that is not the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<MessageDto>,
    /// Whether the shopper wrote last: somebody waits.
    pub waiting: bool,
}

/// How many tickets stand in each list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    /// Open and nobody's.
    pub unassigned: i64,
    /// Open and the asking agent's.
    pub mine: i64,
    /// All open.
    pub open: i64,
}

impl From<QueueCounts> for Counts {
    fn from(counts: QueueCounts) -> Self {
        Self { unassigned: counts.unassigned, mine: counts.mine, open: counts.open }
    }
}

/// A list of tickets.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketsResponse {
    /// Whoever waits for an answer first; among them what is overdue, then by priority, then the longest-waiting. Of the closed ones the latest first.
    pub tickets: Vec<TicketLine>,
    /// How many stand where.
    pub counts: Counts,
}

/// The shopper, as agents see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactDto {
    /// Their id.
    pub id: Uuid,
    /// As they gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As they gave it; says nothing about who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When they first came.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&Contact> for ContactDto {
    fn from(contact: &Contact) -> Self {
        Self { id: contact.id.0, name: contact.name.clone(), email: contact.email.clone(), created_at: time(contact.created_at) }
    }
}

/// A conversation with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationDetail {
    /// The conversation.
    pub conversation: ConversationDto,
    /// Its newest ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketDto>,
    /// The shopper.
    pub contact: ContactDto,
    /// Its last messages, oldest first.
    pub messages: Vec<MessageDto>,
}

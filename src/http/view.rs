//! From the domain to the wire: adds the names of agents.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::dto::agent::TicketDto;
use super::dto::{Assignee, ConversationDto, MessageDto, Viewer};
use crate::conversation::{AgentId, Author, Conversation, Message};
use crate::desk::Ticket;
use crate::identity::Agents;
use crate::support::StoreError;

/// What an agent is called who is no more known.
const UNKNOWN: &str = "Support";

/// Agents' names by id. A name never changes, so one that was read is kept.
pub struct Names {
    agents: Arc<dyn Agents>,
    known: RwLock<HashMap<AgentId, String>>,
}

impl Names {
    pub(super) fn new(agents: Arc<dyn Agents>) -> Self {
        Self { agents, known: RwLock::default() }
    }

    /// The agent's name.
    pub(super) async fn of(&self, id: AgentId) -> Result<String, StoreError> {
        if let Some(name) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(name.clone());
        }
        let Some(agent) = self.agents.agent(id).await? else { return Ok(UNKNOWN.to_owned()) };
        let name = agent.name.as_str().to_owned();
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, name.clone());
        Ok(name)
    }

    pub(super) async fn message(&self, message: &Message, viewer: Viewer) -> Result<MessageDto, StoreError> {
        let name = match message.author {
            Author::Agent(id) => Some(self.of(id).await?),
            Author::Shopper | Author::Bot | Author::System => None,
        };
        Ok(MessageDto::new(message, name, viewer))
    }

    pub(super) async fn messages(&self, messages: &[Message], viewer: Viewer) -> Result<Vec<MessageDto>, StoreError> {
        let mut seen = Vec::with_capacity(messages.len());
        for message in messages {
            seen.push(self.message(message, viewer).await?);
        }
        Ok(seen)
    }

    pub(super) async fn conversation(&self, conversation: &Conversation) -> Result<ConversationDto, StoreError> {
        Ok(ConversationDto::new(conversation, self.assignee(conversation.assignee).await?))
    }

    pub(super) async fn ticket(&self, ticket: &Ticket) -> Result<TicketDto, StoreError> {
        Ok(TicketDto::new(ticket, self.assignee(ticket.assignee).await?))
    }

    async fn assignee(&self, id: Option<AgentId>) -> Result<Option<Assignee>, StoreError> {
        match id {
            None => Ok(None),
            Some(id) => Ok(Some(Assignee { id: id.0, name: self.of(id).await? })),
        }
    }
}

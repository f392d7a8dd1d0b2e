//! What identity asks of a store.

use async_trait::async_trait;

use super::{Agent, Email, PasswordHash, TokenHash};
use crate::conversation::AgentId;
use crate::support::{StoreError, Timestamp};

/// An agent to add.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// The agent.
    pub agent: Agent,
    /// Their password, hashed.
    pub password: PasswordHash,
}

/// The store of agents and their sessions.
#[async_trait]
pub trait Agents: Send + Sync {
    /// Adds an agent; `false` when the e-mail is taken.
    async fn add(&self, new: NewAgent) -> Result<bool, StoreError>;

    /// All agents, by name.
    async fn list(&self) -> Result<Vec<Agent>, StoreError>;

    /// An agent by id.
    async fn agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError>;

    /// An agent with their password, to log in.
    async fn credentials(&self, email: &Email) -> Result<Option<(Agent, PasswordHash)>, StoreError>;

    /// Sets a new password and ends the agent's sessions; `false` when there is no such agent.
    async fn set_password(&self, email: &Email, password: PasswordHash) -> Result<bool, StoreError>;

    /// Removes an agent and their sessions; their messages keep their name. `false` when there is no such agent.
    async fn remove(&self, email: &Email) -> Result<bool, StoreError>;

    /// Begins a session.
    async fn begin_session(&self, agent: AgentId, token: TokenHash, at: Timestamp, expires: Timestamp) -> Result<(), StoreError>;

    /// The agent of a session that has not expired.
    async fn agent_of_session(&self, token: TokenHash, at: Timestamp) -> Result<Option<Agent>, StoreError>;

    /// Ends a session.
    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError>;
}

//! Which agents are at the desk. It stands in the store, so that every process that serves the desk knows it.

use async_trait::async_trait;

use crate::conversation::AgentId;
use crate::support::{StoreError, Timestamp};

/// Whether an agent with an open console takes conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They do.
    Here,
    /// They have set themselves away.
    Away,
}

/// The store of who is there. One method is one transaction.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Notes that an agent's console is open. It is to be noted again and again: a process that dies notes nothing, and its agents fade out.
    async fn seen(&self, agent: AgentId, at: Timestamp) -> Result<(), StoreError>;

    /// Notes that the console is closed that was last noted `at`. Where another process has noted one since, it stays.
    async fn left(&self, agent: AgentId, at: Timestamp) -> Result<(), StoreError>;

    /// Sets an agent away, or here again.
    async fn stand(&self, agent: AgentId, standing: Standing) -> Result<(), StoreError>;

    /// What the agent has set.
    async fn standing(&self, agent: AgentId) -> Result<Standing, StoreError>;

    /// How many agents were seen after `since` and are not away.
    async fn here_since(&self, since: Timestamp) -> Result<i64, StoreError>;
}

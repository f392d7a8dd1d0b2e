//! Who is at the desk.

use async_trait::async_trait;

use super::Backend;
use super::error::store_error;
use crate::conversation::AgentId;
use crate::desk::{Presence, Standing};
use crate::support::{StoreError, Timestamp};

statements! {
    SEEN = "INSERT INTO presence (agent_id, seen_at, away) VALUES ($1, $2, FALSE) \
        ON CONFLICT (agent_id) DO UPDATE SET seen_at = excluded.seen_at";
    /// The time is the one that the caller noted: a later one is another process's, whose console is still open.
    LEFT = "UPDATE presence SET seen_at = 0 WHERE agent_id = $1 AND seen_at = $2";
    STAND = "INSERT INTO presence (agent_id, seen_at, away) VALUES ($1, 0, $2) \
        ON CONFLICT (agent_id) DO UPDATE SET away = excluded.away";
    STANDING = "SELECT away FROM presence WHERE agent_id = $1";
    HERE_SINCE = "SELECT COUNT(*) FROM presence p JOIN agents a ON a.id = p.agent_id \
        WHERE p.seen_at > $1 AND p.away = FALSE AND a.removed_at IS NULL";
}

#[async_trait]
impl Presence for Backend {
    async fn seen(&self, agent: AgentId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(SEEN).bind(agent.0).bind(at.as_microsecond()).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn left(&self, agent: AgentId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(LEFT).bind(agent.0).bind(at.as_microsecond()).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn stand(&self, agent: AgentId, standing: Standing) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(STAND).bind(agent.0).bind(standing == Standing::Away).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn standing(&self, agent: AgentId) -> Result<Standing, StoreError> {
        let query = sqlx::query_scalar::<_, bool>(STANDING).bind(agent.0);
        let away = query.fetch_optional(self.readers()).await.map_err(store_error)?.unwrap_or(false);
        Ok(if away { Standing::Away } else { Standing::Here })
    }

    async fn here_since(&self, since: Timestamp) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(HERE_SINCE).bind(since.as_microsecond());
        query.fetch_one(self.readers()).await.map_err(store_error)
    }
}

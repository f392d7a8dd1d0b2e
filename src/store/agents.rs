//! Agents and their sessions.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use super::codes::time_of;
use super::error::{is_unique_violation, store_error, unreadable};
use super::ledger::Ledger;
use super::tickets::{self, With};
use super::{Backend, Connection};
use crate::conversation::{Act, Actor, AgentId, ConversationId, Step};
use crate::identity::{Agent, AgentName, Agents, Email, NewAgent, PasswordHash, Role, TokenHash};
use crate::support::{StoreError, Timestamp};

statements! {
    ADD = "INSERT INTO agents (id, email, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    LIST = "SELECT id, email, name, role, password_hash, created_at FROM agents WHERE removed_at IS NULL ORDER BY name, email";
    /// Also one who was removed: their messages keep their name.
    AGENT = "SELECT id, email, name, role, password_hash, created_at FROM agents WHERE id = $1";
    BY_EMAIL = "SELECT id, email, name, role, password_hash, created_at FROM agents WHERE email = $1 AND removed_at IS NULL";
    SET_PASSWORD = "UPDATE agents SET password_hash = $2 WHERE id = $1";
    REMOVE = "UPDATE agents SET removed_at = $2 WHERE id = $1";
    /// All at once and in one order, before the first event: two of these never wait for each other.
    ASSIGNED = concat!(
        "SELECT c.id FROM conversations c WHERE c.assignee_id = $1 AND c.status <> 'resolved' ORDER BY c.created_at, c.id", for_update!()
    );
    NEWEST_TIME = "SELECT COALESCE(MAX(updated_at), $1) FROM conversations WHERE assignee_id = $2";
    BEGIN_SESSION = "INSERT INTO agent_sessions (token_hash, agent_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    DROP_EXPIRED = "DELETE FROM agent_sessions WHERE expires_at <= $1";
    OF_SESSION = "SELECT a.id, a.email, a.name, a.role, a.password_hash, a.created_at FROM agents a \
        JOIN agent_sessions s ON s.agent_id = a.id WHERE s.token_hash = $1 AND s.expires_at > $2 AND a.removed_at IS NULL";
    END_SESSION = "DELETE FROM agent_sessions WHERE token_hash = $1";
    END_SESSIONS = "DELETE FROM agent_sessions WHERE agent_id = $1";
}

#[derive(FromRow)]
struct AgentRow {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    password_hash: String,
    created_at: i64,
}

impl AgentRow {
    fn agent(&self) -> Result<Agent, StoreError> {
        Ok(Agent {
            id: AgentId(self.id),
            email: Email::parse(&self.email).ok_or_else(|| unreadable("an agent's email", &self.email))?,
            name: AgentName::parse(&self.name).ok_or_else(|| unreadable("an agent's name", &self.name))?,
            role: Role::parse(&self.role).ok_or_else(|| unreadable("an agent's role", &self.role))?,
            created_at: time_of(self.created_at)?,
        })
    }
}

#[async_trait]
impl Agents for Backend {
    async fn add(&self, new: NewAgent) -> Result<bool, StoreError> {
        let NewAgent { agent, password } = new;
        let mut tx = self.write().await?;
        let added = sqlx::query(ADD)
            .bind(agent.id.0)
            .bind(agent.email.as_str())
            .bind(agent.name.as_str())
            .bind(agent.role.as_str())
            .bind(&password.0)
            .bind(agent.created_at.as_microsecond())
            .execute(&mut *tx)
            .await;
        match added {
            Err(error) if is_unique_violation(&error) => Ok(false),
            Err(error) => Err(store_error(error)),
            Ok(_) => tx.commit().await.map(|()| true).map_err(store_error),
        }
    }

    async fn list(&self) -> Result<Vec<Agent>, StoreError> {
        let rows: Vec<AgentRow> = sqlx::query_as(LIST).fetch_all(self.readers()).await.map_err(store_error)?;
        rows.iter().map(AgentRow::agent).collect()
    }

    async fn agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        let row: Option<AgentRow> = sqlx::query_as(AGENT).bind(id.0).fetch_optional(self.readers()).await.map_err(store_error)?;
        row.map(|row| row.agent()).transpose()
    }

    async fn credentials(&self, email: &Email) -> Result<Option<(Agent, PasswordHash)>, StoreError> {
        let row: Option<AgentRow> =
            sqlx::query_as(BY_EMAIL).bind(email.as_str()).fetch_optional(self.readers()).await.map_err(store_error)?;
        row.map(|row| Ok((row.agent()?, PasswordHash(row.password_hash)))).transpose()
    }

    async fn set_password(&self, email: &Email, password: PasswordHash) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let Some(id) = by_email(&mut tx, email).await? else { return Ok(false) };
        sqlx::query(SET_PASSWORD).bind(id.0).bind(&password.0).execute(&mut *tx).await.map_err(store_error)?;
        sqlx::query(END_SESSIONS).bind(id.0).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map(|()| true).map_err(store_error)
    }

    async fn remove(&self, email: &Email) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query_as::<_, AgentRow>(BY_EMAIL).bind(email.as_str());
        let Some(row) = query.fetch_optional(&mut *tx).await.map_err(store_error)? else { return Ok(false) };
        let id = AgentId(row.id);
        // The port hands in no time: the newest that the agent's conversations know is late enough to keep their order.
        let query = sqlx::query_scalar::<_, i64>(NEWEST_TIME).bind(row.created_at).bind(id.0);
        let at = query.fetch_one(&mut *tx).await.map_err(store_error)?;
        give_back(&mut tx, id, time_of(at)?).await?;
        sqlx::query(END_SESSIONS).bind(id.0).execute(&mut *tx).await.map_err(store_error)?;
        sqlx::query(REMOVE).bind(id.0).bind(at).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map(|()| true).map_err(store_error)
    }

    async fn begin_session(&self, agent: AgentId, token: TokenHash, at: Timestamp, expires: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(DROP_EXPIRED).bind(at.as_microsecond()).execute(&mut *tx).await.map_err(store_error)?;
        sqlx::query(BEGIN_SESSION)
            .bind(token.as_slice())
            .bind(agent.0)
            .bind(at.as_microsecond())
            .bind(expires.as_microsecond())
            .execute(&mut *tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }

    async fn agent_of_session(&self, token: TokenHash, at: Timestamp) -> Result<Option<Agent>, StoreError> {
        let query = sqlx::query_as::<_, AgentRow>(OF_SESSION).bind(token.as_slice()).bind(at.as_microsecond());
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(|row| row.agent()).transpose()
    }

    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(END_SESSION).bind(token.as_slice()).execute(&mut *tx).await.map_err(store_error)?;
        tx.commit().await.map_err(store_error)
    }
}

async fn by_email(tx: &mut Connection, email: &Email) -> Result<Option<AgentId>, StoreError> {
    let query = sqlx::query_as::<_, AgentRow>(BY_EMAIL).bind(email.as_str());
    Ok(query.fetch_optional(tx).await.map_err(store_error)?.map(|row| AgentId(row.id)))
}

/// Puts what an agent has back into the queue: nobody waits for a person who is gone.
async fn give_back(tx: &mut Connection, agent: AgentId, at: Timestamp) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(ASSIGNED).bind(agent.0).fetch_all(&mut *tx).await.map_err(store_error)?;
    for id in ids {
        let Some(mut ledger) = Ledger::of(tx, ConversationId(id), at).await? else { continue };
        let Step::Goes(change) = ledger.conversation.step(Act::AgentRemoved) else { continue };
        ledger.go(&Actor::Rule("agent_removed".to_owned()), &change).await?;
        tickets::step(&mut ledger, change.ticket, With::Nothing).await?;
        ledger.save().await?;
    }
    Ok(())
}

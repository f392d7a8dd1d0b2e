//! Logging an agent in.

use secrecy::SecretString;

use super::{Agent, Agents, Email, SessionToken, verify_password};
use crate::support::{Ids, StoreError, Timestamp};

/// How long an agent stays logged in: a long shift.
pub const SESSION_HOURS: i64 = 12;

/// What somebody typed into the login form.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: SecretString,
}

/// Begins a session of [`SESSION_HOURS`]; `None` when address or password is wrong, without a word or a millisecond that says which.
pub async fn login(
    agents: &dyn Agents,
    credentials: Credentials,
    ids: &Ids,
    now: Timestamp,
) -> Result<Option<(Agent, SessionToken)>, StoreError> {
    let known = match Email::parse(&credentials.email) {
        Some(email) => agents.credentials(&email).await?,
        None => None,
    };
    let (agent, hash) = known.unzip();
    // argon2 computes for tens of milliseconds: not on a thread that serves others.
    let right = tokio::task::spawn_blocking(move || verify_password(&credentials.password, hash.as_ref())).await;
    let right = right.map_err(|error| StoreError::Internal(format!("checking a password failed: {error}")))?;
    let Some(agent) = agent.filter(|_| right) else { return Ok(None) };

    let token = SessionToken::parse(&ids.token()).expect("a token of Ids has the form of one");
    let expires = now.saturating_add(jiff::SignedDuration::from_hours(SESSION_HOURS)).unwrap_or(now);
    agents.begin_session(agent.id, token.hash(), now, expires).await?;
    Ok(Some((agent, token)))
}

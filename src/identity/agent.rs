//! A support agent.

use crate::conversation::AgentId;
use crate::support::Timestamp;

/// An e-mail address, lower-cased: one `@` with something on both sides and no white space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Parses an address; at most 254 bytes.
    pub fn parse(raw: &str) -> Option<Self> {
        let email = raw.trim().to_lowercase();
        let (local, domain) = email.split_once('@')?;
        let fits = email.len() <= 254 && !local.is_empty() && domain.len() >= 3 && domain.contains('.') && !domain.contains('@');
        let clean = email.chars().all(|c| !c.is_whitespace() && !c.is_control());
        (fits && clean).then_some(Self(email))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An agent's name as shoppers see it: 1 to 80 characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentName(String);

impl AgentName {
    /// Parses a name.
    pub fn parse(raw: &str) -> Option<Self> {
        let name = raw.trim();
        let fits = (1..=80).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Works the queue.
    Agent,
    /// Works the queue and sees settings.
    Admin,
}

impl Role {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Agent, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }
}

/// An agent as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Their id.
    pub id: AgentId,
    /// What they log in with.
    pub email: Email,
    /// What shoppers see.
    pub name: AgentName,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
}

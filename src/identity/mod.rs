//! Identity: agents, their roles, passwords and sessions; the tokens of widget sessions.

pub mod agent;
pub mod password;
pub mod port;
pub mod token;

pub use agent::{Agent, AgentName, Email, Role};
pub use password::PasswordHash;
pub use port::{Agents, NewAgent};
pub use token::{SessionToken, TokenHash};

//! Identity: agents, their roles, passwords and sessions; the tokens of widget sessions.

pub mod agent;
pub mod login;
pub mod password;
pub mod port;
pub mod token;

pub use agent::{Agent, AgentName, Email, Role};
pub use login::{Credentials, login};
pub use password::{PasswordError, PasswordHash, check_password, hash_password, verify_password};
pub use port::{Agents, NewAgent};
pub use token::{SessionToken, TokenHash};

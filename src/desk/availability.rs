//! Whether somebody is there for a shopper who waits.

use super::office::Opening;

/// What a shopper is told who is handed to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It is within the hours, and somebody is at the desk.
    Online,
    /// It is within the hours, and nobody is.
    Nobody,
    /// Nobody is expected now. `None`: nor is it known when somebody will be.
    Closed {
        /// When the desk opens again.
        opens: Option<Opening>,
    },
}

impl Availability {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Nobody => "nobody",
            Self::Closed { .. } => "closed",
        }
    }
}

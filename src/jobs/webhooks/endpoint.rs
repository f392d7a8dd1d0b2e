//! Where webhooks go.

use secrecy::SecretString;

use crate::conversation::Webhook;

/// Which addresses an endpoint may be at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those that lie in the open.
    Public,
    /// Any, also this machine's own and those of the house.
    Anywhere,
}

/// One receiver of webhooks.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name in the settings.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: SecretString,
    /// What it wants to be told; empty: everything.
    pub events: Vec<Webhook>,
    /// Where it may be.
    pub reach: Reach,
}

impl Endpoint {
    /// Whether it wants to be told that.
    pub fn wants(&self, webhook: Webhook) -> bool {
        self.events.is_empty() || self.events.contains(&webhook)
    }
}

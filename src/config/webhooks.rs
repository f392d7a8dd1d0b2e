//! `[webhooks]`: which other programs are told what happens.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::secret::Secret;
use super::settings::is_base_address;

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Milliseconds for one request.
    pub timeout_ms: u64,
    /// Milliseconds until the first new try.
    pub retry_ms: u64,
    /// Hours for which a delivery is tried.
    pub give_up_hours: u64,
    /// `[webhooks.endpoints.NAME]`
    #[serde(default)]
    pub endpoints: BTreeMap<String, WebhookEndpoint>,
}

/// `[webhooks.endpoints.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpoint {
    /// Where it is.
    pub url: String,
    /// What deliveries are signed with.
    pub secret: Secret,
    /// What it is told; empty: everything.
    #[serde(default)]
    pub events: Vec<WebhookEvent>,
    /// Whether it may be at a private address.
    #[serde(default)]
    pub allow_private: bool,
}

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEvent {
    /// A conversation began.
    ConversationCreated,
    /// It changed hands.
    ConversationStatusChanged,
    /// Something else about it changed.
    ConversationUpdated,
    /// A message was stored.
    MessageCreated,
    /// A message changed.
    MessageUpdated,
    /// A shopper opened the widget.
    WebwidgetTriggered,
}

/// The shortest secret in bytes.
const SHORTEST: usize = 16;

impl Webhooks {
    /// What types alone do not say.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |holds: bool, sentence: String| {
            if !holds {
                faults.push(sentence);
            }
        };
        check((100..=60_000).contains(&self.timeout_ms), "webhooks.timeout_ms must lie between 100 and 60000".to_owned());
        check((10..=600_000).contains(&self.retry_ms), "webhooks.retry_ms must lie between 10 and 600000".to_owned());
        check((1..=720).contains(&self.give_up_hours), "webhooks.give_up_hours must lie between 1 and 720".to_owned());
        for (name, endpoint) in &self.endpoints {
            let key = format!("webhooks.endpoints.{name}");
            let is_name = (1..=40).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
            check(is_name, format!("{key}: an endpoint's name has 1 to 40 of a-z, 0-9, _ and -"));
            check(
                is_address(&endpoint.url),
                format!("{key}.url must be an address such as https://crm.example/hooks, without user, password or #"),
            );
            let secret = endpoint.secret.given().map_or("", |secret| secret.expose_secret());
            check(
                secret.len() >= SHORTEST && secret.bytes().all(|b| b.is_ascii_graphic()),
                format!("{key}.secret must have at least {SHORTEST} visible ASCII characters; `openssl rand -hex 32` makes a good one"),
            );
        }
        faults
    }
}

/// Scheme, host, perhaps a port, a path and a query.
fn is_address(url: &str) -> bool {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    is_base_address(base) && query.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_others() {
        for url in ["https://crm.example/hooks", "http://127.0.0.1:9000", "https://crm.example/hooks?shop=1&x=%20", "https://[::1]:1/"] {
            assert!(is_address(url), "{url}");
        }
        for url in [
            "",
            "crm.example/hooks",
            "https://me:hush@crm.example/",
            "https://crm.example/#a",
            "https://crm.example/?a#b",
            "https://a/?x y",
        ] {
            assert!(!is_address(url), "{url}");
        }
    }
}

//! The settings as types. `default.toml` says what each means.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::database_url;
use super::desk::Desk;
use super::secret::Secret;
use super::webhooks::Webhooks;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[shop]`
    pub shop: Shop,
    /// `[server]`
    pub server: Server,
    /// `[database]`
    pub database: Database,
    /// `[knowledge]`
    pub knowledge: Folder,
    /// `[prompts]`
    pub prompts: Folder,
    /// `[models]`
    pub models: Models,
    /// `[engine]`
    pub engine: Engine,
    /// `[answers]`
    pub answers: Answers,
    /// `[orders]`
    pub orders: Orders,
    /// `[desk]`
    pub desk: Desk,
    /// `[widget]`
    pub widget: Widget,
    /// `[webhooks]`
    pub webhooks: Webhooks,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: Log,
}

/// `[shop]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// What shoppers see as the sender.
    pub name: String,
    /// The language of what the bot says by itself.
    pub locale: String,
    /// The widget's token.
    pub website_token: String,
    /// Whether the demo shop is served.
    pub demo: bool,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address of widget, console and API.
    pub listen: SocketAddr,
    /// Address of the metrics; empty: the next port.
    pub metrics_listen: String,
    /// Everything that the server writes.
    pub data: PathBuf,
    /// Whether forwarded headers are believed.
    pub behind_proxy: bool,
    /// Seconds that running replies may go on after a stop signal.
    pub drain_seconds: u64,
}

impl Server {
    /// Where the metrics listen.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        if !self.metrics_listen.is_empty() {
            return self.metrics_listen.parse().ok();
        }
        let port = self.listen.port();
        Some(SocketAddr::new(self.listen.ip(), if port == 0 { 0 } else { port.checked_add(1)? }))
    }
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Address of a PostgreSQL database; empty for a file in the data folder.
    pub url: Secret,
}

/// A section that names a folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// The folder.
    pub folder: PathBuf,
}

/// `[models]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// Folder of the model files.
    pub folder: PathBuf,
    /// `default` or `quality`.
    pub profile: String,
    /// The adapter with which entries are read; empty for the program's own, `none` for none.
    pub reader: PathBuf,
    /// The adapter by which sentences are chosen; empty: the program's own, `none`: whole answers are said.
    pub chooser: PathBuf,
}

/// `[engine]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Whether a language model is loaded into this process.
    pub enabled: bool,
    /// How many replies may wait.
    pub queue: usize,
    /// Prompt and reply together, in tokens.
    pub context: usize,
    /// How many replies are written side by side.
    pub sequences: usize,
    /// Threads that share the arithmetic; 0 for one for each core, at most eight.
    pub threads: usize,
    /// An adapter of the language model; empty for none.
    pub adapter: PathBuf,
    /// Base address of a model server; empty: only the model of this process.
    pub url: String,
    /// What the server wants to be shown.
    pub api_key: Secret,
    /// The server's name for the model.
    pub model: String,
}

/// Who chooses the words of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerStyle {
    /// The model, out of the sentences of the sources.
    Grounded,
    /// The knowledge base.
    Stored,
    /// The model in its own words, where the gate lets all of them pass.
    Rewrite,
}

/// `[answers]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who chooses the words.
    pub style: AnswerStyle,
    /// The share of the answers that may be wrong.
    pub max_wrong_rate: f64,
    /// How sure that has to be.
    pub wrong_rate_confidence: f64,
    /// Labelled questions; empty: `questions.csv` in the knowledge folder, if it is there.
    pub questions: PathBuf,
    /// The lowest confidence at which the bot answers; below 0: derived from `max_wrong_rate`.
    pub threshold: f64,
    /// Milliseconds that the model may take for a reply.
    pub deadline_ms: u64,
    /// The longest reply in the model's own words, in tokens.
    pub rewrite_tokens: usize,
}

/// `[orders]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Failed verifications before a person gets the conversation.
    pub verify_attempts: usize,
}

/// `[widget]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Widget {
    /// Origins that may show the widget; empty: any.
    pub allowed_origins: Vec<String>,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// New sessions from one address in a minute.
    pub sessions_per_minute: u32,
    /// Messages of one session at once.
    pub message_burst: u32,
    /// Messages of one session in a minute.
    pub messages_per_minute: u32,
    /// Log-ins for one address and account in a minute.
    pub logins_per_minute: u32,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A tracing filter.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Settings {
    /// What types alone do not say; each fault is a sentence that names its key.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |holds: bool, sentence: &str| {
            if !holds {
                faults.push(sentence.to_owned());
            }
        };
        check(!self.shop.name.trim().is_empty(), "shop.name is empty; give the name that shoppers see");
        check(matches!(self.shop.locale.as_str(), "en" | "zh"), "shop.locale must be en or zh");
        check(
            !self.shop.website_token.is_empty() && self.shop.website_token.bytes().all(|b| b.is_ascii_graphic()),
            "shop.website_token must be one or more visible ASCII characters",
        );
        check(self.server.metrics_address().is_some(), "server.metrics_listen must be an address such as 127.0.0.1:9464, or empty");
        if let Some(fault) = self.database.url.given().and_then(|url| database_url::fault(url.expose_secret())) {
            check(false, &fault);
        }
        check(
            self.answers.threshold == -1.0 || (0.0..=1.0).contains(&self.answers.threshold),
            "answers.threshold must lie between 0 and 1, or be -1 to be derived from answers.max_wrong_rate",
        );
        check((0.001..=0.5).contains(&self.answers.max_wrong_rate), "answers.max_wrong_rate must lie between 0.001 and 0.5");
        check(
            (0.5..=0.9999).contains(&self.answers.wrong_rate_confidence),
            "answers.wrong_rate_confidence must lie between 0.5 and 0.9999",
        );
        check(matches!(self.models.profile.as_str(), "default" | "quality"), "models.profile must be default or quality");
        check((1..=600_000).contains(&self.answers.deadline_ms), "answers.deadline_ms must lie between 1 and 600000");
        check((1..=1_024).contains(&self.answers.rewrite_tokens), "answers.rewrite_tokens must lie between 1 and 1024");
        check((128..=32_768).contains(&self.engine.context), "engine.context must lie between 128 and 32768");
        check((1..=256).contains(&self.engine.sequences), "engine.sequences must lie between 1 and 256");
        check(self.engine.threads <= 256, "engine.threads must lie between 0 and 256");
        check((1..=1_000).contains(&self.engine.queue), "engine.queue must lie between 1 and 1000");
        let server = &self.engine.url;
        check(
            server.is_empty() || is_base_address(server),
            "engine.url must be the base address of a model server, such as http://127.0.0.1:8081/v1 (without /chat/completions, user or \
             query), or empty for the model of this process",
        );
        check(
            server.is_empty() || !self.engine.model.trim().is_empty(),
            "engine.model is empty; give the name that the server at engine.url has for its model (GET /models below that address lists them)",
        );
        check(
            self.engine.api_key.given().is_none_or(|key| key.expose_secret().bytes().all(|b| b.is_ascii_graphic())),
            "engine.api_key must be visible ASCII characters; copy it again, without line breaks",
        );
        check((1..=20).contains(&self.orders.verify_attempts), "orders.verify_attempts must lie between 1 and 20");
        self.desk.faults().iter().for_each(|fault| check(false, fault));
        let limits =
            [self.limits.sessions_per_minute, self.limits.message_burst, self.limits.messages_per_minute, self.limits.logins_per_minute];
        check(limits.iter().all(|limit| *limit > 0), "every key of [limits] must be at least 1");
        check(
            self.widget.allowed_origins.iter().all(|origin| is_origin(origin)),
            "widget.allowed_origins must hold origins such as https://shop.example, without a path",
        );
        faults.extend(self.webhooks.faults());
        faults.extend(self.desk.faults());
        faults
    }
}

fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'*'))
    })
}

/// Scheme, host, perhaps a port and a path.
pub(super) fn is_base_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some((authority, path)) = rest.map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len()))) else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_path = path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#')) && !path.contains("/chat/completions");
    is_host && is_port && is_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_addresses_are_told_from_others() {
        for url in ["http://127.0.0.1:8081/v1", "https://models.shop.example/v1/", "http://vllm:8000", "http://[::1]:8081/v1", "http://a_b"]
        {
            assert!(is_base_address(url), "{url}");
        }
        for url in [
            "127.0.0.1:8081/v1",
            "ftp://host/v1",
            "http://",
            "http:///v1",
            "http://host:port/v1",
            "http://host:0/v1",
            "http://host:/v1",
            "http://host:99999",
            "http://user:secret@host/v1",
            "http://host/v1?x=1",
            "http://host/v1#x",
            "http://host /v1",
            "http://host/v 1",
            "http://[::x]:1/v1",
            "http://host/v1/chat/completions",
        ] {
            assert!(!is_base_address(url), "{url}");
        }
    }
}

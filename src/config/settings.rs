//! The settings as types. `default.toml` says what each means.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `[shop]`
    pub shop: Shop,
    /// `[server]`
    pub server: Server,
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
    /// `[widget]`
    pub widget: Widget,
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
}

/// `[engine]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Whether a language model is loaded.
    pub enabled: bool,
    /// How many replies may wait.
    pub queue: usize,
    /// Prompt and reply together, in tokens.
    pub context: usize,
    /// How many replies are written side by side.
    pub sequences: usize,
    /// Threads that share the arithmetic; 0 for one for each core.
    pub threads: usize,
    /// An adapter of the language model; empty for none.
    pub adapter: PathBuf,
}

/// Who chooses the words of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerStyle {
    /// The model, if each sentence stands in the sources.
    Draft,
    /// The knowledge base.
    Stored,
}

/// `[answers]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who chooses the words.
    pub style: AnswerStyle,
    /// The lowest confidence at which the bot answers.
    pub threshold: f64,
    /// Milliseconds that a draft may take.
    pub draft_deadline_ms: u64,
    /// The longest draft in tokens.
    pub draft_tokens: usize,
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
        check((0.0..=1.0).contains(&self.answers.threshold), "answers.threshold must lie between 0 and 1");
        check(matches!(self.models.profile.as_str(), "default" | "quality"), "models.profile must be default or quality");
        check((1..=600_000).contains(&self.answers.draft_deadline_ms), "answers.draft_deadline_ms must lie between 1 and 600000");
        check((1..=1_024).contains(&self.answers.draft_tokens), "answers.draft_tokens must lie between 1 and 1024");
        check((128..=32_768).contains(&self.engine.context), "engine.context must lie between 128 and 32768");
        check((1..=256).contains(&self.engine.sequences), "engine.sequences must lie between 1 and 256");
        check(self.engine.threads <= 256, "engine.threads must lie between 0 and 256");
        check((1..=1_000).contains(&self.engine.queue), "engine.queue must lie between 1 and 1000");
        check((1..=20).contains(&self.orders.verify_attempts), "orders.verify_attempts must lie between 1 and 20");
        let limits =
            [self.limits.sessions_per_minute, self.limits.message_burst, self.limits.messages_per_minute, self.limits.logins_per_minute];
        check(limits.iter().all(|limit| *limit > 0), "every key of [limits] must be at least 1");
        check(
            self.widget.allowed_origins.iter().all(|origin| is_origin(origin)),
            "widget.allowed_origins must hold origins such as https://shop.example, without a path",
        );
        faults
    }
}

fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'*'))
    })
}

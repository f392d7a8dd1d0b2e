//! Settings: the built-in defaults, a file, the environment; an unknown key is an error. Only this room reads the environment.

mod database_url;
pub mod desk;
pub mod environment;
pub mod load;
pub mod reasons;
pub mod secret;
pub mod settings;
pub mod webhooks;

pub use load::{ConfigError, Overrides, load};
pub use secret::Secret;
pub use settings::{AnswerStyle, LogFormat, Settings};
pub use webhooks::{WebhookEndpoint, WebhookEvent};

/// The documented defaults: what `nightdesk config default` prints.
pub const DEFAULT: &str = include_str!("default.toml");

//! Log lines: to standard error, as text or JSON.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::environment::wants_colour;
use crate::config::{LogFormat, Settings};

/// Begins logging as `[log]` says. A second call in the same process changes nothing.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log.filter);
    let filter =
        filter.with_context(|| format!("log.filter `{}` is no filter; try `info` or `nightdesk=debug,info`", settings.log.filter))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _ = match settings.log.format {
        LogFormat::Text => lines.with_ansi(wants_colour()).compact().try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}

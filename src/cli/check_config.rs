//! `nightdesk config`.

use clap::Subcommand;

use super::output::print;
use crate::config::{self, Overrides};

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every setting with its default and its meaning.
    Default,
    /// Check the settings of file, environment and command line together.
    #[command(after_help = "Example:\n  nightdesk config check --config nightdesk.toml")]
    Check,
}

/// Runs it.
pub fn run(overrides: &Overrides, command: ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Default => print(config::DEFAULT)?,
        ConfigCommand::Check => {
            let settings = config::load(overrides)?;
            println!("the configuration is fine: {} on {}", settings.shop.name, settings.server.listen);
            println!("  knowledge  {}", settings.knowledge.folder.display());
            println!("  prompts    {}", settings.prompts.folder.display());
            println!("  models     {}", settings.models.folder.display());
            println!("  data       {}", settings.server.data.display());
            if !settings.engine.url.is_empty() {
                println!("  engine     {} at {}", settings.engine.model, settings.engine.url);
            }
        }
    }
    Ok(())
}

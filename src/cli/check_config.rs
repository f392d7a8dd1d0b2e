//! `nightdesk config`.

use clap::Subcommand;

use super::output::print;
use super::webhooks::shown;
use crate::config::{self, Overrides};
use crate::store;

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
            let database = settings.database.url.given().map(store::check).transpose()?;
            println!("the configuration is fine: {} on {}", settings.shop.name, settings.server.listen);
            println!("  knowledge  {}", settings.knowledge.folder.display());
            println!("  prompts    {}", settings.prompts.folder.display());
            println!("  models     {}", settings.models.folder.display());
            println!("  data       {}", settings.server.data.display());
            println!("  database   {}", database.unwrap_or_else(|| "nightdesk.db in the data folder".to_owned()));
            for (name, endpoint) in &settings.webhooks.endpoints {
                println!("  webhook    {name} at {}", shown(&endpoint.url));
            }
            if !settings.engine.url.is_empty() {
                println!("  engine     {} at {}", settings.engine.model, settings.engine.url);
            }
        }
    }
    Ok(())
}

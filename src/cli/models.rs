//! `nightdesk models`.

use std::process::ExitCode;

use clap::Subcommand;

use super::output::print;
use crate::config::Settings;
use crate::inference::{ModelStore, Terminal, report};

/// What can be done with model files.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Fetch what is missing; `--profile quality` fetches the larger language model.
    Fetch {
        /// default or quality; the configured one if not given.
        #[arg(long)]
        profile: Option<String>,
    },
    /// List the files, their licences and whether they are there.
    List,
    /// Read the files and compare their SHA-256 with the manifest.
    Verify {
        /// default or quality; the configured one if not given.
        #[arg(long)]
        profile: Option<String>,
    },
}

/// Runs it.
pub async fn run(settings: Settings, command: ModelsCommand) -> anyhow::Result<ExitCode> {
    tokio::task::spawn_blocking(move || {
        let models = ModelStore::open(&settings.models.folder)?;
        match command {
            ModelsCommand::List => print(report::list(&models.list()))?,
            ModelsCommand::Fetch { profile } => {
                models.fetch(profile.as_deref().unwrap_or(&settings.models.profile).parse()?, &Terminal::new())?;
                print(report::fetched(&models.list()))?;
            }
            ModelsCommand::Verify { profile } => {
                let files = models.verify(profile.as_deref().unwrap_or(&settings.models.profile).parse()?);
                print(report::verify(&files))?;
                if files.iter().any(|file| file.outcome.is_err()) {
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
    .await?
}

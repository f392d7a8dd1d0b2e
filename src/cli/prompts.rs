//! `nightdesk prompts`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output::print;
use crate::config::Settings;
use crate::prompt::{PromptError, Prompts};

/// What can be done with templates, phrases and patterns.
#[derive(Debug, Subcommand)]
pub enum PromptsCommand {
    /// Render every template and phrase, and try every pattern on its examples.
    #[command(after_help = "Example:\n  nightdesk prompts check --prompts myshop/prompts")]
    Check {
        /// Folder of the shop's own files; without it, the one of the settings.
        #[arg(long, value_name = "DIR")]
        prompts: Option<PathBuf>,
    },
    /// Print a built-in file, to begin one of your own with.
    #[command(after_help = "Example:\n  nightdesk prompts print phrases/en.yaml > prompts/phrases/en.yaml")]
    Print {
        /// Its name within the folder of prompts.
        file: String,
    },
}

/// Runs it.
pub fn run(settings: Settings, command: PromptsCommand) -> anyhow::Result<ExitCode> {
    match command {
        PromptsCommand::Check { prompts } => {
            if let Some(folder) = prompts.as_ref().filter(|folder| !folder.is_dir()) {
                bail!("there is no folder {}; name the one that holds reply.md, patterns.yaml or phrases/", folder.display());
            }
            let folder = prompts.unwrap_or(settings.prompts.folder);
            match Prompts::load(Some(&folder), &settings.shop.name) {
                Ok(prompts) => print(fine(&prompts)).map(|()| ExitCode::SUCCESS),
                Err(error) => print(faulty(&error)).map(|()| ExitCode::FAILURE),
            }
        }
        PromptsCommand::Print { file } => {
            let names = || Prompts::names().collect::<Vec<_>>().join(", ");
            let text = Prompts::built_in(&file).with_context(|| format!("no prompt file is called {file}; there are {}", names()))?;
            print(text).map(|()| ExitCode::SUCCESS)
        }
    }
}

fn fine(prompts: &Prompts) -> String {
    let mut text = String::new();
    for file in prompts.checked() {
        let whose = if file.own { "your own" } else { "built in" };
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {:<16} {whose}  {}", file.file, file.holds);
    }
    let _ = writeln!(text, "nothing to mend; the hash is {}", prompts.hash());
    text
}

fn faulty(error: &PromptError) -> String {
    let mut text = String::new();
    for fault in error.faults() {
        let _ = writeln!(text, "  {fault}");
    }
    let count = error.faults().len();
    let _ = writeln!(text, "{count} fault{} to mend", if count == 1 { "" } else { "s" });
    text
}

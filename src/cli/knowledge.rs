//! `nightdesk knowledge`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::tz::TimeZone;

use super::output::print;
use crate::config::Settings;
use crate::knowledge;
use crate::prompt::{Group, Prompts};
use crate::support::{Clock, SystemClock};

/// What can be done with a knowledge base.
#[derive(Debug, Subcommand)]
pub enum KnowledgeCommand {
    /// Find duplicates, empty answers, dead internal links, stale dates, and answers that say a person was called.
    Check,
    /// Write the entries of a CSV or JSONL file as Markdown into the knowledge folder.
    #[command(
        after_help = "Columns: id (optional), question, answer, phrasings (parted by ` | `), topic, locale. In JSONL answer and phrasings may \
                            be lists.\n\nExample:\n  nightdesk knowledge import faq.csv --knowledge knowledge_base"
    )]
    Import {
        /// A .csv, .jsonl or .json file.
        file: PathBuf,
        /// The language of rows that name none.
        #[arg(long, default_value = "en")]
        locale: String,
    },
}

/// Runs it.
pub fn run(settings: Settings, command: KnowledgeCommand) -> anyhow::Result<ExitCode> {
    let folder = &settings.knowledge.folder;
    let today = TimeZone::UTC.to_datetime(SystemClock.now()).date();
    match command {
        KnowledgeCommand::Check => {
            let prompts = Prompts::load(Some(&settings.prompts.folder), &settings.shop.name)?;
            let report = knowledge::check(folder, today, &|said| prompts.patterns().matches(Group::ClaimsTransfer, said));
            print(format_args!("{report}\n"))?;
            Ok(if report.has_errors() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        KnowledgeCommand::Import { file, locale } => {
            print(format_args!("{}\n", knowledge::import(&file, folder, &locale, today)?))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

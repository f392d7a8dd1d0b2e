//! `nightdesk eval sentences`: which sentences of the right entry are chosen.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{blocking, must_be_writable, print_json, write_file};
use crate::app::open_encoder;
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::config::Settings;
use crate::evaluation::report;
use crate::evaluation::sentences::{self, Agreement, Labelled};
use crate::evaluation::similar::Similar;

/// What `--help` adds.
pub const HELP: &str = "A FOLDER holds knowledge.jsonl (`id`, `question`, `answer`: a list of sentences) and questions.jsonl (`message`, `kind`, `entry`, \
`say`: the places of the sentences that a good agent says, from 0, the deciding one first). Messages of the kinds answerable and trap are taken, with the \
right entry given.

Precision, recall and F1 are over sentences of all messages together; exact is the share of the messages of which exactly the labelled sentences are \
chosen; decided is the share of the traps of which the deciding sentence is.

Example:
  nightdesk eval sentences tests/shops/*/ --rows chosen.jsonl";

/// Who chooses.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// The sentence model alone: the sentence that is most like the message, and those nearly as like.
    Embeddings,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
        }
    }
}

/// Options of `eval sentences`.
#[derive(Debug, Args)]
pub struct SentencesArgs {
    /// The shops.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Who chooses the sentences.
    #[arg(long, value_enum, value_name = "CHOOSER", default_value_t = By::Embeddings)]
    by: By,
    /// Write every message with what was chosen, as JSON lines.
    #[arg(long, value_name = "PATH")]
    rows: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(settings: Settings, args: SentencesArgs) -> anyhow::Result<()> {
    let shops: Vec<Labelled> = args.folders.iter().map(|folder| Labelled::read(folder)).collect::<Result<_, _>>()?;
    if let Some(path) = &args.rows {
        must_be_writable(path, "--rows")?;
    }
    let encoder = open_encoder(&settings).await?;
    blocking(move || {
        let chooser = match args.by {
            By::Embeddings => Similar::new(&encoder),
        };
        let messages: usize = shops.iter().map(|shop| shop.messages.len()).sum();
        let bar = Progress::new("choosing sentences", messages);
        let mut found: Vec<(String, Agreement)> = Vec::new();
        let mut lines = String::new();
        for shop in &shops {
            let chosen = sentences::choose(shop, &chooser, &|| bar.tick())?;
            lines += &sentences::lines(&shop.name, &chosen);
            found.push((shop.name.clone(), Agreement::of(&chosen)));
        }
        drop(bar);
        if let Some(path) = &args.rows {
            write_file(path, lines)?;
        }
        if args.json {
            let mut out = sentences::json(&found);
            out["by"] = json!(args.by.as_str());
            return print_json(&out);
        }
        let header = [("shops", format!("{}: {messages} messages", shops.len())), ("by", args.by.as_str().to_owned())];
        print([report::header(&header), sentences::text(&found)].join("\n"))
    })
    .await
}

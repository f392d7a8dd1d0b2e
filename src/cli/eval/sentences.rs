//! `nightdesk eval sentences`: which sentences of the right entry are chosen.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::runtime::Handle;

use super::{blocking, must_be_writable, print_json, write_file};
use crate::app::{open_composer_for_measuring, open_encoder};
use crate::assistant::compose::{SAID, Writer, picked};
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::config::Settings;
use crate::evaluation::sentences::{self, Agreement, Choose, Labelled};
use crate::evaluation::similar::Similar;
use crate::evaluation::{EvaluationError, report};
use crate::inference::ScoreSentences;
use crate::prompt::Prompts;

/// What `--help` adds.
pub const HELP: &str = "A FOLDER holds knowledge.jsonl (`id`, `question`, `answer`: a list of sentences) and questions.jsonl (`message`, `kind`, `entry`, \
`say`: the places of the sentences that a good agent says, from 0, the deciding one first). Messages of the kinds answerable and trap are taken, with the \
right entry given.

Precision, recall and F1 are over sentences of all messages together; exact is the share of the messages of which exactly the labelled sentences are \
chosen; decided is the share of the traps of which the deciding sentence is.

Example:
  nightdesk eval sentences tests/shops/*/ --rows chosen.jsonl";

/// How near to the threshold the chooser counts as unsure.
const UNSURE: f32 = 0.75;

/// Who chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// The sentence model alone: the sentence that is most like the message, and those nearly as like.
    Embeddings,
    /// The chooser, which read message and entry together, as replies are composed.
    Chooser,
    /// The language model alone, along a trie of all single sentences and pairs.
    Model,
    /// The chooser, and of what it is unsure of the language model.
    Both,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Chooser => "chooser",
            Self::Model => "model",
            Self::Both => "both",
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
    /// Log-odds from which the chooser says a sentence.
    #[arg(long, value_name = "LOG_ODDS", default_value_t = SAID, allow_negative_numbers = true)]
    threshold: f32,
    /// Take every N-th message only: the language model takes its time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    every: u16,
    /// Write every message with what was chosen, as JSON lines.
    #[arg(long, value_name = "PATH")]
    rows: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Chooses as replies are composed.
struct Composing {
    chooser: Option<Arc<dyn ScoreSentences>>,
    said: f32,
    open: f32,
    writer: Option<(Writer, Arc<Prompts>, Handle)>,
}

impl Choose for Composing {
    fn choose(&self, message: &str, entry_question: &str, sentences: &[&str]) -> Result<Vec<usize>, EvaluationError> {
        let sets: Vec<BTreeSet<usize>> = match &self.chooser {
            Some(chooser) => picked(&chooser.score(message, entry_question, sentences)?, self.said, self.open),
            None => (0..sentences.len()).flat_map(|one| (one..sentences.len()).map(move |other| BTreeSet::from([one, other]))).collect(),
        };
        let likeliest = || sets.first().cloned().unwrap_or_default().into_iter().collect();
        let Some((writer, prompts, runtime)) = self.writer.as_ref().filter(|_| sets.len() > 1) else { return Ok(likeliest()) };
        let replies: Vec<String> = sets.iter().map(|set| set.iter().map(|place| sentences[*place]).collect::<Vec<_>>().join(" ")).collect();
        let texts: Vec<&str> = replies.iter().map(String::as_str).collect();
        let Ok(prompt) = prompts.reply(message, &sentences.join(" ")) else { return Ok(likeliest()) };
        let written = runtime.block_on(writer.choose(prompt, &texts, &|_| {}));
        Ok(written.map_or_else(|_| likeliest(), |place| sets[place].iter().copied().collect()))
    }
}

async fn open(settings: &Settings, by: By, said: f32) -> anyhow::Result<Box<dyn Choose + Send + Sync>> {
    if by == By::Embeddings {
        return Ok(Box::new(Similar::new(open_encoder(settings).await?)));
    }
    let mut composer = open_composer_for_measuring(settings).await?;
    if by == By::Model {
        composer.chooser = None;
    }
    let prompts = Arc::new(Prompts::load(Some(&settings.prompts.folder), &settings.shop.name)?);
    let writer = composer.writer.filter(|_| by != By::Chooser).map(|writer| {
        // What is measured is the choice, not the patience.
        (Writer { deadline: Duration::from_secs(60), ..writer }, prompts, Handle::current())
    });
    let open = if by == By::Both { UNSURE } else { 0.0 };
    Ok(Box::new(Composing { chooser: composer.chooser, said, open, writer }))
}

/// Runs it.
pub async fn run(settings: Settings, args: SentencesArgs) -> anyhow::Result<()> {
    let mut shops: Vec<Labelled> = args.folders.iter().map(|folder| Labelled::read(folder)).collect::<Result<_, _>>()?;
    for shop in &mut shops {
        shop.messages = std::mem::take(&mut shop.messages).into_iter().step_by(usize::from(args.every)).collect();
    }
    if let Some(path) = &args.rows {
        must_be_writable(path, "--rows")?;
    }
    let chooser = open(&settings, args.by, args.threshold).await?;
    blocking(move || {
        let messages: usize = shops.iter().map(|shop| shop.messages.len()).sum();
        let bar = Progress::new("choosing sentences", messages);
        let mut found: Vec<(String, Agreement)> = Vec::new();
        let mut lines = String::new();
        for shop in &shops {
            let chosen = sentences::choose(shop, chooser.as_ref(), &|| bar.tick())?;
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

//! `nightdesk bench`.

mod chat;
mod desk;
mod desk_server;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::output::print;
use crate::app;
use crate::bench::{self, Corpus, Generator, Plan, Report, Side};
use crate::config::{Overrides, Settings};
use crate::inference::{Embedder, ModelRole, ModelStore, PromptReader};
use crate::knowledge;
use crate::support::{Clock, SystemClock};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Measure the language engine, alone or against another server with the same model.
    #[command(
        after_help = "Examples:\n  nightdesk bench engine\n  llama-server -m models/SmolLM2-135M-Instruct.Q4_1.gguf --port 8081 -t 2 -c 16384 -np 8 &\n  \
                            nightdesk bench engine --against http://127.0.0.1:8081\n\nllama-server is asked through its own protocol, which takes \
                            the very tokens that our engine reads; other servers through OpenAI's. Let nothing else run on the machine."
    )]
    Engine(EngineArgs),
    /// Measure the encoder, which every message and every entry goes through.
    Encoder(EncoderArgs),
    /// Measure how long a decision takes in knowledge bases of several sizes, without the language model.
    Search(SearchArgs),
    /// Measure whole messages over HTTP, as shoppers in the widget live through them.
    #[command(after_help = chat::HELP)]
    Chat(chat::ChatArgs),
    /// Measure a whole desk: agents with open consoles, shoppers with open widgets, and messages that are sent by the clock.
    #[command(after_help = desk::HELP)]
    Desk(desk::DeskArgs),
}

/// How the search is measured.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Numbers of entries, each with a question and five more phrasings.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1_000, 5_000, 20_000], value_parser = clap::value_parser!(u32).range(1..=20_000))]
    entries: Vec<u32>,
    /// How many messages are asked.
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rounds: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How the encoder is measured.
#[derive(Debug, Args)]
pub struct EncoderArgs {
    /// How often each measurement is taken.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rounds: u16,
    /// Print every number of every round as JSON.
    #[arg(long)]
    json: bool,
}

/// How the engine is measured.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// The model file; the configured profile's if not given.
    #[arg(long, value_name = "PATH")]
    model: Option<PathBuf>,
    /// The server to compare with.
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    /// How often each measurement is taken.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// How many replies are asked for at once where several are.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Print every number of every round as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(settings: Settings, overrides: &Overrides, command: BenchCommand) -> anyhow::Result<()> {
    match command {
        BenchCommand::Engine(args) => run_engine(settings, args).await,
        BenchCommand::Encoder(args) => run_encoder(settings, args).await,
        BenchCommand::Search(args) => run_search(settings, args).await,
        BenchCommand::Chat(args) => chat::run(settings, args).await,
        BenchCommand::Desk(args) => desk::run(settings, overrides, args).await,
    }
}

async fn run_encoder(settings: Settings, args: EncoderArgs) -> anyhow::Result<()> {
    let models = ModelStore::open(&settings.models.folder)?;
    let (weights, tokenizer) = (models.path(ModelRole::EmbeddingWeights), models.path(ModelRole::EmbeddingTokenizer));
    if !weights.is_file() {
        bail!("there is no model file {}; run `nightdesk models fetch`", weights.display());
    }
    let measured = tokio::task::spawn_blocking(move || bench::measure_encoder(&Embedder::load(&weights, &tokenizer)?, args.rounds.into()));
    let rows = measured.await??;
    let date = today();
    if args.json {
        print(serde_json::to_string_pretty(&bench::encoder_json(&rows, &date))? + "\n")
    } else {
        print(bench::encoder_table(&rows, &date))
    }
}

async fn run_search(settings: Settings, args: SearchArgs) -> anyhow::Result<()> {
    let encoder = app::open_encoder(&settings).await?;
    let sizes: Vec<usize> = args.entries.iter().map(|size| *size as usize).collect();
    let measured =
        tokio::task::spawn_blocking(move || bench::measure_search(&encoder, &sizes, args.rounds.into(), &|step| eprintln!("{step}")));
    let (rows, date) = (measured.await??, today());
    if args.json {
        print(serde_json::to_string_pretty(&bench::search_json(&rows, &date))? + "\n")
    } else {
        print(bench::search_table(&rows, &date))
    }
}

/// What can be asked of the knowledge base: each entry's question and its other phrasings; and how many entries there are.
fn questions(settings: &Settings) -> anyhow::Result<(Vec<String>, usize)> {
    let entries = knowledge::load(&settings.knowledge.folder)?.entries;
    let questions: Vec<String> =
        entries.iter().flat_map(|entry| std::iter::once(&entry.question).chain(&entry.phrasings)).cloned().collect();
    if questions.is_empty() {
        bail!("the knowledge base {} holds no entry to ask for", settings.knowledge.folder.display());
    }
    Ok((questions, entries.len()))
}

fn today() -> String {
    TimeZone::UTC.to_datetime(SystemClock.now()).date().to_string()
}

async fn run_engine(settings: Settings, args: EngineArgs) -> anyhow::Result<()> {
    let path = match args.model {
        Some(path) => path,
        None => ModelStore::open(&settings.models.folder)?.path_in(settings.models.profile.parse()?, ModelRole::Language),
    };
    if !path.is_file() {
        bail!("there is no model file {}; run `nightdesk models fetch`, or name a GGUF with --model PATH", path.display());
    }
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let plan = Plan { rounds: args.rounds.into(), concurrency: args.concurrency.into() };

    let tokens = tokio::task::spawn_blocking({
        let path = path.clone();
        move || PromptReader::open(&path)
    });
    let tokens = Arc::new(tokens.await??);
    // The other side first: a mistake in its address should not wait for our model to load.
    let theirs = match &args.against {
        Some(url) => Some(bench::find(url, tokens.clone(), &file, plan.concurrency).await?),
        None => None,
    };
    let mut options = app::engine::options(&settings.engine);
    options.queue = options.queue.max(plan.concurrency);
    options.sequences = options.sequences.max(plan.concurrency);
    options.context = options.context.max(bench::CONTEXT);
    let engine = app::engine::load_engine(path, app::engine::adapter(&settings.engine), options).await?;
    let name = format!("Nightdesk {} with {file}", app::VERSION);
    let ours: Arc<dyn Side> = Arc::new(Generator::new(engine, tokens.clone(), name));

    let rows = bench::run(plan, &Corpus::new(tokens), &ours, theirs.as_ref()).await?;
    let report = Report::new(today(), plan, rows, ours.as_ref(), theirs.as_deref());
    if args.json { print(serde_json::to_string_pretty(&report.json())? + "\n") } else { print(report.table()) }
}

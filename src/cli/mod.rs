//! The command line.

pub mod agents;
pub mod ask;
pub mod bench;
pub mod check_config;
pub mod eval;
pub mod init;
pub mod knowledge;
pub mod models;
pub mod orders;
mod output;
mod progress;
pub mod prompts;
pub mod replay;
pub mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::config::{self, Overrides, Settings};
use crate::http;

/// A self-hosted customer-service desk in one process: web widget, grounded bot, tickets and agent console.
#[derive(Debug, Parser)]
#[command(name = "nightdesk", version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  nightdesk                                  serve the demo shop on http://127.0.0.1:8080
  nightdesk ask \"how long does delivery take?\"
  nightdesk init myshop && cd myshop && nightdesk serve --config nightdesk.toml
  nightdesk knowledge check --knowledge knowledge_base

Every setting can also be given in the environment: NIGHTDESK__SECTION__KEY, for example
NIGHTDESK__SERVER__LISTEN=0.0.0.0:8080. `nightdesk config default` prints all of them.";

#[derive(Debug, Args)]
struct Shared {
    /// The shop's configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of everything that is written (the database, caches).
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the knowledge base.
    #[arg(long, global = true, value_name = "DIR")]
    knowledge: Option<PathBuf>,
}

#[derive(Debug, Args, Clone, Default)]
struct ServeArgs {
    /// Address of widget, console and API; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what happens without a command).
    Serve(ServeArgs),
    /// Ask the bot one question, or many as lines on standard input.
    Ask(ask::AskArgs),
    /// Take the bot's turns of a conversation again and say what changed since.
    Replay(replay::ReplayArgs),
    /// Fetch, list or verify the model files.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Check a knowledge base or import entries into one.
    #[command(subcommand)]
    Knowledge(knowledge::KnowledgeCommand),
    /// Check what the bot says by itself, or print a built-in file of it.
    #[command(subcommand)]
    Prompts(prompts::PromptsCommand),
    /// Import customers, products and orders.
    #[command(subcommand)]
    Orders(orders::OrdersCommand),
    /// Add, list and remove support agents.
    #[command(subcommand)]
    Agents(agents::AgentsCommand),
    /// List, retry and test what other programs are told.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Measure how well questions are answered: on your own labelled ones, or on public sets.
    #[command(subcommand)]
    Eval(eval::EvalCommand),
    /// Measure how fast it is here: the language engine, the encoder, the search, whole messages, a whole desk.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Print the default configuration or check one.
    #[command(subcommand)]
    Config(check_config::ConfigCommand),
    /// Print the API's OpenAPI document as JSON.
    Openapi,
    /// Write the starting folder of a shop of your own.
    Init(init::InitArgs),
}

/// Runs the program. A fault is one sentence on standard error and an exit code other than zero.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => return failed(&anyhow::anyhow!("the runtime did not start: {fault}")),
    };
    let outcome = runtime.block_on(run(cli));
    // Work on blocking threads (a fetch, a search) must not hold the exit up.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|fault| failed(&fault))
}

fn failed(fault: &anyhow::Error) -> ExitCode {
    let mut sentence = String::new();
    for cause in fault.chain().map(ToString::to_string) {
        // Our own errors carry their cause in the sentence; a chain would say it twice.
        if !sentence.contains(&cause) {
            sentence.push_str(if sentence.is_empty() { "" } else { ": " });
            sentence.push_str(&cause);
        }
    }
    eprintln!("nightdesk: {sentence}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { config: cli.shared.config, data: cli.shared.data, knowledge: cli.shared.knowledge, listen: None };
    let settings = || -> anyhow::Result<Settings> { Ok(config::load(&overrides)?) };
    let done = |()| ExitCode::SUCCESS;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => {
            let settings = config::load(&Overrides { listen: args.listen, ..overrides })?;
            app::log::start(&settings)?;
            app::serve(settings).await.map(done)
        }
        Command::Ask(args) => ask::run(settings()?, args).await.map(done),
        Command::Replay(args) => replay::run(settings()?, args).await,
        Command::Models(command) => models::run(settings()?, command).await,
        Command::Knowledge(command) => knowledge::run(settings()?, command),
        Command::Prompts(command) => prompts::run(settings()?, command),
        Command::Orders(command) => orders::run(settings()?, command).await.map(done),
        Command::Agents(command) => agents::run(settings()?, command).await.map(done),
        Command::Webhooks(command) => webhooks::run(settings()?, command).await.map(done),
        Command::Eval(command) => eval::run(settings()?, command).await,
        Command::Bench(command) => bench::run(settings()?, &overrides, command).await.map(done),
        Command::Config(command) => check_config::run(&overrides, command).map(done),
        Command::Openapi => print_openapi().map(done),
        Command::Init(args) => init::run(&args).map(done),
    }
}

fn print_openapi() -> anyhow::Result<()> {
    output::print(serde_json::to_string_pretty(&http::openapi())? + "\n")
}

//! `nightdesk eval`: how well questions are answered.

mod attribution;
mod facts;
mod hostile;
mod intents;
mod questions;
mod replies;
mod sentences;
mod shop;
mod stackfaq;
mod vocabulary;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::print;
use super::progress::Progress;
use crate::confidence::Rule;
use crate::config::Settings;
use crate::evaluation::{Depth, Labelled, Trial, ask, score};
use crate::retrieval::{Retriever, Stage, Stages};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Measure the knowledge base on your own labelled questions: before you go live, and after each edit.
    #[command(after_help = questions::HELP)]
    Questions(questions::QuestionsArgs),
    /// Measure the words of replies: what they must say, what they must not, and whether all of it stands in a source.
    #[command(after_help = replies::HELP)]
    Replies(replies::RepliesArgs),
    /// Measure which sentences of the right entry are chosen, on shops in folders.
    #[command(after_help = sentences::HELP)]
    Sentences(sentences::SentencesArgs),
    /// Ask strings that want to break something, and look for what must not be in a reply.
    #[command(after_help = hostile::HELP)]
    Hostile(hostile::HostileArgs),
    /// Measure the search on sentences with labels, read as a knowledge base.
    #[command(after_help = intents::HELP)]
    Intents(intents::IntentsArgs),
    /// Measure the search on shops in folders.
    #[command(after_help = shop::HELP)]
    Shop(shop::ShopArgs),
    /// Measure the ranking on StackFAQ.
    #[command(after_help = stackfaq::HELP)]
    Stackfaq(stackfaq::StackfaqArgs),
    /// Measure the gate, which says whether a reply stands in its source, on responses that people judged.
    #[command(after_help = attribution::HELP)]
    Attribution(attribution::AttributionArgs),
}

/// Which stages are left out, and how to print.
#[derive(Debug, Args)]
struct Common {
    /// Leave a stage of the search out: lexical, dense, head, grams, adapter or reader. May be given several times.
    #[arg(long, value_name = "STAGE")]
    without: Vec<Stage>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| "a rate lies between 0 and 1, such as 0.1 for one answer in ten".to_owned())
}

/// Runs it. Mistakes of the bot are no failure of the command.
pub async fn run(settings: Settings, command: EvalCommand) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        EvalCommand::Questions(args) => questions::run(settings, args).await,
        EvalCommand::Replies(args) => replies::run(settings, args).await,
        EvalCommand::Sentences(args) => sentences::run(settings, args).await.map(done),
        EvalCommand::Hostile(args) => hostile::run(settings, args).await.map(done),
        EvalCommand::Intents(args) => intents::run(settings, args).await.map(done),
        EvalCommand::Shop(args) => shop::run(settings, args).await.map(done),
        EvalCommand::Stackfaq(args) => stackfaq::run(settings, args).await.map(done),
        EvalCommand::Attribution(args) => blocking(move || attribution::run(&args)).await.map(done),
    }
}

/// Asks all questions and brings the labels to the proposals.
fn try_out(retriever: &Retriever, rule: &Rule, questions: Vec<Labelled>, depth: Depth) -> anyhow::Result<Vec<Trial>> {
    let bar = Progress::new("asking messages", questions.len());
    try_each(retriever, rule, questions, depth, &bar)
}

fn try_each(retriever: &Retriever, rule: &Rule, questions: Vec<Labelled>, depth: Depth, bar: &Progress) -> anyhow::Result<Vec<Trial>> {
    let messages: Vec<&str> = questions.iter().map(|question| question.message.as_str()).collect();
    let proposals = ask(retriever, &rule.calibration, &messages, depth, &|| bar.tick())?;
    Ok(score(questions, proposals))
}

fn explain(header: &mut Vec<(&str, String)>, rule: &Rule, stages: Stages, notes: &[String]) {
    header.push(("rule", format!("the bot {rule}")));
    header.extend(left_out(stages));
    header.extend(notes.iter().map(|note| ("note", note.clone())));
}

fn left_out(stages: Stages) -> Option<(&'static str, String)> {
    let names: Vec<&str> = stages.left_out().iter().map(|stage| stage.name()).collect();
    (!names.is_empty()).then(|| ("without", names.join(", ")))
}

fn describe(out: &mut Value, rule: &Rule, stages: Stages, notes: &[String]) {
    out["threshold"] = json!({
        "value": rule.threshold.value(),
        "calibration": rule.calibration.origin().as_str(),
        "promise": rule.promise.as_str(),
        "rule": format!("the bot {rule}"),
    });
    out["without"] = stages.left_out().iter().map(|stage| stage.name()).collect();
    out["notes"] = json!(notes);
}

fn print_json(value: &Value) -> anyhow::Result<()> {
    print(serde_json::to_string_pretty(value)? + "\n")
}

/// Found before the work, not after it. What stands in the file stays until the new content is complete.
fn must_be_writable(path: &Path, option: &str) -> anyhow::Result<()> {
    let is_new = !path.exists();
    match std::fs::OpenOptions::new().append(true).create(true).open(path) {
        Ok(_) if is_new => Ok(std::fs::remove_file(path)?),
        Ok(_) => Ok(()),
        Err(fault) => bail!("{} cannot be written ({fault}); name another file with {option}", path.display()),
    }
}

/// Written when the work is done; that the file can be written was tried before it.
fn write_file(path: &Path, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
    std::fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

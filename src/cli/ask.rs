//! `nightdesk ask`: the quickest way to try a knowledge base.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::app::{Rooms, open_rooms};
use crate::assistant::Reply;
use crate::confidence::Rule;
use crate::config::Settings;
use crate::conversation::{Author, Content, ConversationId, Decision, Message, MessageId, Source};

/// What `ask` is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  nightdesk ask \"can I return a worn jacket?\"\n  nightdesk ask --json \"where is my order #AP10042? mia.berg@example.com\"\n  \
                        nightdesk ask --stdin --json < questions.txt > replies.jsonl"
)]
pub struct AskArgs {
    /// The question.
    #[arg(required_unless_present = "stdin")]
    question: Option<String>,
    /// Read questions as lines from standard input; one reply a line with --json.
    #[arg(long, conflicts_with = "question")]
    stdin: bool,
    /// Print each reply as a JSON object: question, decision, confidence, threshold, reply, sources, options where it asks which
    /// entry was meant, model, milliseconds.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answered<'a> {
    question: &'a str,
    decision: &'a str,
    confidence: f64,
    threshold: f64,
    threshold_basis: &'a str,
    calibration: &'a str,
    reply: &'a str,
    sources: Vec<SourceOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<OptionOut<'a>>,
    model: &'a str,
    milliseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    handoff_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handoff_topic: Option<&'a str>,
}

#[derive(Serialize)]
struct OptionOut<'a> {
    id: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SourceOut<'a> {
    Entry { id: &'a str, title: &'a str },
    Order { number: &'a str },
}

/// Answers one question or many.
pub async fn run(settings: Settings, args: AskArgs) -> anyhow::Result<()> {
    let rooms = open_rooms(&settings).await?;
    // Nobody waits at a socket here: the reply is to be that of a server that runs for a while.
    rooms.calibrate(Duration::MAX).await;
    let mut out = std::io::stdout().lock();
    match &args.question {
        Some(question) => answer(&rooms, question, args.json, &mut out).await?,
        None => {
            for line in std::io::stdin().lock().split(b'\n') {
                // A line that is no UTF-8 is still somebody's question: what cannot be read is marked, the rest counts.
                let line = line.context("standard input cannot be read")?;
                let line = String::from_utf8_lossy(&line);
                if !line.trim().is_empty() {
                    answer(&rooms, line.trim(), args.json, &mut out).await?;
                }
            }
        }
    }
    rooms.store.close().await;
    Ok(())
}

async fn answer(rooms: &Rooms, question: &str, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    let content = match Content::parse(question) {
        Ok(content) => content,
        Err(fault) => bail!("{fault}"),
    };
    let began = Instant::now();
    let reply = rooms.responder.respond(&[as_message(rooms, &content)]).await?;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let rule = rooms.responder.rule();
    if json {
        let answered = Answered {
            question: content.as_str(),
            decision: reply.decision.as_str(),
            confidence: reply.confidence,
            threshold: rule.threshold.value(),
            threshold_basis: rule.promise.as_str(),
            calibration: rule.calibration.origin().as_str(),
            reply: &reply.content,
            sources: if reply.decision == Decision::Clarify { Vec::new() } else { reply.sources.iter().map(source).collect() },
            options: reply.options().map(|(id, title)| OptionOut { id, title }).collect(),
            model: &reply.model,
            milliseconds,
            handoff_reason: reply.handoff.as_ref().map(|cause| cause.reason.as_str()),
            handoff_topic: reply.handoff.as_ref().and_then(|cause| cause.topic.as_deref()),
        };
        writeln!(out, "{}", serde_json::to_string(&answered)?)?;
    } else {
        writeln!(out, "{}", reply.content)?;
        for (number, (_, title)) in reply.options().enumerate() {
            writeln!(out, "  {}. {title}", number + 1)?;
        }
        writeln!(out, "\n  {}\n", summary(&reply, &rule, milliseconds))?;
    }
    out.flush().context("standard output cannot be written")
}

/// The first message of a conversation that is stored nowhere.
pub fn as_message(rooms: &Rooms, content: &Content) -> Message {
    Message {
        id: MessageId(rooms.ids.uuid()),
        conversation_id: ConversationId(rooms.ids.uuid()),
        seq: 1,
        author: Author::Shopper,
        content: content.as_str().to_owned(),
        echo_id: None,
        created_at: rooms.clock.now(),
        trace: None,
        helpful: None,
    }
}

fn source(source: &Source) -> SourceOut<'_> {
    match source {
        Source::Entry { id, title } => SourceOut::Entry { id, title },
        Source::Order { number } => SourceOut::Order { number },
    }
}

fn summary(reply: &Reply, rule: &Rule, milliseconds: u64) -> String {
    let sources: Vec<&str> = reply
        .sources
        .iter()
        .map(|source| match source {
            Source::Entry { id, .. } => id.as_str(),
            Source::Order { number } => number.as_str(),
        })
        .collect();
    let word = if reply.decision == Decision::Clarify { "between" } else { "from" };
    let from = if sources.is_empty() { String::new() } else { format!(", {word} {}", sources.join(", ")) };
    // Rounded down: no calibrated confidence is certain, and none is to look so.
    let confidence = (reply.confidence * 100.0).floor() / 100.0;
    let (decision, threshold) = (reply.decision.as_str(), rule.threshold.value());
    format!("{decision}, confidence {confidence:.2} (answers from {threshold:.2}){from}, words: {}, {milliseconds} ms", reply.model)
}

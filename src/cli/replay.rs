//! `nightdesk replay`: whether the bot would say today what it said then, and what changed where it would not.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::output;
use crate::app::{Rooms, VERSION, open_rooms, open_store};
use crate::assistant::Reply;
use crate::assistant::replay::Comparison;
use crate::assistant::understand::question_of;
use crate::config::Settings;
use crate::conversation::{Assistance, ConversationId, Conversations, Event, MadeWith, Origin, PastTurn, Statement, past_turns};
use crate::http::dto::{MadeWithDto, StatementDto, Viewer};

/// How many events are read at once.
const PAGE: u32 = 500;

/// What `replay` is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Each turn of the bot runs again on the transcript as it stood, with the entries, prompts, models and orders of today. Nothing is \
                        written and no shopper is told.\n\n\
                        Exit code: 0 when every turn says the same, or differs where something that it was made with has changed: the model, the index, \
                        the prompts, the calibration, the program or the order's rows; 1 when a turn differs although none of these has; 2 when there is \
                        no such conversation.\n\n\
                        Example:\n  nightdesk replay 0198c5c1-4f2e-7d3a-9b1c-2f6a8e0d4c7b --data data"
)]
pub struct ReplayArgs {
    /// The conversation's id: what stands behind the # of the console's address.
    conversation: Uuid,
    /// Print each turn as a JSON object on a line of its own: seq, message_id, at, outcome (same or differs), changed, rows_changed, then and
    /// now with decision, content, statements, made_with.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct TurnOut<'a> {
    seq: i64,
    message_id: Uuid,
    at: String,
    outcome: &'static str,
    changed: &'a [&'static str],
    rows_changed: &'a [String],
    then: SideOut<'a>,
    now: SideOut<'a>,
}

#[derive(Serialize)]
struct SideOut<'a> {
    decision: &'static str,
    content: &'a str,
    statements: Vec<StatementDto>,
    made_with: MadeWithDto,
}

/// A turn, replayed.
struct Replayed {
    then: PastTurn,
    now: Reply,
    made_with: MadeWith,
    comparison: Comparison,
}

/// Replays the turns of one conversation.
pub async fn run(settings: Settings, args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let id = ConversationId(args.conversation);
    // Before the models are opened: a wrong id is told at once.
    let store = open_store(&settings).await?;
    let found = store.conversation(id).await?;
    let log = whole_log(store.as_ref(), id).await?;
    store.close().await;
    if found.is_none() {
        let folder = settings.server.data.display();
        eprintln!(
            "nightdesk: the data folder {folder} has no conversation {id}; take the id from the console's address, or name another folder with --data DIR"
        );
        return Ok(ExitCode::from(2));
    }

    let rooms = open_rooms(&settings).await?;
    // As a server that runs for a while would decide.
    rooms.calibrate(Duration::MAX).await;
    let (mut turns, mut differing, mut unexplained) = (0, 0, 0);
    for then in past_turns(&log) {
        let replayed = replay(&rooms, then).await?;
        turns += 1;
        differing += usize::from(!replayed.comparison.same);
        unexplained += usize::from(replayed.comparison.is_unexplained());
        output::print(if args.json { replayed.json()? } else { replayed.text() })?;
    }
    rooms.store.close().await;
    if !args.json {
        output::print(summary(turns, differing, unexplained))?;
    }
    Ok(if unexplained > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn whole_log(store: &dyn Conversations, id: ConversationId) -> anyhow::Result<Vec<Event>> {
    let mut log: Vec<Event> = Vec::new();
    loop {
        let after = log.last().map_or(0, |event| event.seq);
        let page = store.events_after(id, after, PAGE).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

async fn replay(rooms: &Rooms, then: PastTurn) -> anyhow::Result<Replayed> {
    let had = rooms.responder.made_with();
    let now = rooms.responder.respond(&then.transcript).await;
    let now = now.with_context(|| format!("the turn of message {} could not be taken again", then.message.id))?;
    let now = match then.assistance {
        Assistance::On => now.while_waiting(rooms.responder.phrases_for(&question_of(&then.transcript))),
        Assistance::Off => now,
    };
    let made_with = now.made_with(had);
    let comparison = Comparison::of(&then, &now, &made_with, VERSION);
    Ok(Replayed { then, now, made_with, comparison })
}

impl Replayed {
    fn outcome(&self) -> &'static str {
        if self.comparison.same { "same" } else { "differs" }
    }

    fn json(&self) -> anyhow::Result<String> {
        let (message, trace) = (&self.then.message, &self.then.trace);
        let seen = |statements: &[Statement]| statements.iter().map(|one| StatementDto::new(one, Viewer::Agent)).collect();
        let turn = TurnOut {
            seq: message.seq,
            message_id: message.id.0,
            at: message.created_at.to_string(),
            outcome: self.outcome(),
            changed: &self.comparison.changed,
            rows_changed: &self.comparison.rows,
            then: SideOut {
                decision: trace.decision.as_str(),
                content: &message.content,
                statements: seen(&trace.statements),
                made_with: (&trace.made_with).into(),
            },
            now: SideOut {
                decision: self.now.decision.as_str(),
                content: &self.now.content,
                statements: seen(&self.now.statements),
                made_with: (&self.made_with).into(),
            },
        };
        Ok(serde_json::to_string(&turn)? + "\n")
    }

    fn text(&self) -> String {
        let Self { then, now, comparison, .. } = self;
        let mut text = format!("{} {} {}: {}", then.message.seq, then.message.created_at, then.trace.decision.as_str(), self.outcome());
        if comparison.same {
            return text + "\n";
        }
        let mut causes: Vec<String> = comparison.changed.iter().map(|cause| sentence(cause).to_owned()).collect();
        causes.extend(comparison.rows.iter().map(|row| format!("the row {row} changed")));
        let why = if causes.is_empty() { "although nothing that it was made with changed".to_owned() } else { causes.join(", ") };
        let (before, after) = (&then.message.content, &now.content);
        let _ = writeln!(text, "; {why}");
        if before == after {
            let (before, after) = (origins(&then.trace.statements), origins(&now.statements));
            let _ = writeln!(text, "  The words are the same and rest on something else.\n  then: {before}\n  now:  {after}");
        } else {
            let _ = writeln!(text, "  then: {}\n  now:  {}", indented(before), indented(after));
        }
        text
    }
}

fn sentence(cause: &str) -> &'static str {
    match cause {
        "model" => "the model changed",
        "index" => "the index changed",
        "prompts" => "the prompts changed",
        "calibration" => "the calibration changed",
        "seed" => "the seed changed",
        "program" => "the program is another version",
        "failure" => "a part of the program had failed then",
        _ => "what it was made with was not kept then",
    }
}

/// Further lines stand below the first.
fn indented(text: &str) -> String {
    text.replace('\n', "\n        ")
}

fn origins(statements: &[Statement]) -> String {
    let name = |statement: &Statement| match &statement.origin {
        Origin::Entry { id, version, start, end } => format!("{id} {version} {start}..{end}"),
        Origin::Row { table, key, column } => format!("{table} {key} {column}"),
        Origin::Phrase { key } => format!("phrase {key}"),
    };
    let list: Vec<String> = statements.iter().map(|one| format!("{}..{} {}", one.start, one.end, name(one))).collect();
    if list.is_empty() { "nothing".to_owned() } else { list.join("; ") }
}

fn summary(turns: usize, differing: usize, unexplained: usize) -> String {
    match (turns, differing, unexplained) {
        (0, ..) => "the bot has said nothing in this conversation\n".to_owned(),
        (turns, 0, _) => format!("{turns} turns, all the same\n"),
        (turns, differing, 0) => format!("{turns} turns, {differing} differ where something changed\n"),
        (turns, differing, unexplained) => {
            format!("{turns} turns, {differing} differ, {unexplained} of them although nothing that they were made with changed\n")
        }
    }
}

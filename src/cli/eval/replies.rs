//! `nightdesk eval replies`: the words of replies.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tempfile::TempDir;

use super::{facts, must_be_writable, print_json, rate, vocabulary, write_file};
use crate::app::open_rooms;
use crate::assistant::Responder;
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::commerce::{Catalogue, CustomerProof, Order, OrderNumber, Orders, import};
use crate::config::Settings;
use crate::evaluation::replies::{self, Case, Given, Ground, Judged, Subject, Verdict};
use crate::evaluation::replies_report::Report;
use crate::evaluation::report;
use crate::evaluation::units::Phrase;
use crate::knowledge::{self, Entry, Knowledge};
use crate::store::SqliteStore;

/// What `--help` adds.
pub const HELP: &str = "FILE has one JSON object a line: `kind` (any word), `question`, `entry` (an entry's id) or `order` (an order's number), `say` (texts that \
the reply must say, with the same capitals) and `not` (texts that it must not say). The entry is given, so the words are measured and not the search; of an \
order the question is asked by its owner.

complete: all of `say` is said. wrong: something of `not` is said, or a part of the reply is neither a sentence of the entry's answer word for word nor a \
phrase of the shop's; in a phrase about an order only values of its rows may stand. exact: complete, not wrong, and of an entry no sentence more than `say`, \
phrases that state nothing left out. This is held against the words alone, whatever composed them.

Examples:
  nightdesk eval replies replies.jsonl
  nightdesk eval replies replies.jsonl --rows all.jsonl             every case with its reply, to be read by a person
  nightdesk eval replies retail.jsonl --orders db.json --json
  nightdesk eval replies replies.jsonl --fail-over 0                for a pipeline: exit code 1 if any reply is wrong";

/// Options of `eval replies`.
#[derive(Debug, Args)]
pub struct RepliesArgs {
    /// The labelled cases.
    file: PathBuf,
    /// Customers and orders from this file (as for `orders import`) instead of the database in the data folder.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// Write the figures as JSON to this file as well.
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Write every case with its reply, as JSON lines.
    #[arg(long, value_name = "PATH")]
    rows: Option<PathBuf>,
    /// End with exit code 1 if more than this share of the replies is wrong, between 0 and 1.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    fail_over: Option<f64>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub async fn run(settings: Settings, args: RepliesArgs) -> anyhow::Result<ExitCode> {
    let entries = knowledge::load(&settings.knowledge.folder)?;
    let cases = replies::read(&args.file, &entries)?;
    for (path, option) in [(&args.out, "--out"), (&args.rows, "--rows")] {
        if let Some(path) = path {
            must_be_writable(path, option)?;
        }
    }
    let elsewhere = match &args.orders {
        Some(file) => Some(import_orders(file).await?),
        None => None,
    };
    let rooms = open_rooms(&settings).await?;
    let orders: &dyn Orders = match &elsewhere {
        Some((store, _)) => store,
        None => rooms.store.as_ref(),
    };
    let mut grounded = Vec::with_capacity(cases.len());
    for case in cases {
        let source = source_of(&case, &entries, orders).await.with_context(|| format!("line {} of the cases", case.line))?;
        grounded.push((case, source));
    }
    let phrases = vocabulary::of(&rooms.prompts);
    let bar = Progress::new("asking for replies", grounded.len());
    let mut judged = Vec::with_capacity(grounded.len());
    for (case, source) in grounded {
        judged.push(judge(&rooms.responder, &phrases, case, &source).await);
        bar.tick();
    }
    drop(bar);
    if let Some((store, _)) = &elsewhere {
        store.close().await;
    }
    rooms.store.close().await;
    tell(&settings, &args, &judged, entries.entries.len())
}

fn tell(settings: &Settings, args: &RepliesArgs, judged: &[Judged], entries: usize) -> anyhow::Result<ExitCode> {
    let report = Report::of(judged);
    if let Some(path) = &args.rows {
        write_file(path, report.rows())?;
    }
    let orders = args.orders.as_ref().map(|path| path.display().to_string());
    let mut out = report.json();
    out["file"] = json!(args.file.display().to_string());
    out["entries"] = json!(entries);
    out["orders"] = json!(orders);
    if let Some(path) = &args.out {
        write_file(path, serde_json::to_string_pretty(&out)? + "\n")?;
    }
    if args.json {
        print_json(&out)?;
    } else {
        let of_entries = judged.iter().filter(|one| matches!(one.case.subject, Subject::Entry(_))).count();
        let of_orders = judged.len() - of_entries;
        let header = [
            ("replies", format!("{}: {of_entries} from entries, {of_orders} about orders", args.file.display())),
            ("knowledge", format!("{}: {entries} entries", settings.knowledge.folder.display())),
            ("orders", orders.unwrap_or_else(|| format!("the database in {}", settings.server.data.display()))),
        ];
        print([report::header(&header), report.text()].join("\n"))?;
    }
    let rate = report.all.wrong_rate();
    let Some(limit) = args.fail_over.filter(|limit| rate > *limit) else { return Ok(ExitCode::SUCCESS) };
    eprintln!("nightdesk: {} of {} replies are wrong ({rate:.3}), more than {limit}", report.all.wrong, report.all.cases);
    Ok(ExitCode::FAILURE)
}

/// What a reply is made from.
enum Grounds {
    Entry(Arc<Entry>),
    Order(Box<Order>),
}

async fn source_of(case: &Case, entries: &Knowledge, orders: &dyn Orders) -> anyhow::Result<Grounds> {
    match &case.subject {
        Subject::Entry(id) => {
            let entry = entries.entries.iter().find(|entry| entry.id.as_str() == id);
            entry.map(|entry| Grounds::Entry(Arc::clone(entry))).with_context(|| format!("the knowledge base has no entry '{id}'"))
        }
        Subject::Order(number) => Ok(Grounds::Order(Box::new(order_of(orders, number).await?))),
    }
}

async fn judge(responder: &Responder, phrases: &[Phrase], case: Case, source: &Grounds) -> Judged {
    let began = Instant::now();
    let reply = match source {
        Grounds::Entry(entry) => responder.from_entry(&case.question, entry).await,
        Grounds::Order(order) => responder.about_order(&case.question, order),
    };
    let given = Given { content: reply.content, model: reply.model, milliseconds: began.elapsed().as_secs_f64() * 1e3 };
    let verdict = match source {
        Grounds::Entry(entry) => Verdict::of(&case, &given, &Ground::Entry(entry), phrases),
        Grounds::Order(order) => Verdict::of(&case, &given, &Ground::Order(&facts::of(order)), phrases),
    };
    Judged { case, given, verdict }
}

/// The order as its owner may read it.
async fn order_of(orders: &dyn Orders, number: &str) -> anyhow::Result<Order> {
    let Some(parsed) = OrderNumber::parse(number) else { bail!("'{number}' is no order number: 2 to 40 letters, digits, `-` or `_`") };
    let name = parsed.as_str();
    let unknown = || format!("there is no order {name}; import it with `nightdesk orders import`, or name its file with --orders");
    let owner = orders.owner(&parsed).await?.with_context(unknown)?;
    orders.order(&CustomerProof::of_owner(&parsed, &owner), &parsed).await?.with_context(unknown)
}

/// The orders of a file in a database of their own, gone with the folder.
async fn import_orders(file: &Path) -> anyhow::Result<(SqliteStore, TempDir)> {
    let json = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read; check the path and that it is UTF-8 text", file.display()))?;
    let data = import::parse(&json).with_context(|| format!("{} was not imported", file.display()))?;
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let store = SqliteStore::open(&folder.path().join("orders.db")).await?;
    store.import(&data).await?;
    Ok((store, folder))
}

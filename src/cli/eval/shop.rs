//! `nightdesk eval shop`: shops in folders.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Common, blocking, describe, explain, must_be_writable, print_json, try_each, write_file};
use crate::app::{open_encoder, shipped_rule};
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::config::Settings;
use crate::evaluation::shops::Shop;
use crate::evaluation::{Depth, Summary, report, signals};
use crate::retrieval::{Retriever, Stages};

/// What `--help` adds.
pub const HELP: &str = "A FOLDER holds knowledge.jsonl (`id`, `topic`, `question`, `phrasings`, `answer`) and questions.jsonl (`message`, `kind`, `entry`). \
Messages of the kinds answerable and trap are to be answered, unanswerable ones are not; other kinds are not asked. The mean counts each shop the same.

Examples:
  nightdesk eval shop shops/*
  nightdesk eval shop shops/* --without dense --json";

/// Options of `eval shop`.
#[derive(Debug, Args)]
pub struct ShopArgs {
    /// The shops.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Write what each signal of the search says of each message's candidates, as JSON lines: to fit their weights.
    #[arg(long, value_name = "PATH")]
    signals: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Runs it.
pub async fn run(settings: Settings, args: ShopArgs) -> anyhow::Result<()> {
    let stages = Stages::without(&args.common.without)?;
    let shops: Vec<Shop> = args.folders.iter().map(|folder| Shop::read(folder)).collect::<Result<_, _>>()?;
    if let Some(path) = &args.signals {
        must_be_writable(path, "--signals")?;
    }
    let rule = shipped_rule(&settings);
    let encoder = open_encoder(&settings).await?;
    blocking(move || {
        let entries: usize = shops.iter().map(|shop| shop.knowledge.entries.len()).sum();
        let others: usize = shops.iter().map(|shop| shop.others).sum();
        let bar = Progress::new("asking messages", shops.iter().map(|shop| shop.questions.len()).sum());
        let mut summaries = Vec::new();
        let mut lines = String::new();
        for shop in shops {
            let retriever = Retriever::open(Arc::new(shop.knowledge), Arc::clone(&encoder), None)?.with_stages(stages);
            if args.signals.is_some() {
                lines += &signals::lines(&shop.name, &retriever, &shop.questions, &|| ())?;
            }
            let trials = try_each(&retriever, &rule, shop.questions, Depth::Candidates, &bar)?;
            summaries.push((shop.name, Summary::of(&trials, rule.threshold.value())));
        }
        drop(bar);
        if let Some(path) = &args.signals {
            write_file(path, lines)?;
        }
        if args.common.json {
            let mut out = report::shops_json(&summaries);
            describe(&mut out, &rule, stages, &[]);
            return print_json(&out);
        }
        let mut header = vec![("shops", format!("{}: {entries} entries; {others} messages of other kinds are not asked", summaries.len()))];
        explain(&mut header, &rule, stages, &[]);
        print([report::header(&header), report::shops(&summaries)].join("\n"))
    })
    .await
}

//! `nightdesk eval stackfaq`: the ranking on StackFAQ.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{Common, blocking, describe, left_out, print_json, try_out};
use crate::app::{open_encoder, open_search, shipped_rule};
use crate::cli::output::print;
use crate::config::Settings;
use crate::evaluation::stackfaq::StackFaq;
use crate::evaluation::{Depth, Trial, metrics, report};
use crate::retrieval::Stages;

/// What `--help` adds.
pub const HELP: &str = "FILE is stackExchange-FAQ.json. An entry is a thread: its question, and its answers one after the other; no rephrasing is \
indexed. Each rephrasing is a message, and its thread is the one right entry among all. P@1 is the share of messages with the right entry first, MAP the mean of 1 / \
rank (the average precision where one entry is right), NDCG@10 the mean of 1 / log2(1 + rank) with 0 beyond the tenth rank.

Example:
  nightdesk eval stackfaq stackExchange-FAQ.json";

/// Options of `eval stackfaq`.
#[derive(Debug, Args)]
pub struct StackfaqArgs {
    /// stackExchange-FAQ.json
    file: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Runs it.
pub async fn run(settings: Settings, args: StackfaqArgs) -> anyhow::Result<()> {
    let stages = Stages::without(&args.common.without)?;
    let faq = StackFaq::read(&args.file)?;
    let rule = shipped_rule(&settings);
    let encoder = open_encoder(&settings).await?;
    blocking(move || {
        let (entries, answers, messages) = (faq.knowledge.entries.len(), faq.answers, faq.questions.len());
        let retriever = open_search(Arc::new(faq.knowledge), &encoder, None, stages)?;
        let trials = try_out(&retriever, &rule, faq.questions, Depth::Everything)?;
        let ranks: Vec<Option<usize>> = trials.iter().map(Trial::rank).collect();
        let ranking = metrics::ranking(&ranks);
        if args.common.json {
            let mut out = json!({
                "file": args.file.display().to_string(),
                "entries": entries,
                "answers": answers,
                "messages": messages,
                "p_at_1": ranking.precision_at_1,
                "map": ranking.mean_average_precision,
                "ndcg_at_10": ranking.ndcg_at_10,
            });
            describe(&mut out, &rule, stages, &[]);
            return print_json(&out);
        }
        let mut header =
            vec![("file", format!("{}: {entries} threads with {answers} answers, {messages} rephrasings", args.file.display()))];
        header.extend(left_out(stages));
        print([report::header(&header), report::ranking(&ranking)].join("\n"))
    })
    .await
}

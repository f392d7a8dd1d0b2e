//! `nightdesk eval intents`: sentences with labels, read as a knowledge base.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{Common, blocking, describe, explain, must_be_writable, print_json};
use crate::app::{open_encoder, open_search, rehearsed_rule};
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::config::Settings;
use crate::evaluation::intents::{Test, Training};
use crate::evaluation::{Depth, Summary, ask, report, score};
use crate::retrieval::Stages;

/// What `--help` adds.
pub const HELP: &str = "Both files are CSV with the columns `sentence,label`. A label of TRAIN is an entry, its first sentence the question and the \
others its phrasings; there are no answers. The messages of TEST are asked without their labels. NO_NODES_DETECTED labels a message that nothing should \
answer; another label that TRAIN does not have is in scope and wrong if answered. `resolved at 90 % precision` is the largest share of the messages in \
scope that is answered rightly by a threshold at which at least 90 % of all answers are right.

PREDICTIONS gets the columns `sentence,label,predicted_node,predicted_node_score`: the best entry's label whatever its confidence, and the confidence.

Examples:
  nightdesk eval intents --train train.csv --test test.csv
  nightdesk eval intents --train train.csv --test test.csv --out predictions.csv --without lexical";

/// Options of `eval intents`.
#[derive(Debug, Args)]
pub struct IntentsArgs {
    /// The sentences that become a knowledge base.
    #[arg(long, value_name = "TRAIN")]
    train: PathBuf,
    /// The messages that are asked.
    #[arg(long, value_name = "TEST")]
    test: PathBuf,
    /// Write what was predicted.
    #[arg(long, value_name = "PREDICTIONS")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Runs it.
pub async fn run(settings: Settings, args: IntentsArgs) -> anyhow::Result<()> {
    let stages = Stages::without(&args.common.without)?;
    let training = Training::read(&args.train)?;
    let test = Test::read(&args.test)?;
    if let Some(out) = &args.out {
        must_be_writable(out, "--out")?;
    }
    let encoder = open_encoder(&settings).await?;
    blocking(move || {
        let retriever = open_search(Arc::new(training.knowledge.clone()), &encoder, None, stages)?;
        let bar = Progress::new("rehearsing the training file", 0);
        let rule = rehearsed_rule(&settings, &retriever, &|step| bar.reached(step.done, step.of))?;
        drop(bar);
        let messages = test.messages();
        let bar = Progress::new("asking messages", messages.len());
        let proposals = ask(&retriever, &rule.calibration, &messages, Depth::Candidates, &|| bar.tick())?;
        drop(bar);
        // Only from here on are the labels looked at.
        let (questions, unknown) = test.questions(&training);
        let trials = score(questions, proposals);
        let summary = Summary::of(&trials, rule.threshold.value());
        if let Some(out) = &args.out {
            test.write_predictions(out, &training, &trials)?;
        }
        let of = |file: &str, notes: &[String]| notes.iter().map(|note| format!("{file}: {note}")).collect::<Vec<_>>();
        let mut notes = of("TRAIN", &training.notes);
        notes.extend(of("TEST", &test.notes));
        notes.extend(of("TEST", unknown.as_slice()));
        let labels = training.knowledge.entries.len();
        if args.common.json {
            let mut out = report::figures_json(&summary);
            describe(&mut out, &rule, stages, &notes);
            out["train"] = json!({"file": args.train.display().to_string(), "sentences": training.sentences, "labels": labels});
            out["test"] = json!({"file": args.test.display().to_string(), "messages": summary.messages, "in_scope": summary.answerable});
            out["in_scope_accuracy"] = json!(summary.right_first);
            out["predictions"] = json!(args.out.as_ref().map(|path| path.display().to_string()));
            return print_json(&out);
        }
        let outside = summary.messages - summary.answerable;
        let mut header = vec![
            ("train", format!("{}: {} sentences, {labels} labels", args.train.display(), training.sentences)),
            ("test", format!("{}: {} in scope, {outside} out of scope", args.test.display(), summary.answerable)),
        ];
        explain(&mut header, &rule, stages, &notes);
        header.extend(args.out.iter().map(|path| ("predictions", path.display().to_string())));
        print([report::header(&header), report::figures(&summary)].join("\n"))
    })
    .await
}

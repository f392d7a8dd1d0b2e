//! `nightdesk eval questions`: a shop's own labelled questions.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{Common, blocking, describe, explain, must_be_writable, print_json, rate, try_out, write_file};
use crate::app::{live_rule, open_encoder, open_search};
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::confidence::Rule;
use crate::config::Settings;
use crate::evaluation::lists::{self, Mistakes};
use crate::evaluation::{Depth, Summary, Trial, chart, gaps, labels, questions, report, signals};
use crate::inference::Embed;
use crate::knowledge;
use crate::retrieval::{Retriever, Stages};

/// What `--help` adds.
pub const HELP: &str = "FILE is a CSV with the columns `question,entry`. `entry` is an entry's id, or `none` \
where no entry answers; a third of such questions is a good measure. Each question goes through the search and the decision \
of the server. What the server treats before the search (a greeting, an order number, the wish for a person) is searched here like all else.

Printed are the figures at each threshold, the worst mistakes, and the gaps: groups of questions without a good entry, and what would help. `at most \
(90 %)` is the exact upper bound of the wrong rate for a threshold that was not chosen by looking at the same questions.

Examples:
  nightdesk eval questions questions.csv
  nightdesk eval questions questions.csv --json > before.json
  nightdesk eval questions questions.csv --fail-over 0.1     for a pipeline: exit code 1 if more than one answer in ten may be wrong";

/// Options of `eval questions`.
#[derive(Debug, Args)]
pub struct QuestionsArgs {
    /// The labelled questions.
    file: PathBuf,
    /// Where the picture goes; eval.svg in the data folder if not given.
    #[arg(long, value_name = "PATH")]
    svg: Option<PathBuf>,
    /// End with exit code 1 if the upper bound of the wrong rate is above this, between 0 and 1.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    fail_over: Option<f64>,
    /// Write what each signal of the search says of each question's candidates, as JSON lines: to fit their weights.
    #[arg(long, value_name = "PATH")]
    signals: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Runs it.
pub async fn run(settings: Settings, args: QuestionsArgs) -> anyhow::Result<ExitCode> {
    let stages = Stages::without(&args.common.without)?;
    let entries = Arc::new(knowledge::load(&settings.knowledge.folder)?);
    let file = questions::read(&args.file, &entries)?;
    let mut notes = labels::notes(&file);
    let data = settings.server.data.clone();
    let picture = args.svg.clone().unwrap_or_else(|| data.join("eval.svg"));
    std::fs::create_dir_all(&data)
        .with_context(|| format!("the data folder {} cannot be made; name another with --data DIR", data.display()))?;
    must_be_writable(&picture, "--svg")?;
    let encoder = open_encoder(&settings).await?;
    let folder = settings.knowledge.folder.display().to_string();
    blocking(move || {
        let count = entries.entries.len();
        let retriever = Arc::new(open_search(entries, &encoder, Some(&data.join("embeddings.bin")), stages)?);
        let (rule, same) = rule_for(&settings, &retriever, &args.file)?;
        if same {
            notes.push(
                "these are the questions that the calibration was made from: judge an edit by others, or by what the rule promises"
                    .to_owned(),
            );
        }
        if let Some(path) = &args.signals {
            let lines = signals::lines("questions", &retriever, &labels::labelled(&file), &|| ())?;
            write_file(path, lines)?;
        }
        let trials = try_out(&retriever, &rule, labels::labelled(&file), Depth::Candidates)?;
        let threshold = rule.threshold.value();
        let summary = Summary::of(&trials, threshold);
        let found = find_gaps(&trials, threshold, encoder.as_ref())?;
        let title = format!("{}: {} questions, {} entries", file_name(&args.file), summary.messages, count);
        let caption = chart::Caption { title: &title, accepted: Some(args.fail_over.unwrap_or(rule.limit.max_wrong_rate)) };
        write_file(&picture, chart::draw(&summary, &caption))?;
        let mistakes = Mistakes::of(&trials);
        if args.common.json {
            let mut out = report::figures_json(&summary);
            describe(&mut out, &rule, stages, &notes);
            out["questions"] = json!(args.file.display().to_string());
            out["entries"] = json!(count);
            out["mistakes"] = mistakes.json(threshold);
            out["gaps"] = lists::gaps_json(&found);
            out["svg"] = json!(picture.display().to_string());
            print_json(&out)?;
        } else {
            let mut header = vec![
                (
                    "questions",
                    format!("{}: {}, {} for `none`", args.file.display(), summary.messages, summary.messages - summary.answerable),
                ),
                ("knowledge", format!("{folder}: {count} entries")),
            ];
            explain(&mut header, &rule, stages, &notes);
            header.push(("picture", picture.display().to_string()));
            let parts = [report::header(&header), report::figures(&summary), mistakes.text(threshold), lists::gaps(&found)];
            print(parts.join("\n"))?;
        }
        Ok(fails(&summary, args.fail_over))
    })
    .await
}

/// The rule by which the server answers, and whether it was derived from this file. With a stage left out the rule is another one, which must not be
/// remembered as the server's.
fn rule_for(settings: &Settings, retriever: &Arc<Retriever>, file: &Path) -> anyhow::Result<(Rule, bool)> {
    if retriever.stages() == Stages::ALL {
        return Ok(live_rule(settings, Arc::clone(retriever), file));
    }
    let elsewhere = tempfile::tempdir().context("no temporary folder can be made")?;
    let mut settings = settings.clone();
    settings.server.data = elsewhere.path().to_owned();
    Ok(live_rule(&settings, Arc::clone(retriever), file))
}

fn find_gaps(trials: &[Trial], threshold: f64, encoder: &dyn Embed) -> anyhow::Result<Vec<gaps::Gap>> {
    let bar = Progress::new("grouping messages without a good entry", gaps::count(trials, threshold));
    Ok(gaps::find(trials, threshold, encoder, &|| bar.tick())?)
}

/// Whether a shop's pipeline should stop, having said why.
fn fails(summary: &Summary, limit: Option<f64>) -> ExitCode {
    let operating = &summary.operating;
    let Some(limit) = limit.filter(|limit| operating.upper_bound > *limit) else { return ExitCode::SUCCESS };
    let said = report::at_threshold(operating, summary.messages);
    eprintln!("nightdesk: the wrong rate may be above {limit}: {said}");
    ExitCode::FAILURE
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

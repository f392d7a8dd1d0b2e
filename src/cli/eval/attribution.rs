//! `nightdesk eval attribution`: the gate on responses that people judged.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::print_json;
use crate::assistant::gate;
use crate::cli::output::print;
use crate::cli::progress::Progress;
use crate::evaluation::attribution::{self, Agreement, Ruling};
use crate::evaluation::report;

/// What `--help` adds.
pub const HELP: &str = "FILE has columns parted by tabs, named in its first line as those of BEGIN: `knowledge`, `response` and `begin_label` (or \
`label`), which is 'Fully attributable', 'Not fully attributable' or 'Generic'. Each response is held against its knowledge and nothing else; of several \
sentences each must stand there. Generic responses are counted apart and in no figure. No model is loaded.

Example:
  nightdesk eval attribution begin_dev_wow.tsv";

/// Options of `eval attribution`.
#[derive(Debug, Args)]
pub struct AttributionArgs {
    /// The judged responses.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: &AttributionArgs) -> anyhow::Result<()> {
    let responses = attribution::read(&args.file)?;
    let bar = Progress::new("judging responses", responses.len());
    let rule = |response: &attribution::Response| {
        let fault = gate::check(&response.response, &response.knowledge).err().map(|fault| fault.as_str());
        let support = gate::support(&response.response, &response.knowledge);
        bar.tick();
        Ruling { fault, support }
    };
    let rulings: Vec<Ruling> = responses.iter().map(rule).collect();
    drop(bar);
    let agreement = Agreement::of(&responses, &rulings);
    if args.json {
        let mut out = agreement.json();
        out["file"] = json!(args.file.display().to_string());
        out["responses"] = json!(responses.len());
        return print_json(&out);
    }
    let header = report::header(&[("file", format!("{}: {} responses", args.file.display(), responses.len()))]);
    print([header, agreement.text()].join("\n"))
}

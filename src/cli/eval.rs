//! `nightdesk eval`: how well questions are answered.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::print;
use super::progress::Progress;
use crate::app::{live_rule, open_encoder, open_search, rehearsed_rule, shipped_rule};
use crate::assistant::gate;
use crate::confidence::Rule;
use crate::config::Settings;
use crate::evaluation::attribution::{self, Agreement, Ruling};
use crate::evaluation::intents::{Test, Training};
use crate::evaluation::lists::{self, Mistakes};
use crate::evaluation::report;
use crate::evaluation::shops::Shop;
use crate::evaluation::stackfaq::StackFaq;
use crate::evaluation::{Depth, Labelled, Summary, Trial, ask, chart, gaps, labels, metrics, questions, score, signals};
use crate::inference::Embed;
use crate::knowledge;
use crate::retrieval::{Retriever, Stage, Stages};

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// Measure the knowledge base on your own labelled questions: before you go live, and after each edit.
    #[command(after_help = QUESTIONS_HELP)]
    Questions(QuestionsArgs),
    /// Measure the search on sentences with labels, read as a knowledge base.
    #[command(after_help = INTENTS_HELP)]
    Intents(IntentsArgs),
    /// Measure the search on shops in folders.
    #[command(after_help = SHOP_HELP)]
    Shop(ShopArgs),
    /// Measure the ranking on StackFAQ.
    #[command(after_help = STACKFAQ_HELP)]
    Stackfaq(StackfaqArgs),
    /// Measure the gate, which says whether a reply stands in its source, on responses that people judged.
    #[command(after_help = ATTRIBUTION_HELP)]
    Attribution(AttributionArgs),
}

const QUESTIONS_HELP: &str = "FILE is a CSV with the columns `question,entry`. `entry` is an entry's id, or `none` \
where no entry answers; a third of such questions is a good measure. Each question goes through the search and the decision \
of the server. What the server treats before the search (a greeting, an order number, the wish for a person) is searched here like all else.

Printed are the figures at each threshold, the worst mistakes, and the gaps: groups of questions without a good entry, and what would help. `at most \
(90 %)` is the exact upper bound of the wrong rate for a threshold that was not chosen by looking at the same questions.

Examples:
  nightdesk eval questions questions.csv
  nightdesk eval questions questions.csv --json > before.json
  nightdesk eval questions questions.csv --fail-over 0.1     for a pipeline: exit code 1 if more than one answer in ten may be wrong";

const INTENTS_HELP: &str = "Both files are CSV with the columns `sentence,label`. A label of TRAIN is an entry, its first sentence the question and the \
others its phrasings; there are no answers. The messages of TEST are asked without their labels. NO_NODES_DETECTED labels a message that nothing should \
answer; another label that TRAIN does not have is in scope and wrong if answered. `resolved at 90 % precision` is the largest share of the messages in \
scope that is answered rightly by a threshold at which at least 90 % of all answers are right.

PREDICTIONS gets the columns `sentence,label,predicted_node,predicted_node_score`: the best entry's label whatever its confidence, and the confidence.

Examples:
  nightdesk eval intents --train train.csv --test test.csv
  nightdesk eval intents --train train.csv --test test.csv --out predictions.csv --without lexical";

const SHOP_HELP: &str = "A FOLDER holds knowledge.jsonl (`id`, `topic`, `question`, `phrasings`, `answer`) and questions.jsonl (`message`, `kind`, `entry`). \
Messages of the kinds answerable and trap are to be answered, unanswerable ones are not; other kinds are not asked. The mean counts each shop the same.

Examples:
  nightdesk eval shop shops/*
  nightdesk eval shop shops/* --without dense --json";

const STACKFAQ_HELP: &str = "FILE is stackExchange-FAQ.json. An entry is a thread: its question, and its answers one after the other; no rephrasing is \
indexed. Each rephrasing is a message, and its thread is the one right entry among all. P@1 is the share of messages with the right entry first, MAP the mean of 1 / \
rank (the average precision where one entry is right), NDCG@10 the mean of 1 / log2(1 + rank) with 0 beyond the tenth rank.

Example:
  nightdesk eval stackfaq stackExchange-FAQ.json";

const ATTRIBUTION_HELP: &str = "FILE has columns parted by tabs, named in its first line as those of BEGIN: `knowledge`, `response` and `begin_label` (or \
`label`), which is 'Fully attributable', 'Not fully attributable' or 'Generic'. Each response is held against its knowledge and nothing else; of several \
sentences each must stand there. Generic responses are counted apart and in no figure. No model is loaded.

Example:
  nightdesk eval attribution begin_dev_wow.tsv";

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

/// Options of `eval stackfaq`.
#[derive(Debug, Args)]
pub struct StackfaqArgs {
    /// stackExchange-FAQ.json
    file: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Options of `eval attribution`.
#[derive(Debug, Args)]
pub struct AttributionArgs {
    /// The judged responses.
    file: PathBuf,
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
    match command {
        EvalCommand::Questions(args) => run_questions(settings, args).await,
        EvalCommand::Intents(args) => run_intents(settings, args).await.map(|()| ExitCode::SUCCESS),
        EvalCommand::Shop(args) => run_shop(settings, args).await.map(|()| ExitCode::SUCCESS),
        EvalCommand::Stackfaq(args) => run_stackfaq(settings, args).await.map(|()| ExitCode::SUCCESS),
        EvalCommand::Attribution(args) => blocking(move || run_attribution(&args)).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn run_questions(settings: Settings, args: QuestionsArgs) -> anyhow::Result<ExitCode> {
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
            std::fs::write(path, lines).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        let trials = try_out(&retriever, &rule, labels::labelled(&file), Depth::Candidates)?;
        let threshold = rule.threshold.value();
        let summary = Summary::of(&trials, threshold);
        let found = find_gaps(&trials, threshold, encoder.as_ref())?;
        let title = format!("{}: {} questions, {} entries", file_name(&args.file), summary.messages, count);
        let caption = chart::Caption { title: &title, accepted: Some(args.fail_over.unwrap_or(rule.limit.max_wrong_rate)) };
        std::fs::write(&picture, chart::draw(&summary, &caption)).with_context(|| format!("{} cannot be written", picture.display()))?;
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

async fn run_intents(settings: Settings, args: IntentsArgs) -> anyhow::Result<()> {
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

async fn run_shop(settings: Settings, args: ShopArgs) -> anyhow::Result<()> {
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
            std::fs::write(path, lines).with_context(|| format!("{} cannot be written", path.display()))?;
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

async fn run_stackfaq(settings: Settings, args: StackfaqArgs) -> anyhow::Result<()> {
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

fn run_attribution(args: &AttributionArgs) -> anyhow::Result<()> {
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

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}

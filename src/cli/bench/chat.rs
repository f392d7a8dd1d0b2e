//! `nightdesk bench chat`: whole messages over HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tempfile::TempDir;

use super::{questions, today};
use crate::app::{self, Running, open_rooms};
use crate::bench::{self, Door};
use crate::cli::output::print;
use crate::config::{AnswerStyle, Settings};

/// What `--help` adds.
pub const HELP: &str = "Each shopper opens the widget, asks a question, waits for the reply and asks the next; whom the bot hands over to a person makes room \
for a new one. The questions are those of the knowledge base and their other phrasings. At the end each page is opened anew, and every message and every \
reply must be there once. Without --url a server of its own runs in this process, with the settings and a temporary data folder, and without limits.

Examples:
  nightdesk bench chat
  nightdesk bench chat --shoppers 1,8,32 --rounds 50
  nightdesk bench chat --url http://127.0.0.1:8080        a server that runs already, which must allow so many messages in its [limits]";

/// More in a minute than a measurement asks for.
const NO_LIMIT: u32 = 10_000_000;

/// How whole messages are measured.
#[derive(Debug, Args)]
pub struct ChatArgs {
    /// How many shoppers ask at once, one number after the other.
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1, 8], value_parser = clap::value_parser!(u16).range(1..=512))]
    shoppers: Vec<u16>,
    /// How many messages each of them sends.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rounds: u16,
    /// The server to measure instead of one of its own.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it. A message or a reply that is lost or doubled is a failure.
pub async fn run(settings: Settings, args: ChatArgs) -> anyhow::Result<()> {
    let (questions, entries) = questions(&settings)?;
    let token = settings.shop.website_token.clone();
    let own = match &args.url {
        Some(_) => None,
        None => Some(start(settings).await?),
    };
    let url =
        args.url.clone().unwrap_or_else(|| own.as_ref().map_or_else(String::new, |(running, _)| format!("http://{}", running.address)));
    let door = Arc::new(Door::new(&url, &token)?);
    let sizes: Vec<usize> = args.shoppers.iter().map(|shoppers| usize::from(*shoppers)).collect();
    let measured = bench::measure_chat(&door, &sizes, args.rounds.into(), &questions, &|step| eprintln!("{step}")).await;
    let server = match own {
        Some((running, _folder)) => {
            running.stop().await?;
            format!("Nightdesk {} in this process, {} entries", app::VERSION, entries)
        }
        None => url,
    };
    let (rows, date) = (measured?, today());
    if args.json {
        print(serde_json::to_string_pretty(&bench::chat_json(&rows, &server, &date))? + "\n")?;
    } else {
        print(bench::chat_table(&rows, &server, &date))?;
    }
    if rows.iter().all(bench::ChatRow::is_sound) { Ok(()) } else { bail!("messages or replies were lost, doubled or torn") }
}

/// A server in a data folder of its own, which has learned all that a server learns behind its start: that would be measured as well.
async fn start(mut settings: Settings) -> anyhow::Result<(Running, TempDir)> {
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    settings.server.data = folder.path().to_owned();
    settings.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = &mut settings.limits;
    limits.sessions_per_minute = NO_LIMIT;
    limits.message_burst = NO_LIMIT;
    limits.messages_per_minute = NO_LIMIT;

    eprintln!("indexing and calibrating");
    let mut without_model = settings.clone();
    without_model.answers.style = AnswerStyle::Stored;
    let rooms = open_rooms(&without_model).await?;
    rooms.calibrate(Duration::MAX).await;
    rooms.store.close().await;
    drop(rooms);
    Ok((app::start(settings, None).await?, folder))
}

//! `nightdesk bench desk`: a whole desk under load.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;

use super::desk_server::DeskServer;
use super::{questions, today};
use crate::app::{self, files::take_open_files, open_store};
use crate::bench::{self, DeskPlace, DeskPlan, Door, Login};
use crate::cli::output::print;
use crate::config::{Overrides, Settings};
use crate::conversation::AgentId;
use crate::identity::{Agent, AgentName, Email, NewAgent, Role, hash_password};
use crate::store::Store;
use crate::support::{Clock, Ids, SystemClock};

/// What `--help` adds.
pub const HELP: &str = "Shoppers ask the bot questions of the knowledge base; some ask for a person, whom an agent claims; those shoppers and their agents go on \
writing to each other. What is due when is settled before the first message, and latency counts from when a message was due: a server that stands still is not \
asked less. At the end every message must be kept once and have been shown once, in order, by its widget and by every console.

Without --url a server of its own runs as another process of this program, with the settings, a temporary data folder (and the empty database of --database), \
without limits and without the language model. With --url the settings must be those of that server, whose [limits] must allow so many messages; the agents are \
added to its database and removed at the end.

Each console and widget is an open connection: both processes take as many open files as the system grants.

Examples:
  nightdesk bench desk
  createdb desk_load && nightdesk bench desk --database postgres://user:password@127.0.0.1/desk_load
  nightdesk bench desk --url http://127.0.0.1:8080 --agents 5 --shoppers 200 --rate 5";

/// Files and connections that a process has open besides its streams.
const BESIDES: u64 = 200;

/// How a desk is put under load.
#[derive(Debug, Args)]
pub struct DeskArgs {
    /// How many agents have a console open.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    agents: u16,
    /// How many shoppers have a widget open.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(4..=20_000))]
    shoppers: u32,
    /// How many questions the bot is asked in a second; people write to each other besides.
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = rate)]
    rate: f64,
    /// How long.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// The server to measure instead of one of its own.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// An empty PostgreSQL database for the server of its own; without it a SQLite file.
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    database: Option<SecretString>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=1_000.0).contains(rate));
    rate.ok_or_else(|| "give 0.1 to 1000 questions a second".to_owned())
}

/// Runs it. A message that is lost, doubled, out of order or not sent, and a request that is refused, is a failure.
pub async fn run(settings: Settings, overrides: &Overrides, args: DeskArgs) -> anyhow::Result<()> {
    has_room(u64::from(args.agents) + u64::from(args.shoppers))?;
    let (questions, entries) = questions(&settings)?;
    let token = settings.shop.website_token.clone();
    let agents = usize::from(args.agents);
    let (own, logins, url) = match &args.url {
        Some(url) => (None, hire_beside(&settings, agents).await?, url.clone()),
        None => {
            let (server, logins) = DeskServer::start(settings.clone(), overrides, args.database.as_ref(), agents).await?;
            let url = server.url.clone();
            (Some(server), logins, url)
        }
    };
    let place = DeskPlace {
        door: Door::new(&url, &token)?,
        agents: logins.clone(),
        process: own.as_ref().and_then(DeskServer::process),
        questions,
    };
    let plan = DeskPlan { shoppers: args.shoppers as usize, rate: args.rate, length: Duration::from_secs(args.seconds.into()) };
    let measured = bench::measure_desk(place, plan, &|step| eprintln!("{step}")).await;
    let server = match own {
        Some(server) => {
            server.stop().await;
            let database = if args.database.is_some() { "PostgreSQL" } else { "SQLite" };
            format!("Nightdesk {} as a process of its own on {database}, {entries} entries", app::VERSION)
        }
        None => {
            dismiss(&settings, &logins).await?;
            url
        }
    };
    let (run, date) = (measured?, today());
    if args.json {
        print(serde_json::to_string_pretty(&bench::desk_json(&run, &server, &date))? + "\n")?;
    } else {
        print(bench::desk_table(&run, &server, &date))?;
    }
    if run.is_sound() {
        Ok(())
    } else {
        bail!("messages were lost, doubled, out of order, refused or not sent at all; the table says where")
    }
}

/// Whether this process, and with it a server that it starts, may have so many streams open.
fn has_room(streams: u64) -> anyhow::Result<()> {
    let (needed, granted) = (streams + BESIDES, take_open_files());
    if let Some(granted) = granted.filter(|granted| *granted < needed) {
        bail!(
            "{streams} open consoles and widgets need {needed} open files, and the system grants {granted}; raise it (`ulimit -Hn {needed}` as root, or \
             LimitNOFILE= of the service), or give smaller --shoppers and --agents"
        );
    }
    Ok(())
}

/// Adds so many agents with one new password.
pub(super) async fn hire(store: &dyn Store, count: usize) -> anyhow::Result<Vec<Login>> {
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone());
    let password = SecretString::from(ids.password());
    let hashed = hash_password(&password, ids.salt());
    let mut logins = Vec::new();
    for number in 1..=count {
        let address = format!("load-{number}@bench.example");
        let email = Email::parse(&address).context("the agents' addresses are none")?;
        let name = AgentName::parse(&format!("Load {number}")).context("the agents' names are none")?;
        let agent = Agent { id: AgentId(ids.uuid()), email: email.clone(), name, role: Role::Agent, created_at: clock.now() };
        // One may be left of a measurement that was broken off.
        if !store.add(NewAgent { agent, password: hashed.clone() }).await? {
            store.set_password(&email, hashed.clone()).await?;
        }
        logins.push(Login { email: address, password: password.clone() });
    }
    Ok(logins)
}

/// Adds agents to the database of a server that runs already.
async fn hire_beside(settings: &Settings, count: usize) -> anyhow::Result<Vec<Login>> {
    let store = open_store(settings).await?;
    let logins = hire(store.as_ref(), count).await;
    store.close().await;
    logins
}

async fn dismiss(settings: &Settings, logins: &[Login]) -> anyhow::Result<()> {
    let store = open_store(settings).await?;
    for email in logins.iter().filter_map(|login| Email::parse(&login.email)) {
        store.remove(&email).await?;
    }
    store.close().await;
    Ok(())
}

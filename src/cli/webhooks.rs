//! `nightdesk webhooks`.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output::print;
use crate::app::{open_store, webhooks};
use crate::config::Settings;
use crate::conversation::{Again, Backlog, Delivery, DeliveryId, Subject};
use crate::jobs::webhooks::{Endpoint, Letter, Sender};
use crate::support::{Clock, Ids, SystemClock, Timestamp};

/// How many deliveries are listed.
const LISTED: u32 = 100;

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// List the endpoints, what waits for each, and the deliveries that failed.
    List,
    /// Send deliveries again that were given up; a running server does it.
    #[command(after_help = "Example:\n  nightdesk webhooks retry 0198c5c1-4f2e-7d3a-9b1c-2f6a8e0d4c7b")]
    Retry {
        /// Only this one, whatever its state.
        delivery: Option<uuid::Uuid>,
    },
    /// Send a signed `ping` to an endpoint at once and say what it answers.
    #[command(after_help = "Example:\n  nightdesk webhooks test crm --config nightdesk.toml")]
    Test {
        /// The endpoint's name.
        endpoint: String,
    },
}

/// Runs it.
pub async fn run(settings: Settings, command: WebhooksCommand) -> anyhow::Result<()> {
    match command {
        WebhooksCommand::List => list(&settings).await,
        WebhooksCommand::Retry { delivery } => retry(&settings, delivery.map_or(Again::AllDead, |id| Again::One(DeliveryId(id)))).await,
        WebhooksCommand::Test { endpoint } => ping(&settings, &endpoint).await,
    }
}

async fn list(settings: &Settings) -> anyhow::Result<()> {
    let store = open_store(settings).await?;
    let (backlogs, deliveries) = (store.backlogs().await?, store.deliveries(LISTED).await?);
    store.close().await;
    let endpoints = webhooks::endpoints(settings);
    if endpoints.is_empty() && backlogs.is_empty() {
        return print("no endpoints; `nightdesk config default` shows under [webhooks] how one is written\n");
    }
    for endpoint in &endpoints {
        let backlog = backlogs.iter().find(|backlog| backlog.endpoint == endpoint.name);
        print(format_args!("{:<16} {}  {}\n{:<16} {}\n", endpoint.name, shown(&endpoint.url), wants(endpoint), "", state(backlog)))?;
    }
    for backlog in backlogs.iter().filter(|backlog| endpoints.iter().all(|endpoint| endpoint.name != backlog.endpoint)) {
        print(format_args!("{:<16} not in the settings any more\n{:<16} {}\n", backlog.endpoint, "", state(Some(backlog))))?;
    }
    if !deliveries.is_empty() {
        print("\n")?;
    }
    for delivery in &deliveries {
        print(line(delivery))?;
    }
    Ok(())
}

/// The address without its query, in which some receivers have a key.
pub(super) fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

fn wants(endpoint: &Endpoint) -> String {
    match endpoint.events.as_slice() {
        [] => "everything".to_owned(),
        events => events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn state(backlog: Option<&Backlog>) -> String {
    let Some(Backlog { behind, waiting, dead, oldest, .. }) = backlog else { return "not told yet: no server has run with it".to_owned() };
    let since = oldest.map(|at| format!(", the oldest of {at:.0}")).unwrap_or_default();
    format!("waiting {waiting}, dead {dead}, events behind {behind}{since}")
}

fn line(delivery: &Delivery) -> String {
    let subject = match delivery.subject {
        Subject::Event(id) => format!("event {id}"),
        Subject::Contact(id) => format!("contact {id}"),
    };
    let fault = delivery.fault.as_deref().unwrap_or("not tried yet");
    format!(
        "{}  {:<7} {:<16} {} ({subject} of {:.0})\n  {} tries, {} {:.0}: {fault}\n",
        delivery.id,
        delivery.state.as_str(),
        delivery.endpoint,
        delivery.webhook.as_str(),
        delivery.created_at,
        delivery.attempts,
        if delivery.state == crate::conversation::DeliveryState::Dead { "given up at" } else { "next at" },
        delivery.next_at,
    )
}

async fn retry(settings: &Settings, again: Again) -> anyhow::Result<()> {
    let store = open_store(settings).await?;
    let now = SystemClock.now();
    let give_up_at = now.checked_add(webhooks::pace(settings).give_up).unwrap_or(Timestamp::MAX);
    let changed = store.try_again(again, now, give_up_at).await?;
    store.close().await;
    match (again, changed) {
        (Again::One(id), 0) => bail!("there is no delivery {id}; `nightdesk webhooks list` shows them"),
        (_, 0) => println!("nothing was given up"),
        (_, 1) => println!("1 delivery will be sent again by the running server"),
        (_, many) => println!("{many} deliveries will be sent again by the running server"),
    }
    Ok(())
}

async fn ping(settings: &Settings, name: &str) -> anyhow::Result<()> {
    let endpoint = webhooks::endpoints(settings).into_iter().find(|endpoint| endpoint.name == name);
    let endpoint = endpoint.with_context(|| format!("there is no endpoint `{name}`; `nightdesk webhooks list` shows them"))?;
    let clock = Arc::new(SystemClock);
    let (id, at) = (DeliveryId(Ids::new(clock.clone()).uuid()), clock.now());
    let body = serde_json::json!({"event": "ping", "delivery": id.0, "at": at.to_string()}).to_string();
    let sender = Sender::new(Arc::new(endpoint), webhooks::pace(settings).timeout)?;
    let began = Instant::now();
    match sender.send(Letter { id, at, body: &body }).await {
        Ok(status) => println!("{name} answered {status} in {} ms", began.elapsed().as_millis()),
        Err(fault) => bail!("{name} did not take the ping: {fault}"),
    }
    Ok(())
}

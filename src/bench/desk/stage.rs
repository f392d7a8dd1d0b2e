//! Everybody's lines to the server, and what they do on them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Response;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::account::Account;
use super::line::{AgentLine, Said, ShopperLine, listen};
use super::people::People;
use super::screen::Heard;
use super::timeline::Act;
use super::{DeskPlace, LOOK_EVERY};
use crate::bench::visitor::Door;

/// Lines that are opened at the same time: a server's queue of new connections is not what is measured.
const AT_ONCE: usize = 32;
/// Log-ins at the same time: a password is slow to check, on purpose.
const LOG_INS: usize = 4;
/// How long the first conversations may take to be in agents' hands.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a shopper says who wants a person.
const PLEA: &str = "I want to talk to a person";

/// Everybody.
pub struct Stage {
    shared: Arc<Shared>,
    streams: Vec<AbortHandle>,
}

struct Shared {
    door: Door,
    questions: Vec<String>,
    began: Instant,
    widgets: Vec<ShopperLine>,
    consoles: Vec<AgentLine>,
    account: Mutex<Account>,
    people: Mutex<People>,
    messages: AtomicUsize,
    closing: AtomicBool,
}

/// A message that somebody sends.
#[derive(Debug, Clone, Copy)]
struct Errand {
    act: Act,
    shopper: usize,
    /// The agent who has the shopper.
    agent: Option<usize>,
    /// Nothing for one that is not measured.
    due: Option<Duration>,
}

/// Whose screen it is.
#[derive(Debug, Clone, Copy)]
enum Whose {
    Widget(usize),
    Console(usize),
}

impl Stage {
    /// Opens all consoles, then so many widgets.
    pub async fn open(place: DeskPlace, shoppers: usize) -> anyhow::Result<Self> {
        let door = &place.door;
        let consoles: Vec<(AgentLine, Response)> = stream::iter(&place.agents)
            .map(|login| async move {
                AgentLine::open(door, login).await.with_context(|| format!("the agent {} cannot open a console", login.email))
            })
            .buffered(LOG_INS)
            .try_collect()
            .await?;
        let widgets: Vec<(ShopperLine, Response)> =
            stream::iter(0..shoppers).map(|_| ShopperLine::open(door)).buffered(AT_ONCE).try_collect().await?;
        let (consoles, agents_hear): (Vec<_>, Vec<_>) = consoles.into_iter().unzip();
        let (widgets, shoppers_hear): (Vec<_>, Vec<_>) = widgets.into_iter().unzip();
        let shared = Arc::new(Shared {
            account: Mutex::new(Account::new(consoles.len(), shoppers)),
            people: Mutex::new(People::new(consoles.len(), shoppers)),
            door: place.door,
            questions: place.questions,
            began: Instant::now(),
            widgets,
            consoles,
            messages: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        });
        let agents_hear = agents_hear.into_iter().enumerate().map(|(agent, stream)| (Whose::Console(agent), stream));
        let shoppers_hear = shoppers_hear.into_iter().enumerate().map(|(shopper, stream)| (Whose::Widget(shopper), stream));
        let streams = agents_hear
            .chain(shoppers_hear)
            .map(|(screen, stream)| tokio::spawn(Arc::clone(&shared).watch(screen, stream)).abort_handle())
            .collect();
        Ok(Self { shared, streams })
    }

    /// The time that all accounts are kept in.
    pub fn now(&self) -> Duration {
        self.shared.now()
    }

    /// What became of everything.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.shared.account()
    }

    /// Whether all that was sent has arrived everywhere.
    pub fn is_settled(&self) -> bool {
        self.account().is_settled()
    }

    /// One question, so that what the first one of a server costs is nobody's latency; then so many shoppers ask for a person and are claimed.
    pub async fn rehearse(&self, talks: usize) -> anyhow::Result<()> {
        let began = Instant::now();
        for act in std::iter::once(Act::Ask).chain(std::iter::repeat_n(Act::AskForPerson, talks)) {
            let shopper = self.shared.people().asks().context("there are too few shoppers")?;
            self.shared.begin(Errand { act, shopper, agent: None, due: None });
            while act == Act::Ask && !self.is_settled() && began.elapsed() < PATIENCE {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        while self.shared.people().served() < talks || !self.is_settled() {
            if began.elapsed() > PATIENCE {
                let served = self.shared.people().served();
                let sentences = self.account().sentences().join("; ");
                bail!(
                    "of {talks} shoppers who asked for a person {served} were claimed in {} s; look at the server's log. {sentences}",
                    PATIENCE.as_secs()
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Does what is due, where there is somebody for it.
    pub fn act(&self, act: Act, due: Duration) {
        let due = Some(due);
        let errand = match act {
            Act::Ask | Act::AskForPerson => self.shared.people().asks().map(|shopper| Errand { act, shopper, agent: None, due }),
            Act::WriteToAgent | Act::Reply => {
                self.shared.people().talk().map(|(shopper, agent)| Errand { act, shopper, agent: Some(agent), due })
            }
        };
        if let Some(errand) = errand {
            self.shared.begin(errand);
        }
    }

    /// What pages show that are opened now, of all shoppers who took part.
    pub async fn kept(&self) -> anyhow::Result<HashMap<usize, Vec<Heard>>> {
        let shared = &self.shared;
        let shoppers = self.account().shoppers();
        stream::iter(shoppers)
            .map(|shopper| async move { anyhow::Ok((shopper, shared.widgets[shopper].kept(&shared.door).await?)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Closes all screens.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.streams.iter().for_each(AbortHandle::abort);
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Never locked together with the people.
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The message is in the account when this returns, and on its way a little later.
    fn begin(self: &Arc<Self>, errand: Errand) {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        self.account().sends(&echo_of(number), errand.act, errand.shopper, errand.due);
        tokio::spawn(Arc::clone(self).send(errand, number));
    }

    async fn send(self: Arc<Self>, errand: Errand, number: usize) {
        let Errand { act, shopper, agent, .. } = errand;
        let echo = echo_of(number);
        let content = match act {
            // In an order in which neighbours are of other entries.
            Act::Ask => self.questions[number * 7919 % self.questions.len()].clone(),
            Act::AskForPerson => PLEA.to_owned(),
            Act::WriteToAgent => format!("One more thing about it ({number})"),
            Act::Reply => format!("I am looking into it for you ({number})"),
        };
        let now = self.now();
        self.account().begins(&echo, now);
        let outcome = match agent.filter(|_| act == Act::Reply) {
            None => self.widgets[shopper].write(&self.door, &content, &echo).await,
            Some(agent) => self.reply(agent, shopper, &content, &echo).await,
        };
        let now = self.now();
        match outcome {
            Ok(message) => self.account().taken(&echo, &message, now),
            Err(fault) => {
                if self.account().fails(&echo, format!("{fault:#}")) {
                    self.people().answered(shopper);
                }
            }
        }
        if agent.is_some() {
            self.people().arrived(shopper);
        }
    }

    async fn reply(&self, agent: usize, shopper: usize, content: &str, echo: &str) -> anyhow::Result<Heard> {
        let conversation = self.account().conversation_of(shopper).context("an agent has a shopper without a conversation")?;
        self.consoles[agent].reply(&self.door, conversation, content, echo).await
    }

    /// Follows a screen until its stream ends, which is a fault as long as the measurement goes on.
    async fn watch(self: Arc<Self>, screen: Whose, stream: Response) {
        listen(stream, |said| self.hear(screen, said)).await;
        if !self.closing.load(Ordering::Relaxed) {
            self.account().is_cut_off();
        }
    }

    fn hear(self: &Arc<Self>, screen: Whose, said: Said) {
        let now = self.now();
        match (screen, said) {
            (Whose::Widget(shopper), Said::Words) => self.account().words_on_widget(shopper, now),
            (Whose::Widget(shopper), Said::Message(message)) => {
                let decision = self.account().on_widget(shopper, &message, now);
                match decision.as_deref() {
                    Some("handoff") => self.people().handed_over(shopper),
                    Some(_) => self.people().answered(shopper),
                    None => {}
                }
            }
            (Whose::Console(agent), Said::Message(message)) => self.account().on_console(agent, &message, now),
            // All consoles hear it, and one sees to it.
            (Whose::Console(0), Said::Waits(conversation)) => {
                let shopper = self.account().shopper_of(conversation);
                if let Some(shopper) = shopper {
                    tokio::spawn(Arc::clone(self).claim(shopper));
                }
            }
            (_, Said::Words | Said::Waits(_)) => {}
        }
    }

    /// An agent claims the shopper; one who has many by now resolves the oldest.
    async fn claim(self: Arc<Self>, shopper: usize) {
        let agent = self.people().waits(shopper);
        let Some(agent) = agent else { return };
        if self.does(agent, shopper, "claim").await {
            self.people().claimed(shopper);
        }
        let parts = self.people().parts();
        if let Some((other, agent)) = parts
            && self.does(agent, other, "resolve").await
        {
            self.people().parted(other);
        }
    }

    async fn does(&self, agent: usize, shopper: usize, action: &str) -> bool {
        let Some(conversation) = self.account().conversation_of(shopper) else { return false };
        let outcome = self.consoles[agent].act(&self.door, conversation, action).await;
        outcome.map_err(|fault| self.account().errs(format!("{fault:#}"))).is_ok()
    }
}

fn echo_of(number: usize) -> String {
    format!("load-{number}")
}

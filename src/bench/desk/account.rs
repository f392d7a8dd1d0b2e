//! What was sent, what was seen where and when, and what the server has kept: from these what is lost and what is double. Knows no clock and no network.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use uuid::Uuid;

use super::screen::{Author, Heard, Screen, Shown};
use super::timeline::Act;

/// How many messages of the past a page shows that is opened anew; older ones cannot be compared.
const HISTORY: usize = 200;

/// Milliseconds from the moment at which a message was due.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latencies {
    /// To the server's word that it is stored.
    pub stored: Vec<f64>,
    /// A shopper's: until their own widget shows it.
    pub own: Vec<f64>,
    /// A shopper's: until a console shows it; one for each console.
    pub console: Vec<f64>,
    /// An agent's: until the shopper's widget shows it.
    pub widget: Vec<f64>,
    /// A question: until the first words of the bot's reply, of those that are told in pieces.
    pub first_words: Vec<f64>,
    /// A question: until the bot's whole reply, stored.
    pub reply: Vec<f64>,
    /// To the moment at which it was really sent: how late the driver itself was.
    pub driver: Vec<f64>,
}

/// What has to be zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Messages that were taken in and are not kept.
    pub not_kept: usize,
    /// Messages that are kept and were not shown by their widget.
    pub not_on_widget: usize,
    /// Messages that are kept and were not shown by a console; one for each console.
    pub not_on_console: usize,
    /// Questions without a reply.
    pub unanswered: usize,
    /// Messages that are kept twice.
    pub kept_twice: usize,
    /// Messages that a screen showed twice.
    pub shown_twice: usize,
    /// Replies of the bot's that nothing asked for.
    pub unasked: usize,
    /// Messages that a screen showed after a later one.
    pub disordered: usize,
    /// Requests that were refused or failed.
    pub errors: usize,
    /// Event streams that ended by themselves.
    pub cut_off: usize,
}

impl Faults {
    /// What did not arrive somewhere.
    pub fn lost(&self) -> usize {
        self.not_kept + self.not_on_widget + self.not_on_console + self.unanswered
    }

    /// What arrived twice somewhere.
    pub fn doubled(&self) -> usize {
        self.kept_twice + self.shown_twice + self.unasked
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A message that somebody sent.
#[derive(Debug)]
struct Sent {
    act: Act,
    shopper: usize,
    /// Nothing for one that is not measured.
    due: Option<Duration>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    UnderWay,
    /// Under this id and number.
    Taken(Uuid, i64),
    /// Whether it is kept is not known.
    Failed,
}

/// A question that waits for the bot.
#[derive(Debug)]
struct Asked {
    echo: String,
    first_words: Option<Duration>,
}

/// The account of one run.
#[derive(Debug)]
pub struct Account {
    sent: HashMap<String, Sent>,
    asked: HashMap<usize, Asked>,
    widgets: Vec<Screen>,
    consoles: Vec<Screen>,
    conversations: HashMap<Uuid, usize>,
    latencies: Latencies,
    decisions: BTreeMap<String, usize>,
    unasked: usize,
    errors: Vec<String>,
    cut_off: usize,
}

impl Account {
    /// For so many consoles and widgets.
    pub fn new(agents: usize, shoppers: usize) -> Self {
        Self {
            sent: HashMap::new(),
            asked: HashMap::new(),
            widgets: vec![Screen::default(); shoppers],
            consoles: vec![Screen::default(); agents],
            conversations: HashMap::new(),
            latencies: Latencies::default(),
            decisions: BTreeMap::new(),
            unasked: 0,
            errors: Vec::new(),
            cut_off: 0,
        }
    }

    /// Somebody sends a message to or from the shopper at the time `at`.
    pub fn sends(&mut self, echo: &str, act: Act, shopper: usize, due: Option<Duration>) {
        if matches!(act, Act::Ask | Act::AskForPerson) {
            self.asked.insert(shopper, Asked { echo: echo.to_owned(), first_words: None });
        }
        self.sent.insert(echo.to_owned(), Sent { act, shopper, due, state: State::UnderWay });
    }

    /// The moment at which the request is really begun.
    pub fn begins(&mut self, echo: &str, at: Duration) {
        self.latencies.driver.extend(self.since_due(echo, at));
    }

    /// The server has taken the message in.
    pub fn taken(&mut self, echo: &str, message: &Heard, at: Duration) {
        self.latencies.stored.extend(self.since_due(echo, at));
        if let Some(sent) = self.sent.get_mut(echo) {
            sent.state = State::Taken(message.id, message.seq);
            self.conversations.insert(message.conversation, sent.shopper);
        }
    }

    /// The server has not, or did not say so. Whether it was a question that nobody waits for any more.
    pub fn fails(&mut self, echo: &str, sentence: String) -> bool {
        self.errs(sentence);
        let Some(sent) = self.sent.get_mut(echo) else { return false };
        sent.state = State::Failed;
        let shopper = sent.shopper;
        let waits = self.asked.get(&shopper).is_some_and(|asked| asked.echo == echo);
        waits && self.asked.remove(&shopper).is_some()
    }

    /// Something else was refused or failed.
    pub fn errs(&mut self, sentence: String) {
        self.errors.push(sentence);
    }

    /// A stream ended that should not have.
    pub fn is_cut_off(&mut self) {
        self.cut_off += 1;
    }

    /// The shopper's widget shows words of a reply.
    pub fn words_on_widget(&mut self, shopper: usize, at: Duration) {
        if let Some(asked) = self.asked.get_mut(&shopper) {
            asked.first_words.get_or_insert(at);
        }
    }

    /// The shopper's widget shows a message. What the bot did, where that is its reply to what was asked.
    pub fn on_widget(&mut self, shopper: usize, heard: &Heard, at: Duration) -> Option<String> {
        if self.widgets[shopper].show(heard) == Shown::Again {
            return None;
        }
        self.conversations.insert(heard.conversation, shopper);
        let since = heard.echo.as_deref().and_then(|echo| self.since_due(echo, at));
        match heard.author {
            Author::Shopper => self.latencies.own.extend(since),
            Author::Agent => self.latencies.widget.extend(since),
            Author::Bot => return self.answers(shopper, heard, at),
            Author::System => {}
        }
        None
    }

    fn answers(&mut self, shopper: usize, heard: &Heard, at: Duration) -> Option<String> {
        let Some(asked) = self.asked.remove(&shopper) else {
            self.unasked += 1;
            return None;
        };
        let decision = heard.decision.clone().unwrap_or_else(|| "none".to_owned());
        if let Some(whole) = self.since_due(&asked.echo, at) {
            self.latencies.reply.push(whole);
            self.latencies.first_words.extend(asked.first_words.and_then(|first| self.since_due(&asked.echo, first)));
            *self.decisions.entry(decision.clone()).or_default() += 1;
        }
        Some(decision)
    }

    /// An agent's console shows a message.
    pub fn on_console(&mut self, agent: usize, heard: &Heard, at: Duration) {
        if self.consoles[agent].show(heard) == Shown::Again || heard.author != Author::Shopper {
            return;
        }
        if let Some(sent) = heard.echo.as_deref().and_then(|echo| self.sent.get(echo)) {
            self.conversations.insert(heard.conversation, sent.shopper);
            self.latencies.console.extend(sent.due.map(|due| milliseconds(due, at)));
        }
    }

    fn since_due(&self, echo: &str, at: Duration) -> Option<f64> {
        self.sent.get(echo)?.due.map(|due| milliseconds(due, at))
    }

    /// The shopper of a conversation.
    pub fn shopper_of(&self, conversation: Uuid) -> Option<usize> {
        self.conversations.get(&conversation).copied()
    }

    /// The conversation of a shopper.
    pub fn conversation_of(&self, shopper: usize) -> Option<Uuid> {
        self.conversations.iter().find(|(_, other)| **other == shopper).map(|(conversation, _)| *conversation)
    }

    /// Shoppers who took part.
    pub fn shoppers(&self) -> HashSet<usize> {
        self.sent.values().map(|sent| sent.shopper).collect()
    }

    /// Whether everything that is awaited was seen.
    pub fn is_settled(&self) -> bool {
        let seen = |sent: &Sent| match sent.state {
            State::UnderWay => false,
            State::Failed => true,
            State::Taken(id, _) => self.widgets[sent.shopper].shows(id) && self.consoles.iter().all(|console| console.shows(id)),
        };
        let on_consoles = |id| self.consoles.iter().all(|console| console.shows(id));
        self.asked.is_empty() && self.sent.values().all(seen) && self.widgets.iter().flat_map(Screen::messages).all(on_consoles)
    }

    /// How many messages of each kind were sent that are measured.
    pub fn sent(&self, act: Act) -> usize {
        self.sent.values().filter(|sent| sent.due.is_some() && sent.act == act).count()
    }

    /// The latencies so far.
    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// How many replies there were of each decision.
    pub fn decisions(&self) -> &BTreeMap<String, usize> {
        &self.decisions
    }

    /// What was said against requests, each sentence once.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = self.errors.clone();
        sentences.sort_unstable();
        sentences.dedup();
        sentences
    }

    /// Compares with what the server has kept: of each shopper who took part, the messages of a page that is opened now.
    pub fn faults(&self, kept: &HashMap<usize, Vec<Heard>>) -> Faults {
        let screens = || self.widgets.iter().chain(&self.consoles);
        let mut faults = Faults {
            shown_twice: screens().map(Screen::doubled).sum(),
            disordered: screens().map(Screen::disordered).sum(),
            unasked: self.unasked,
            unanswered: self.asked.len(),
            errors: self.errors.len(),
            cut_off: self.cut_off,
            ..Faults::default()
        };
        let none = Vec::new();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for (shopper, messages) in kept {
            for message in messages {
                faults.not_on_widget += usize::from(!self.widgets[*shopper].shows(message.id));
                faults.not_on_console += self.consoles.iter().filter(|console| !console.shows(message.id)).count();
                if let Some(echo) = &message.echo {
                    *times.entry(echo.as_str()).or_default() += 1;
                }
            }
        }
        for (echo, sent) in &self.sent {
            let times = times.get(echo.as_str()).copied().unwrap_or(0);
            faults.kept_twice += times.saturating_sub(1);
            let messages = kept.get(&sent.shopper).unwrap_or(&none);
            // Of a long conversation only the end is shown.
            let begins = if messages.len() < HISTORY { 0 } else { messages.iter().map(|message| message.seq).min().unwrap_or(0) };
            let is_owed = matches!(sent.state, State::Taken(_, seq) if seq >= begins);
            faults.not_kept += usize::from(is_owed && times == 0);
        }
        faults
    }
}

fn milliseconds(from: Duration, to: Duration) -> f64 {
    to.saturating_sub(from).as_nanos() as f64 / 1e6
}

//! What came of it, counted.

use std::collections::HashSet;
use std::time::Duration;

use super::actors::Book;
use super::story::{Story, number};
use crate::support::Told;

/// All rounds of a run together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Kills of a server that was ready.
    pub kills: usize,
    /// Kills of one that was still starting.
    pub kills_at_start: usize,
    /// Requests that were said again.
    pub retries: usize,
    /// Acknowledged messages that are not there.
    pub lost: usize,
    /// From each start to when the server was ready.
    pub ready: Vec<Duration>,
    accepted: usize,
    bursts: usize,
    handoffs: usize,
    unheard: usize,
    doubled: Vec<String>,
    unanswered: Vec<String>,
    gaps: Vec<String>,
    wrong: Vec<String>,
}

impl Tally {
    /// Counts whether a listener heard what there is.
    pub fn count(&mut self, heard: bool) {
        self.unheard += usize::from(!heard);
    }

    /// Holds a log against the messages of its shopper, and against how many tickets there are.
    pub fn read(&mut self, book: &Book, story: &Story, tickets: usize) {
        self.bursts += story.bursts;
        self.handoffs += story.handoffs;
        self.doubled.extend(story.doubled.iter().cloned());
        self.gaps.extend(story.gaps.iter().cloned());
        self.wrong.extend(story.wrong.iter().cloned());
        if story.owes() {
            self.unanswered.push(format!("{story:?}"));
        }
        if tickets != story.tickets {
            self.wrong.push(format!("{} has {tickets} tickets, and {} times a person was called", book.conversation(), story.tickets));
        }
        self.accepted += book.accepted().len();
    }

    /// Holds what a shopper's listener heard against the log: the same events in the same order, and in it each message once and in its place.
    pub fn compare_with(&mut self, book: &Book, log: &[Told], heard: &[Told]) {
        self.hear(log, heard);
        let stored: Vec<(&str, i64)> = log.iter().filter(|told| told.is_message_of("shopper")).filter_map(echo).collect();
        let accepted = book.accepted();
        let known: HashSet<&str> = stored.iter().map(|(echo, _)| *echo).collect();
        self.lost += accepted.iter().filter(|sent| !known.contains(sent.echo_id.as_str())).count();
        if stored.len() > known.len() {
            self.doubled.push(format!("{} messages are stored {} times", known.len(), stored.len()));
        }
        let sent: Vec<(&str, i64)> = accepted.iter().map(|sent| (sent.echo_id.as_str(), sent.seq)).collect();
        if sent != stored {
            self.wrong.push(format!("sent were {sent:?}, and stored are {stored:?}"));
        }
    }

    /// Holds what a listener heard through all cuts against what somebody hears who listens only now.
    pub fn hear(&mut self, log: &[Told], heard: &[Told]) {
        let numbers = |events: &[Told]| events.iter().map(number).collect::<Vec<_>>();
        let (log, heard) = (numbers(log), numbers(heard));
        if log != heard {
            let missed: Vec<&i64> = log.iter().filter(|number| !heard.contains(number)).collect();
            self.gaps.push(format!("a listener missed {missed:?} of {} and heard {}", log.len(), heard.len()));
        }
    }

    /// What must not be.
    pub fn faults(&self) -> Vec<String> {
        let counted = [(self.lost, "acknowledged messages are lost"), (self.unheard, "listeners did not hear the newest event in time")];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        counted.chain([&self.doubled, &self.unanswered, &self.gaps, &self.wrong].into_iter().flatten().cloned()).collect()
    }

    /// One line of a table in Markdown, with its head.
    pub fn table(&self, database: &str) -> String {
        let ready = |share: usize| {
            let mut times = self.ready.clone();
            times.sort_unstable();
            times.get(times.len() * share / 100).or(times.last()).copied().unwrap_or_default().as_millis()
        };
        let cells = [
            ("database", database.to_owned()),
            ("kills", format!("{} + {} while starting", self.kills, self.kills_at_start)),
            ("accepted messages", self.accepted.to_string()),
            ("bursts", self.bursts.to_string()),
            ("handoffs", self.handoffs.to_string()),
            ("said again", self.retries.to_string()),
            ("lost", self.lost.to_string()),
            ("doubled", self.doubled.len().to_string()),
            ("unanswered", self.unanswered.len().to_string()),
            ("gaps", self.gaps.len().to_string()),
            ("otherwise wrong", (self.wrong.len() + self.unheard).to_string()),
            ("ready p50 / p95 in ms", format!("{} / {}", ready(50), ready(95))),
        ];
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let head = row(cells.iter().map(|(name, _)| (*name).to_owned()).collect());
        let rule = format!("|{}", "---|".repeat(cells.len()));
        format!("{head}\n{rule}\n{}", row(cells.into_iter().map(|(_, value)| value).collect()))
    }
}

fn echo(told: &Told) -> Option<(&str, i64)> {
    told.data["echo_id"].as_str().map(|echo| (echo, number(told)))
}

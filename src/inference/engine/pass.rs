//! One pass: the rows of every running sequence through the model, and each sequence on from what came of it.

use super::ended::{Ended, guarded};
use super::plan::{Limits, Share, plan};
use super::reply::Words;
use super::sequence::Sequence;
use super::worker::Worker;
use crate::inference::error::InferenceError;
use crate::inference::model::causal::{Causal, Scores, Segment};

/// What a pass may hold. Beside replies a prompt goes in pieces short enough that nobody sees the words stop.
const LIMITS: Limits = Limits { alone: 512, beside: 128, scored: 64, guesses: 8 };

/// What one sequence puts into the pass.
struct Entry {
    share: Share,
    /// Its tokens with the guesses behind them.
    tokens: Vec<u32>,
}

impl Entry {
    fn guesses(&self) -> &[u32] {
        &self.tokens[self.share.tokens..]
    }
}

/// Why a pass came to nothing.
enum Failure {
    /// The model said so; the caches are as they were up to where each segment began.
    Fault(InferenceError),
    /// It did not get to say anything.
    Panic(InferenceError),
}

impl<M: Causal> Worker<M> {
    /// Lets every running sequence go on by what the plan gives it.
    pub(super) fn pass(&mut self) {
        let entries = self.entries();
        if entries.is_empty() {
            return;
        }
        let ended = match forward(&mut self.model, &mut self.running, &entries) {
            Ok(scores) => self.take(&entries, &scores),
            // One of them may be at fault: each gets a pass of its own.
            Err(Failure::Fault(_)) if entries.len() > 1 => entries.chunks(1).flat_map(|entry| self.pass_alone(entry)).collect(),
            Err(failure) => self.fail(&entries, &failure),
        };
        for (index, ended) in ended.into_iter().rev() {
            let sequence = self.running.remove(index);
            self.end(sequence, ended);
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let guesses: Vec<Vec<u32>> = self.running.iter().map(|sequence| sequence.guesses(&self.ends)).collect();
        let standings: Vec<_> = self.running.iter().zip(&guesses).map(|(sequence, guesses)| sequence.standing(guesses.len())).collect();
        let entry = |share: Share| {
            let sequence = &self.running[share.index];
            let tokens = &sequence.tokens[sequence.held..sequence.held + share.tokens];
            Entry { share, tokens: [tokens, &guesses[share.index][..share.guesses]].concat() }
        };
        plan(&standings, LIMITS).into_iter().map(entry).collect()
    }

    fn pass_alone(&mut self, entry: &[Entry]) -> Vec<(usize, Ended)> {
        match forward(&mut self.model, &mut self.running, entry) {
            Ok(scores) => self.take(entry, &scores),
            Err(failure) => self.fail(entry, &failure),
        }
    }

    /// Hands each sequence its rows; gives those that ended, in ascending order.
    fn take(&mut self, entries: &[Entry], scores: &Scores) -> Vec<(usize, Ended)> {
        let words = Words { ends: &self.ends, bytes: &|token| self.model.bytes(token) };
        let mut rows = scores.rows();
        let mut over = Vec::new();
        for entry in entries {
            let sequence = &mut self.running[entry.share.index];
            let rows: Vec<&[f32]> = rows.by_ref().take(entry.share.scored).collect();
            // A constraint is the caller's code.
            let taken = guarded(|| sequence.take(entry.share, entry.guesses(), &rows, &words));
            if let Err(ended) = taken.unwrap_or_else(|fault| Err(fault.into())) {
                over.push((entry.share.index, ended));
            }
        }
        over
    }

    /// Fails every sequence of the pass. After a panic their caches may hold anything.
    fn fail(&mut self, entries: &[Entry], failure: &Failure) -> Vec<(usize, Ended)> {
        let fail = |entry: &Entry| {
            let fault = match failure {
                Failure::Fault(fault) => fault,
                Failure::Panic(fault) => {
                    if let Some(lease) = self.running[entry.share.index].lease.take() {
                        self.pool.discard(lease);
                    }
                    fault
                }
            };
            (entry.share.index, Ended::Fault(fault.clone()))
        };
        entries.iter().map(fail).collect()
    }
}

fn forward<M: Causal>(model: &mut M, running: &mut [Sequence<M::Cache>], entries: &[Entry]) -> Result<Scores, Failure> {
    let mut segments = Vec::with_capacity(entries.len());
    let mut rest = entries.iter().peekable();
    for (index, sequence) in running.iter_mut().enumerate() {
        let Some(entry) = rest.next_if(|entry| entry.share.index == index) else { continue };
        let lease = sequence.lease.as_mut().expect("what runs has a cache");
        lease.wrote(sequence.held + entry.tokens.len());
        let cache = &mut lease.slot.cache;
        let read = sequence.reads.saturating_sub(sequence.held);
        segments.push(Segment { cache, start: sequence.held, tokens: &entry.tokens, read, scored: entry.share.scored });
    }
    let scores = guarded(|| model.forward(&mut segments)).map_err(Failure::Panic)?.map_err(Failure::Fault)?;
    let wanted: usize = entries.iter().map(|entry| entry.share.scored).sum();
    if scores.rows.len() != wanted * scores.vocabulary {
        return Err(Failure::Fault(InferenceError::Failed {
            fault: "the model gave another number of scores than it was asked for".to_owned(),
        }));
    }
    Ok(scores)
}

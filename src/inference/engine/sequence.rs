//! One sequence of tokens on its way through the model: a prompt with the reply to it, or with a continuation to be scored.

use std::time::{Duration, Instant};

use super::ended::Ended;
use super::plan::{Rank, Share, Stage, Standing};
use super::pool::Lease;
use super::reply::{Reply, Words, is_late};
use super::scoring::Part;
use crate::inference::error::InferenceError;

/// What a sequence is read for.
pub enum Work {
    /// To be answered.
    Reply(Reply),
    /// To know how likely its end is.
    Score(Part),
}

/// One sequence.
pub struct Sequence<C> {
    pub rank: Rank,
    /// All tokens to be read, in the end: the prompt and what was said since.
    pub tokens: Vec<u32>,
    /// How many of them are the prompt's.
    pub prompt: usize,
    /// How many tokens there can come to be.
    pub need: usize,
    /// How many of the tokens the cache holds.
    pub held: usize,
    /// The cache, while the sequence runs.
    pub lease: Option<Lease<C>>,
    pub asked: Instant,
    /// Counted from when it was asked.
    pub deadline: Duration,
    /// When it first ran.
    pub begun: Option<Instant>,
    pub work: Work,
}

impl<C> Sequence<C> {
    /// The position of the first token of which the scores are wanted: up to there a beginning may come from elsewhere.
    pub fn wanted(&self) -> usize {
        match &self.work {
            Work::Reply(_) => self.tokens.len() - 1,
            Work::Score(part) => part.from(),
        }
    }

    /// What a beginning can be of use for.
    pub fn goal(&self) -> &[u32] {
        &self.tokens[..self.wanted()]
    }

    /// What of the prompt the cache holds.
    pub fn read(&self) -> &[u32] {
        &self.tokens[..self.held.min(self.prompt)]
    }

    /// What it wants of the next pass.
    pub fn standing(&self, guesses: usize) -> Standing {
        let stage = match self.work {
            Work::Reply(_) if self.held >= self.prompt => Stage::Replying,
            _ => Stage::Reading,
        };
        let unscored = self.wanted().saturating_sub(self.held);
        Standing { rank: self.rank, stage, pending: self.tokens.len() - self.held, unscored, guesses }
    }

    /// Guesses for what it goes on with.
    pub fn guesses(&self, ends: &[u32]) -> Vec<u32> {
        match &self.work {
            Work::Reply(reply) if self.held >= self.prompt => reply.guesses(&self.tokens, ends),
            _ => Vec::new(),
        }
    }

    /// Goes on from a pass that read `share` of it.
    pub fn take(&mut self, share: Share, guesses: &[u32], rows: &[&[f32]], words: &Words<'_>) -> Result<(), Ended> {
        self.held += share.tokens;
        match &mut self.work {
            Work::Reply(_) if rows.is_empty() => {}
            Work::Reply(reply) => self.held += reply.take(&mut self.tokens, guesses, rows, words)?,
            Work::Score(part) => {
                part.take(rows);
                if self.held == self.tokens.len() {
                    return Err(Ended::Done);
                }
            }
        }
        Ok(())
    }

    /// Why there is no reason to go on, if so.
    pub fn is_over(&self) -> Option<Ended> {
        let cancelled = match &self.work {
            Work::Reply(reply) => reply.is_cancelled(),
            Work::Score(part) => part.is_cancelled(),
        };
        if cancelled {
            return Some(Ended::Cancelled);
        }
        let late = InferenceError::DeadlinePassed { after: self.deadline };
        is_late(self.asked, self.deadline).then_some(Ended::Fault(late))
    }

    /// Gives its cache up, to be read again later.
    pub fn suspend(&mut self) -> Option<Lease<C>> {
        self.held = 0;
        if let Work::Score(part) = &mut self.work {
            part.restart();
        }
        self.lease.take()
    }
}

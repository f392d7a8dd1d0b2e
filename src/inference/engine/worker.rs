//! The engine's thread: takes requests in, lets the most urgent run, and drives pass after pass.

use std::sync::Arc;
use std::time::Instant;

use super::ended::{Ended, guarded, reason};
use super::job::{self, Job};
use super::plan::Rank;
use super::pool::Pool;
use super::prefix::{Parting, SHORTEST, common};
use super::queue::{Gate, Inbox};
use super::reply::Words;
use super::sequence::{Sequence, Work};
use super::{EngineOptions, meters};
use crate::inference::error::InferenceError;
use crate::inference::model::causal::Causal;

/// The thread's own: the model, and the sequences that wait and run.
pub struct Worker<M: Causal> {
    pub(super) model: M,
    /// Tokens that end a reply, in ascending order.
    pub(super) ends: Vec<u32>,
    pub(super) running: Vec<Sequence<M::Cache>>,
    pub(super) pool: Pool<M::Cache>,
    /// In the order of their ranks.
    waiting: Vec<Sequence<M::Cache>>,
    gate: Arc<Gate>,
    arrivals: u64,
    /// No more than this many run.
    places: usize,
    bytes_per_token: usize,
}

impl<M: Causal> Worker<M> {
    /// Nothing is asked yet.
    pub fn new(model: M, gate: Arc<Gate>, options: EngineOptions) -> Self {
        let vocabulary = u32::try_from(model.vocabulary()).unwrap_or(u32::MAX);
        let ends = (0..vocabulary).filter(|&token| model.ends(token)).collect();
        let bytes_per_token = model.bytes_per_token().max(1);
        // One sequence can always be as long as the context allows.
        let budget = (options.memory / bytes_per_token).max(model.context());
        let places = options.sequences.max(1);
        let pool = Pool::new(budget, options.kept / bytes_per_token, places);
        Self { model, ends, running: Vec::new(), pool, waiting: Vec::new(), gate, arrivals: 0, places, bytes_per_token }
    }

    /// Works until the inbox is closed.
    pub fn run(&mut self, inbox: &Inbox<Job>) {
        loop {
            let idle = self.waiting.is_empty() && self.running.is_empty();
            let taken = if idle { inbox.wait() } else { inbox.take() };
            let jobs = match taken {
                Ok(jobs) => jobs,
                Err(jobs) => {
                    jobs.into_iter().for_each(|job| job.refuse(InferenceError::ShuttingDown));
                    self.end_all(&InferenceError::ShuttingDown);
                    return;
                }
            };
            if let Err(fault) = guarded(|| self.turn(jobs)) {
                self.end_all(&fault);
            }
        }
    }

    fn turn(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.admit(job);
        }
        self.sweep();
        self.start();
        self.pass();
        meters::holds(self.running.len(), self.pool.prefixes.written() * self.bytes_per_token);
    }

    /// Makes sequences of a request.
    fn admit(&mut self, job: Job) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        match job {
            Job::Reply(job) => {
                let words = Words { ends: &self.ends, bytes: &|token| self.model.bytes(token) };
                match job::reply(&self.model, &words, job, arrival) {
                    Some((sequence, Ok(()))) => self.wait(sequence),
                    Some((sequence, Err(ended))) => self.end(sequence, ended),
                    None => {}
                }
            }
            Job::Score(job) => job::score(&self.model, job, arrival).into_iter().for_each(|sequence| self.wait(sequence)),
            Job::Tokens { texts, out } => {
                let tokens = guarded(|| texts.iter().map(|text| self.model.tokens(text)).collect()).flatten();
                // Nobody may be left to tell.
                let _ = out.send(tokens);
            }
        }
    }

    /// Puts a sequence where its rank belongs, behind its equals.
    fn wait(&mut self, sequence: Sequence<M::Cache>) {
        let at = self.waiting.partition_point(|other| other.rank <= sequence.rank);
        self.waiting.insert(at, sequence);
    }

    /// Ends what nobody waits for any more, and what is too late, whether it runs or not.
    fn sweep(&mut self) {
        let over = |sequence: &mut Sequence<M::Cache>| sequence.is_over().is_some();
        let mut gone: Vec<_> = self.waiting.extract_if(.., over).collect();
        gone.extend(self.running.extract_if(.., over));
        for sequence in gone {
            let ended = sequence.is_over().unwrap_or(Ended::Cancelled);
            self.end(sequence, ended);
        }
    }

    /// Lets the most urgent run, in the place of less urgent ones where there is none left.
    fn start(&mut self) {
        let mut next = 0;
        while let Some(sequence) = self.waiting.get(next) {
            let rank = sequence.rank;
            if self.comes_later(sequence) {
                next += 1;
                continue;
            }
            if self.running.len() >= self.places && !self.suspend_for(rank) {
                return;
            }
            let mut sequence = self.waiting.remove(next);
            match self.settle(&mut sequence) {
                Ok(Settled::Runs) => self.running.push(sequence),
                Ok(Settled::Waits) => {
                    self.waiting.insert(next, sequence);
                    if !self.suspend_for(rank) {
                        return;
                    }
                }
                Err(fault) => self.end(sequence, fault.into()),
            }
        }
    }

    /// Whether a running sequence is about to have read what this one begins with: waiting for it is quicker than reading it twice.
    fn comes_later(&self, sequence: &Sequence<M::Cache>) -> bool {
        let goal = sequence.goal();
        let live = self.running.iter().map(|other| common(other.read(), goal)).max().unwrap_or(0);
        let ready = live.max(self.pool.prefixes.shared(goal));
        self.running.iter().filter(|other| other.rank <= sequence.rank && other.held < other.prompt).any(|other| {
            let promised = common(&other.tokens[..other.prompt], goal);
            promised >= ready + SHORTEST
        })
    }

    /// Takes the place and the memory of the least urgent running sequence for one of this rank; false if none is of a less urgent class.
    fn suspend_for(&mut self, rank: Rank) -> bool {
        let last = (0..self.running.len()).max_by_key(|&index| self.running[index].rank);
        let Some(last) = last.filter(|&last| self.running[last].rank.class > rank.class) else { return false };
        let mut sequence = self.running.remove(last);
        let read = sequence.read().to_vec();
        if let Some(lease) = sequence.suspend() {
            self.pool.keep(&read, lease);
        }
        self.wait(sequence);
        true
    }

    /// Gives a sequence its cache, with as much of its prompt as is known already.
    fn settle(&mut self, sequence: &mut Sequence<M::Cache>) -> Result<Settled, InferenceError> {
        let goal = sequence.goal();
        // Looked up before there is a cache, so that what will be of use is not what makes room for it.
        let parting = self.pool.prefixes.longest(goal).map(|found| (found.shared, found.parting));
        if let Some((shared, Parting::New)) = parting {
            self.part(&goal[..shared]);
        }
        let mut lease = match self.pool.lease(sequence.need, || self.model.cache()) {
            Ok(Some(lease)) => lease,
            // The system may have more to give once one of the others is done.
            Err(fault) if self.running.is_empty() => return Err(fault),
            Ok(None) | Err(_) => return Ok(Settled::Waits),
        };
        let kept = self.pool.prefixes.longest(goal).map(|found| (found.shared, found.cache));
        let live = self.running.iter().filter_map(|other| Some((common(other.read(), goal), &other.lease.as_ref()?.slot.cache)));
        let live = live.max_by_key(|(shared, _)| *shared).filter(|(shared, _)| *shared >= SHORTEST);
        let best = [live, kept].into_iter().flatten().max_by_key(|(shared, _)| *shared);
        let shared = best.map_or(0, |(shared, _)| shared);
        if let Some((shared, from)) = best {
            self.model.copy(from, shared, &mut lease.slot.cache);
            lease.wrote(shared);
        }
        meters::looked_up(shared);
        sequence.held = shared;
        sequence.lease = Some(lease);
        if sequence.begun.is_none() {
            sequence.begun = Some(Instant::now());
            meters::started(sequence.asked.elapsed());
        }
        Ok(Settled::Runs)
    }

    /// Keeps what two prompts begin with by itself, if there is room for it.
    fn part(&mut self, beginning: &[u32]) {
        let Ok(Some(mut lease)) = self.pool.lease(beginning.len(), || self.model.cache()) else { return };
        // Room may have been made at the expense of just this.
        match self.pool.prefixes.longest(beginning) {
            Some(found) if found.shared == beginning.len() => {
                self.model.copy(found.cache, found.shared, &mut lease.slot.cache);
                lease.wrote(beginning.len());
                self.pool.keep_shared(beginning, lease);
            }
            _ => self.pool.keep(&[], lease),
        }
    }

    /// Ends a sequence: tells its caller, and keeps what its cache holds of the prompt.
    pub(super) fn end(&mut self, mut sequence: Sequence<M::Cache>, ended: Ended) {
        if let Some(lease) = sequence.lease.take() {
            self.pool.keep(sequence.read(), lease);
        }
        let class = sequence.rank.class;
        match (ended, sequence.work) {
            (Ended::Done, Work::Reply(_)) => self.gate.note_duration(sequence.begun.map_or_else(Default::default, |begun| begun.elapsed())),
            (Ended::Done, Work::Score(part)) => part.complete(),
            (Ended::Cancelled, Work::Reply(_)) => meters::shed("cancelled", class),
            (Ended::Cancelled, Work::Score(part)) => {
                if part.fail(InferenceError::ShuttingDown) {
                    meters::shed("cancelled", class);
                }
            }
            (Ended::Fault(fault), Work::Reply(reply)) => {
                meters::shed(reason(&fault), class);
                reply.fail(fault);
            }
            (Ended::Fault(fault), Work::Score(part)) => {
                let reason = reason(&fault);
                if part.fail(fault) {
                    meters::shed(reason, class);
                }
            }
        }
    }

    /// Ends everything, and forgets every cache: nobody knows what they hold.
    fn end_all(&mut self, fault: &InferenceError) {
        let all: Vec<_> = self.running.drain(..).chain(self.waiting.drain(..)).collect();
        for mut sequence in all {
            if let Some(lease) = sequence.lease.take() {
                self.pool.discard(lease);
            }
            self.end(sequence, Ended::Fault(fault.clone()));
        }
        self.pool.clear();
    }
}

/// What became of a sequence that was to run.
enum Settled {
    Runs,
    /// There is no memory for it yet.
    Waits,
}

//! Beginnings of prompts that are kept with what the model made of them: a new prompt is read from where it parts from the longest of them.
//!
//! Whole prompts are kept, as they come for nothing from the sequences that end. Where a new prompt parts from a kept one, what both share
//! (the instructions, as a rule) is kept by itself: it is small and is asked for again and again, whereas the whole prompts behind it grow
//! old and go.

use std::cmp::Reverse;

/// Shorter beginnings are read again: that costs less than looking after them.
pub const SHORTEST: usize = 16;

/// A cache, and how far it was ever written: so much memory it takes.
#[derive(Debug)]
pub struct Slot<C> {
    pub cache: C,
    /// In tokens.
    pub written: usize,
}

/// The kept beginnings, the least recently used of which goes when there are too many.
#[derive(Debug)]
pub struct Prefixes<C> {
    entries: Vec<Entry<C>>,
    /// How many tokens' worth of memory the slots may take together.
    budget: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry<C> {
    tokens: Vec<u32>,
    slot: Slot<C>,
    /// When it last was of use.
    used: u64,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A prompt as it was asked.
    Whole,
    /// What several prompts begin with.
    Shared,
}

/// The best beginning for a prompt.
#[derive(Debug)]
pub struct Found<'a, C> {
    /// Where it can be copied from.
    pub cache: &'a C,
    /// How many tokens it shares with the prompt.
    pub shared: usize,
    /// Whether what is shared should be kept by itself from now on.
    pub parting: Parting,
}

/// Whether a prompt parts from a kept one at a place worth remembering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// Nothing kept ends near there.
    New,
    /// It is remembered, or they do not part.
    Known,
}

impl<C> Prefixes<C> {
    /// Nothing is kept yet.
    pub fn new(budget: usize) -> Self {
        Self { entries: Vec::new(), budget, clock: 0 }
    }

    /// How many tokens' worth of memory is taken.
    pub fn written(&self) -> usize {
        self.entries.iter().map(|entry| entry.slot.written).sum()
    }

    /// How much of `prompt` is kept, without using it.
    pub fn shared(&self, prompt: &[u32]) -> usize {
        self.entries.iter().map(|entry| common(&entry.tokens, prompt)).max().unwrap_or(0)
    }

    /// The longest beginning of `prompt` that is kept, if it is worth copying.
    pub fn longest(&mut self, prompt: &[u32]) -> Option<Found<'_, C>> {
        let known = self.entries.iter().filter(|entry| prompt.starts_with(&entry.tokens)).map(|entry| entry.tokens.len()).max();
        // Of several that share as much, the one that has little else.
        let best = self
            .entries
            .iter_mut()
            .max_by_key(|entry| (common(&entry.tokens, prompt), Reverse(entry.tokens.len()), Reverse(entry.used)))?;
        let shared = common(&best.tokens, prompt);
        if shared < SHORTEST {
            return None;
        }
        self.clock += 1;
        best.used = self.clock;
        let part = shared < prompt.len() && shared < best.tokens.len() && shared >= known.unwrap_or(0) + SHORTEST;
        Some(Found { cache: &best.slot.cache, shared, parting: if part { Parting::New } else { Parting::Known } })
    }

    /// Keeps a whole prompt, the first tokens of what `slot` holds. Gives back the slots that are free for something else: those that had to
    /// go, or this one.
    pub fn keep(&mut self, prompt: &[u32], slot: Slot<C>) -> Vec<Slot<C>> {
        if prompt.len() < SHORTEST || self.entries.iter().any(|entry| entry.tokens.starts_with(prompt)) {
            return vec![slot];
        }
        // The same conversation, one message ago.
        let before = self.entries.iter().position(|entry| entry.kind == Kind::Whole && prompt.starts_with(&entry.tokens));
        let mut free: Vec<Slot<C>> = before.map(|index| self.entries.swap_remove(index).slot).into_iter().collect();
        free.extend(self.insert(prompt, slot, Kind::Whole));
        free
    }

    /// Keeps what several prompts begin with. Gives back slots as [`Self::keep`] does.
    pub fn keep_shared(&mut self, beginning: &[u32], slot: Slot<C>) -> Vec<Slot<C>> {
        if self.entries.iter().any(|entry| entry.tokens == beginning) {
            return vec![slot];
        }
        self.insert(beginning, slot, Kind::Shared)
    }

    /// Lets the least recently used go.
    pub fn evict(&mut self) -> Option<Slot<C>> {
        let oldest = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.used)?.0;
        Some(self.entries.swap_remove(oldest).slot)
    }

    fn insert(&mut self, tokens: &[u32], slot: Slot<C>, kind: Kind) -> Vec<Slot<C>> {
        if slot.written > self.budget {
            return vec![slot];
        }
        let mut free = Vec::new();
        while self.written() + slot.written > self.budget {
            free.extend(self.evict());
        }
        self.clock += 1;
        self.entries.push(Entry { tokens: tokens.to_vec(), slot, used: self.clock, kind });
        free
    }
}

/// How many tokens both begin with.
pub fn common(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
#[path = "prefix_tests.rs"]
mod tests;

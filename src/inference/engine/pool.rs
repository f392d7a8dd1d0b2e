//! The memory of the sequences: caches in use, kept beginnings, and caches that wait to be used again, under one budget.

use super::prefix::{Prefixes, Slot};
use crate::inference::error::InferenceError;

/// Caches are counted in tokens: memory is taken as it is written to, and is not given back before the cache goes.
pub struct Pool<C> {
    /// Beginnings of prompts, to start from.
    pub prefixes: Prefixes<C>,
    free: Vec<Slot<C>>,
    /// No more than this many wait to be used again.
    spare: usize,
    budget: usize,
    leased: usize,
}

/// A cache in the hands of a sequence, with as much memory as it may come to need.
pub struct Lease<C> {
    pub slot: Slot<C>,
    reserved: usize,
}

impl<C> Lease<C> {
    /// Notes that the cache was written up to here.
    pub fn wrote(&mut self, tokens: usize) {
        self.slot.written = self.slot.written.max(tokens);
    }
}

impl<C> Pool<C> {
    /// Room for `budget` tokens, of which beginnings may take `kept`.
    pub fn new(budget: usize, kept: usize, spare: usize) -> Self {
        Self { prefixes: Prefixes::new(kept.min(budget)), free: Vec::new(), spare, budget, leased: 0 }
    }

    /// A cache for `need` tokens. What only might be of use makes room for it; `None` while sequences take all there is.
    pub fn lease(&mut self, need: usize, make: impl Fn() -> Result<C, InferenceError>) -> Result<Option<Lease<C>>, InferenceError> {
        let mut slot = self.free.pop();
        let reserved = loop {
            let reserved = slot.as_ref().map_or(need, |slot| slot.written.max(need));
            if self.taken() + reserved <= self.budget {
                break reserved;
            }
            if self.free.pop().is_some() {
                continue;
            }
            match self.prefixes.evict() {
                Some(gone) if slot.is_none() => slot = Some(gone),
                Some(_) => {}
                None if slot.as_ref().is_some_and(|slot| slot.written > need) => slot = None,
                None => {
                    self.free.extend(slot);
                    return Ok(None);
                }
            }
        };
        let slot = match slot {
            Some(slot) => slot,
            // The system may have less to give than the budget says.
            None => Slot {
                cache: make().or_else(|_| {
                    self.clear();
                    make()
                })?,
                written: 0,
            },
        };
        self.leased += reserved;
        Ok(Some(Lease { slot, reserved }))
    }

    /// Takes a cache back, and keeps what it holds of the prompt.
    pub fn keep(&mut self, prompt: &[u32], lease: Lease<C>) {
        self.leased -= lease.reserved;
        let free = self.prefixes.keep(prompt, lease.slot);
        self.reuse(free);
    }

    /// Takes a cache back, and keeps what several prompts begin with.
    pub fn keep_shared(&mut self, beginning: &[u32], lease: Lease<C>) {
        self.leased -= lease.reserved;
        let free = self.prefixes.keep_shared(beginning, lease.slot);
        self.reuse(free);
    }

    /// Takes a cache back that nobody knows the contents of, and drops it.
    pub fn discard(&mut self, lease: Lease<C>) {
        self.leased -= lease.reserved;
    }

    /// Drops everything that is not leased.
    pub fn clear(&mut self) {
        self.free.clear();
        while self.prefixes.evict().is_some() {}
    }

    fn reuse(&mut self, slots: Vec<Slot<C>>) {
        self.free.extend(slots);
        self.free.truncate(self.spare);
    }

    fn taken(&self) -> usize {
        self.leased + self.prefixes.written() + self.free.iter().map(|slot| slot.written).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "what makes a cache may fail")]
    fn made() -> Result<u32, InferenceError> {
        Ok(7)
    }

    fn prompt(length: u32, first: u32) -> Vec<u32> {
        (first..first + length).collect()
    }

    #[test]
    fn sequences_get_what_is_kept_before_one_has_to_wait() {
        let mut pool: Pool<u32> = Pool::new(100, 60, 2);
        let mut first = pool.lease(50, made).unwrap().unwrap();
        first.wrote(40);
        pool.keep(&prompt(30, 0), first);
        assert_eq!(pool.prefixes.written(), 40);
        let second = pool.lease(60, made).unwrap().unwrap();
        assert_eq!(pool.prefixes.written(), 40);
        let third = pool.lease(30, made).unwrap().unwrap();
        assert_eq!((pool.prefixes.written(), third.slot.written), (0, 40));
        assert!(pool.lease(1, made).unwrap().is_none());
        pool.discard(second);
        assert!(pool.lease(61, made).unwrap().is_none());
        assert!(pool.lease(60, made).unwrap().is_some());
        assert_eq!(pool.leased, 100);
    }

    #[test]
    fn a_cache_that_is_of_no_other_use_is_used_again() {
        let mut pool: Pool<u32> = Pool::new(100, 60, 1);
        for _ in 0..3 {
            let mut lease = pool.lease(50, made).unwrap().unwrap();
            lease.wrote(10);
            pool.keep(&prompt(8, 0), lease);
            assert_eq!(pool.free.len(), 1);
        }
        let fails = || Err(InferenceError::ShuttingDown);
        assert_eq!(pool.lease(50, fails).unwrap().unwrap().slot.written, 10);
        assert!(pool.lease(20, fails).is_err());
        assert_eq!(pool.leased, 50);
    }
}

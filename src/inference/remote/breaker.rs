//! A circuit breaker: a server that fails is left alone for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many failures in a row, and the server is left alone.
const FAILURES: u32 = 3;
/// For so long at first.
const SHORTEST: Duration = Duration::from_secs(10);
/// For so long at most.
const LONGEST: Duration = Duration::from_secs(120);

/// Whether the server is asked. While it is left alone nobody waits for it; then one request tries it, and its end decides.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    /// It is asked, and failed so often in a row.
    Closed { failures: u32 },
    /// It is left alone until then.
    Open { until: Instant, pause: Duration },
    /// One request tries it.
    Trying { until: Instant, pause: Duration },
}

/// Leave to ask the server once. Dropped without a verdict it says nothing.
#[derive(Debug)]
pub(super) struct Pass {
    breaker: Arc<Breaker>,
    is_trial: bool,
}

impl Breaker {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::Closed { failures: 0 })))
    }

    /// Leave to ask now, if the server is not left alone.
    pub(super) fn enter(self: &Arc<Self>, now: Instant) -> Option<Pass> {
        let mut state = self.state();
        let is_trial = match *state {
            State::Closed { .. } => false,
            State::Open { until, pause } if now >= until => {
                *state = State::Trying { until, pause };
                true
            }
            State::Open { .. } | State::Trying { .. } => return None,
        };
        Some(Pass { breaker: self.clone(), is_trial })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The server is well.
    pub(super) fn succeeded(self) {
        let mut state = self.breaker.state();
        // An answer that was under way when the others failed does not outweigh them.
        if self.is_trial || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The server failed; how long it is left alone now, if this was what decided it.
    pub(super) fn failed(self, now: Instant) -> Option<Duration> {
        let mut state = self.breaker.state();
        let pause = match *state {
            State::Closed { failures } if failures + 1 < FAILURES => {
                *state = State::Closed { failures: failures + 1 };
                return None;
            }
            State::Closed { .. } => SHORTEST,
            State::Trying { pause, .. } if self.is_trial => (pause * 2).min(LONGEST),
            // It was under way when the others failed.
            State::Open { .. } | State::Trying { .. } => return None,
        };
        *state = State::Open { until: now + pause, pause };
        Some(pause)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        // A trial that was given up: the next request may try. After a verdict there is no trial any more.
        if let State::Trying { until, pause } = *state
            && self.is_trial
        {
            *state = State::Open { until, pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn three_failures_in_a_row_open_it() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let fail = || breaker.enter(now).unwrap().failed(now);
        assert_eq!((fail(), fail()), (None, None));
        breaker.enter(now).unwrap().succeeded();
        assert_eq!((fail(), fail(), fail()), (None, None, Some(SHORTEST)));
        assert!(breaker.enter(now + second(9)).is_none());
        assert!(breaker.enter(now + second(10)).is_some());
    }

    #[test]
    fn one_trial_at_a_time_decides_and_the_pause_doubles() {
        let (breaker, mut now) = (Breaker::new(), Instant::now());
        for _ in 0..3 {
            breaker.enter(now).unwrap().failed(now);
        }
        for pause in [20, 40, 80, 120, 120] {
            now += LONGEST;
            let trial = breaker.enter(now).unwrap();
            assert!(breaker.enter(now).is_none(), "the others do not wait for the trial");
            assert_eq!(trial.failed(now), Some(second(pause)));
            assert!(breaker.enter(now + second(pause - 1)).is_none());
        }
        now += LONGEST;
        drop(breaker.enter(now).unwrap());
        breaker.enter(now).unwrap().succeeded();
        assert_eq!(breaker.enter(now).unwrap().failed(now), None, "it begins anew");
    }

    #[test]
    fn what_was_under_way_when_it_opened_changes_nothing() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let mut passes: Vec<Pass> = (0..6).map(|_| breaker.enter(now).unwrap()).collect();
        let (well, late) = (passes.pop().unwrap(), passes.pop().unwrap());
        let mut verdicts: Vec<_> = passes.into_iter().map(|pass| pass.failed(now)).collect();
        verdicts.push(late.failed(now + second(11)));
        assert_eq!(verdicts, [None, None, Some(SHORTEST), None, None]);
        well.succeeded();
        assert!(breaker.enter(now + second(9)).is_none());
        let trial = breaker.enter(now + second(12)).unwrap();
        assert_eq!(trial.failed(now + second(12)), Some(second(20)));
    }
}

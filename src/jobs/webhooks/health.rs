//! Whether an endpoint takes deliveries at all.
//!
//! One that fails several times in a row is left alone for a while, and then asked with a single delivery. Until it takes one, nothing new is read
//! from the log for it: there the rest waits in order, and neither memory nor the outbox grows with an outage.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row are not of the deliveries.
const FAILURES: u32 = 3;
/// The longest rest, in multiples of the first.
const LONGEST: u32 = 60;

/// What is known of one endpoint.
#[derive(Debug)]
pub struct Health {
    first: Duration,
    failures: u32,
    rests_until: Option<Instant>,
    came_back: bool,
}

/// What a try has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    None,
    /// It is left alone, for so long; nobody knew before.
    Down(Duration),
    /// It takes deliveries again.
    Up,
}

impl Health {
    /// One that nothing is known of, and whose first rest is so long.
    pub fn new(first: Duration) -> Self {
        Self { first, failures: 0, rests_until: None, came_back: false }
    }

    /// How long it is still left alone.
    pub fn rest(&self, now: Instant) -> Option<Duration> {
        self.rests_until.map(|until| until.saturating_duration_since(now)).filter(|rest| !rest.is_zero())
    }

    /// Whether it is to be asked with a single delivery.
    pub fn is_in_doubt(&self) -> bool {
        self.failures >= FAILURES
    }

    /// It took one, or it is there to refuse one.
    pub fn answered(&mut self) -> Turn {
        let was_in_doubt = self.is_in_doubt();
        self.failures = 0;
        self.rests_until = None;
        self.came_back |= was_in_doubt;
        if was_in_doubt { Turn::Up } else { Turn::None }
    }

    /// Whether it came back since this was last asked.
    pub fn takes_again(&mut self) -> bool {
        std::mem::take(&mut self.came_back)
    }

    /// It took none. Those that were on their way together fail together: while it rests they change nothing.
    pub fn failed(&mut self, now: Instant) -> Turn {
        if self.rest(now).is_some() {
            return Turn::None;
        }
        self.failures += 1;
        if !self.is_in_doubt() {
            return Turn::None;
        }
        let times = 1_u32.checked_shl(self.failures - FAILURES).unwrap_or(LONGEST).min(LONGEST);
        let rest = self.first * times;
        self.rests_until = Some(now + rest);
        if self.failures == FAILURES { Turn::Down(rest) } else { Turn::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(5);

    #[test]
    fn the_third_failure_in_a_row_begins_a_rest_that_grows() {
        let (mut health, mut now) = (Health::new(FIRST), Instant::now());
        assert_eq!((health.failed(now), health.failed(now), health.answered()), (Turn::None, Turn::None, Turn::None));
        assert_eq!((health.failed(now), health.failed(now)), (Turn::None, Turn::None));
        assert_eq!((health.failed(now), health.is_in_doubt()), (Turn::Down(FIRST), true));
        assert_eq!((health.failed(now), health.rest(now)), (Turn::None, Some(FIRST)), "on its way with the others");
        for seconds in [10, 20, 40, 80, 160, 300, 300] {
            now += health.rest(now).unwrap();
            assert_eq!(health.rest(now), None);
            assert_eq!((health.failed(now), health.rest(now)), (Turn::None, Some(Duration::from_secs(seconds))));
        }
        assert_eq!((health.answered(), health.rest(now), health.is_in_doubt()), (Turn::Up, None, false));
        assert_eq!((health.takes_again(), health.takes_again()), (true, false));
        assert_eq!(health.failed(now), Turn::None, "it begins anew");
        assert!(health.answered() == Turn::None && !health.takes_again());
    }

    #[test]
    fn a_year_of_failures_does_not_overflow() {
        let (mut health, mut now) = (Health::new(FIRST), Instant::now());
        for _ in 0..200 {
            now += health.rest(now).unwrap_or_default();
            health.failed(now);
        }
        assert_eq!(health.rest(now), Some(FIRST * LONGEST));
    }
}

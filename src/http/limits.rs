//! How often somebody may do something.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use crate::conversation::ContactId;

/// After so many checks the keys that have not been seen for long are dropped.
const SWEEP_EVERY: u32 = 1_024;

/// So many at once, then so many in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: NonZeroU32,
    /// In a minute, once the burst is used up.
    pub per_minute: NonZeroU32,
}

impl Rate {
    /// A rate; 0 counts as 1.
    pub const fn new(burst: u32, per_minute: u32) -> Self {
        Self { burst: at_least_one(burst), per_minute: at_least_one(per_minute) }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The rates of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// New widget sessions of an address.
    pub sessions: Rate,
    /// Messages, and requests for a person, of a widget session.
    pub messages: Rate,
    /// Feedback, ratings and typing signals of a widget session.
    pub signals: Rate,
    /// Logins of an address with an e-mail.
    pub logins: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: Rate::new(60, 60), messages: Rate::new(20, 60), signals: Rate::new(60, 120), logins: Rate::new(5, 5) }
    }
}

/// The counters behind [`Limits`].
pub(super) struct Limiters {
    pub(super) sessions: Limiter<IpAddr>,
    pub(super) messages: Limiter<ContactId>,
    pub(super) signals: Limiter<ContactId>,
    pub(super) logins: Limiter<(IpAddr, String)>,
}

impl Limiters {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            sessions: Limiter::new(limits.sessions),
            messages: Limiter::new(limits.messages),
            signals: Limiter::new(limits.signals),
            logins: Limiter::new(limits.logins),
        }
    }
}

/// Counts by key.
pub(super) struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(rate: Rate) -> Self {
        let quota = Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default(), checks: AtomicU32::new(0) }
    }

    /// Counts one; an error once there were too many.
    pub(super) fn check(&self, key: &K) -> Result<(), ApiError> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|refused| ApiError::TooManyRequests(refused.wait_time_from(self.clock.now())))
    }
}

/// The address that is counted: of IPv6 the first 64 bits, since one household has all of the rest.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_key_by_itself() {
        let limiter = Limiter::new(Rate::new(2, 1));
        assert!(limiter.check(&"ana").is_ok() && limiter.check(&"ana").is_ok());
        assert!(matches!(limiter.check(&"ana"), Err(ApiError::TooManyRequests(wait)) if wait.as_secs() >= 59));
        assert!(limiter.check(&"bo").is_ok());
    }

    #[test]
    fn an_ipv6_household_counts_as_one() {
        for (address, key) in [("10.0.0.7", "10.0.0.7"), ("::ffff:10.0.0.7", "10.0.0.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")] {
            assert_eq!(counted(address.parse().unwrap()), key.parse::<IpAddr>().unwrap());
        }
    }
}

//! Who opened the widget lately: a shopper who walks through the shop opens it on every page.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::conversation::ContactId;
use crate::support::Timestamp;

/// Opening it again within this time is not told.
const WINDOW: SignedDuration = SignedDuration::from_mins(30);
/// So many shoppers are remembered.
const MOST: usize = 10_000;

/// Shoppers and when their opening was told.
#[derive(Debug, Default)]
pub struct Opened {
    seen: Mutex<HashMap<ContactId, Timestamp>>,
}

impl Opened {
    /// Whether this opening is to be told; it counts as told from now on.
    pub fn is_news(&self, contact: ContactId, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Timestamp| now.duration_since(*at).abs() < WINDOW;
        if seen.get(&contact).is_some_and(is_recent) {
            return false;
        }
        if seen.len() >= MOST {
            seen.retain(|_, at| is_recent(at));
        }
        if seen.len() >= MOST {
            // A rush. Telling some of them twice does less harm than memory without a bound.
            seen.clear();
        }
        seen.insert(contact, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(n: usize) -> ContactId {
        ContactId(uuid::Uuid::from_u128(n as u128))
    }

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * n).unwrap()
    }

    #[test]
    fn a_walk_through_the_shop_is_one_opening() {
        let opened = Opened::default();
        assert!(opened.is_news(contact(1), minute(0)));
        assert!(!opened.is_news(contact(1), minute(0)) && !opened.is_news(contact(1), minute(29)));
        assert!(opened.is_news(contact(2), minute(29)), "another shopper");
        assert!(opened.is_news(contact(1), minute(30)), "half an hour after it was told");
        // A clock that was set back an hour.
        assert!(opened.is_news(contact(1), minute(-30)));
    }

    #[test]
    fn a_rush_is_not_remembered_for_ever() {
        let opened = Opened::default();
        for n in 0..MOST * 2 + 10 {
            assert!(opened.is_news(contact(n), minute(0)));
        }
        assert!(opened.seen.lock().unwrap().len() <= MOST);
        assert!(opened.is_news(contact(MOST * 3), minute(60)));
        for n in 0..MOST {
            opened.is_news(contact(n), minute(61));
        }
        assert!(!opened.is_news(contact(MOST - 1), minute(62)));
    }
}

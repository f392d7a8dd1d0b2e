//! The bounded queue before the model. A [`Permit`] is a place in it, from admission until the answer is complete.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::inference::text::chat::{Class, Overloaded};

const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// A place in the queue; free again when dropped.
#[derive(Debug)]
pub struct Permit(Place);

impl Permit {
    /// For whom.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// A place in no queue, for models that are not an engine: scripted ones in tests.
    pub fn unbounded(class: Class) -> Self {
        Self(Place { class, gate: None })
    }
}

#[derive(Debug)]
struct Place {
    class: Class,
    gate: Option<Arc<Gate>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gate) = &self.gate {
            let mut taken = gate.taken();
            taken.places[self.class.index()] -= 1;
            report_depth(&taken);
        }
    }
}

/// Counts the places. Each class may fill only so much of the queue that a more urgent one still finds a place.
#[derive(Debug)]
pub struct Gate {
    limits: [usize; 3],
    taken: Mutex<Taken>,
}

#[derive(Debug)]
struct Taken {
    places: [usize; 3],
    /// How long an answer took of late.
    usual: Duration,
}

impl Gate {
    /// A gate of `places`, at least one.
    pub fn new(places: usize) -> Arc<Self> {
        let places = places.max(1);
        let limits = [places, places.div_ceil(2), places.div_ceil(4)];
        Arc::new(Self { limits, taken: Mutex::new(Taken { places: [0; 3], usual: Duration::from_secs(2) }) })
    }

    /// A place for `class`, if its share of the queue has one.
    pub fn admit(self: &Arc<Self>, class: Class) -> Result<Permit, Overloaded> {
        let mut taken = self.taken();
        let all: usize = taken.places.iter().sum();
        if all >= self.limits[class.index()] {
            metrics::counter!("nightdesk_engine_shed_total", "reason" => "full", "class" => class.label()).increment(1);
            let wait = taken.usual.saturating_mul(u32::try_from(all).unwrap_or(u32::MAX)) / 2;
            return Err(Overloaded { retry_after: wait.clamp(Duration::from_secs(1), LONGEST_RETRY) });
        }
        taken.places[class.index()] += 1;
        report_depth(&taken);
        drop(taken);
        Ok(Permit(Place { class, gate: Some(self.clone()) }))
    }

    /// Remembers how long an answer took: what `Retry-After` is reckoned from.
    pub fn note_duration(&self, took: Duration) {
        let mut taken = self.taken();
        taken.usual = (taken.usual * 7 + took) / 8;
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn report_depth(taken: &Taken) {
    metrics::gauge!("nightdesk_engine_queue_depth").set(taken.places.iter().sum::<usize>() as f64);
}

/// Work on its way to the engine's thread, which puts it in order itself. The gate bounds it: each item holds a permit.
pub struct Inbox<T> {
    state: Mutex<Arrived<T>>,
    changed: Condvar,
}

struct Arrived<T> {
    items: Vec<T>,
    closed: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { state: Mutex::new(Arrived { items: Vec::new(), closed: false }), changed: Condvar::new() }
    }
}

impl<T> Inbox<T> {
    /// Puts `item` in; gives it back when nobody will take it any more.
    pub fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.state();
        if state.closed {
            return Err(item);
        }
        state.items.push(item);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// What arrived since the last time, perhaps nothing; as an error once the inbox is closed.
    pub fn take(&self) -> Result<Vec<T>, Vec<T>> {
        taken(&mut self.state())
    }

    /// As [`Self::take`], but waits until there is something.
    pub fn wait(&self) -> Result<Vec<T>, Vec<T>> {
        let state = self.state();
        let idle = |state: &mut Arrived<T>| state.items.is_empty() && !state.closed;
        taken(&mut self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets nothing more in.
    pub fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, Arrived<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn taken<T>(state: &mut Arrived<T>) -> Result<Vec<T>, Vec<T>> {
    let items = std::mem::take(&mut state.items);
    if state.closed { Err(items) } else { Ok(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_urgent_classes_leave_places_for_shoppers_and_a_dropped_permit_frees_its_place() {
        let gate = Gate::new(4);
        let background = gate.admit(Class::Background).unwrap();
        assert!(gate.admit(Class::Background).is_err());
        let agent = gate.admit(Class::Agent).unwrap();
        assert!(gate.admit(Class::Agent).is_err());
        let shoppers = [gate.admit(Class::Shopper).unwrap(), gate.admit(Class::Shopper).unwrap()];
        let refused = gate.admit(Class::Shopper).unwrap_err();
        assert!(refused.retry_after >= Duration::from_secs(1) && refused.retry_after <= LONGEST_RETRY);
        drop(background);
        assert_eq!(gate.admit(Class::Shopper).unwrap().class(), Class::Shopper);
        drop((agent, shoppers));
        assert!(gate.admit(Class::Background).is_ok());
    }

    #[test]
    fn a_closed_inbox_gives_back_what_comes_and_hands_out_what_came() {
        let inbox = Inbox::default();
        assert_eq!(inbox.take(), Ok(vec![]));
        inbox.push(1).unwrap();
        inbox.push(2).unwrap();
        assert_eq!(inbox.wait(), Ok(vec![1, 2]));
        inbox.push(3).unwrap();
        inbox.close();
        assert_eq!(inbox.push(4), Err(4));
        assert_eq!((inbox.wait(), inbox.take()), (Err(vec![3]), Err(vec![])));
    }
}

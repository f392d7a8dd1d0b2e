//! Whether the program is ready for shoppers, and what it waits for while it is not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The parts that are not ready, each with its reason. Clones share it; one that nobody has written to is ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    waiting: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Readiness {
    /// From now on the program is not ready, since `part` is not, for `reason`.
    pub fn wait_for(&self, part: &'static str, reason: impl Into<String>) {
        self.lock().insert(part, reason.into());
    }

    /// `part` is ready.
    pub fn ready(&self, part: &'static str) {
        self.lock().remove(part);
    }

    /// `part: reason`, in order; empty when all is ready.
    pub fn reasons(&self) -> Vec<String> {
        self.lock().iter().map(|(part, reason)| format!("{part}: {reason}")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

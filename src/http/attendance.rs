//! Which agents have a console open at this process: while an agent has one, that is noted in the store again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::conversation::AgentId;
use crate::desk::Presence;
use crate::support::{Clock, Timestamp};

/// How often what is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How often an open console is noted. [`crate::desk::Reception`] counts an agent as gone after two and a half times that.
    note_every: Duration,
    /// How long a console that was closed may be opened again as if nothing had been: a page that is loaded anew must not look like an empty desk.
    reload: Duration,
}

impl Pace {
    /// The pace of a server.
    pub(super) const USUAL: Self = Self { note_every: Duration::from_secs(30), reload: Duration::from_secs(3) };
}

/// Knows which agents have a console open here.
#[derive(Clone)]
pub(super) struct Attendance {
    inner: Arc<Inner>,
}

struct Inner {
    presence: Arc<dyn Presence>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    open: Mutex<HashMap<AgentId, Open>>,
}

struct Open {
    consoles: usize,
    /// Ends the notes once the last console stayed closed.
    stop: CancellationToken,
}

/// One open console; it is closed when this is dropped.
pub(super) struct Attended {
    agent: AgentId,
    inner: Arc<Inner>,
}

impl Attendance {
    pub(super) fn new(presence: Arc<dyn Presence>, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        Self { inner: Arc::new(Inner { presence, clock, pace, open: Mutex::default() }) }
    }

    /// Notes that an agent opens a console; the store knows when this returns.
    pub(super) async fn open(&self, agent: AgentId) -> Attended {
        let first = self.inner.opened(agent);
        // Made before anything is waited for: a request that is cut off there closes what it opened.
        let console = Attended { agent, inner: Arc::clone(&self.inner) };
        if let Some(stop) = first {
            let noted = self.inner.note(agent).await;
            tokio::spawn(Arc::clone(&self.inner).keep_noting(agent, noted, stop));
        }
        console
    }
}

impl Inner {
    /// Counts a console; of the first one, what will end its notes.
    fn opened(&self, agent: AgentId) -> Option<CancellationToken> {
        let mut open = self.open();
        if let Some(known) = open.get_mut(&agent) {
            known.consoles += 1;
            return None;
        }
        let stop = CancellationToken::new();
        open.insert(agent, Open { consoles: 1, stop: stop.clone() });
        Some(stop)
    }

    async fn keep_noting(self: Arc<Self>, agent: AgentId, mut noted: Timestamp, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(self.pace.note_every)).await.is_some() {
            noted = self.note(agent).await;
        }
        if let Err(error) = self.presence.left(agent, noted).await {
            tracing::debug!(agent.id = %agent, %error, "that a console was closed could not be noted; its agent fades out");
        }
    }

    async fn note(&self, agent: AgentId) -> Timestamp {
        let now = self.clock.now();
        if let Err(error) = self.presence.seen(agent, now).await {
            tracing::warn!(agent.id = %agent, %error, "an open console could not be noted and will be again");
        }
        now
    }

    /// Takes an agent off the list whose last console stayed closed.
    fn give_up(&self, agent: AgentId) {
        let mut open = self.open();
        if open.get(&agent).is_some_and(|known| known.consoles == 0)
            && let Some(known) = open.remove(&agent)
        {
            known.stop.cancel();
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<AgentId, Open>> {
        // The map is whole after each statement, so a panic elsewhere has not broken it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(left) = self.inner.open().get_mut(&self.agent).map(|known| {
            known.consoles -= 1;
            known.consoles
        }) else {
            return;
        };
        // Outside of a runtime the process ends, and the agent fades out.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if left == 0 {
            let (inner, agent) = (Arc::clone(&self.inner), self.agent);
            runtime.spawn(async move {
                tokio::time::sleep(inner.pace.reload).await;
                inner.give_up(agent);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Standing;
    use crate::support::{StoreError, SystemClock};
    use async_trait::async_trait;

    /// Remembers what was noted: `+` seen, `-` left.
    #[derive(Default)]
    struct Notes(Mutex<String>);

    #[async_trait]
    impl Presence for Notes {
        async fn seen(&self, _: AgentId, _: Timestamp) -> Result<(), StoreError> {
            self.0.lock().unwrap().push('+');
            Ok(())
        }

        async fn left(&self, _: AgentId, _: Timestamp) -> Result<(), StoreError> {
            self.0.lock().unwrap().push('-');
            Ok(())
        }

        async fn stand(&self, _: AgentId, _: Standing) -> Result<(), StoreError> {
            Ok(())
        }

        async fn standing(&self, _: AgentId) -> Result<Standing, StoreError> {
            Ok(Standing::Here)
        }

        async fn here_since(&self, _: Timestamp) -> Result<i64, StoreError> {
            Ok(0)
        }
    }

    const ANA: AgentId = AgentId(uuid::Uuid::from_u128(1));

    fn desk(reload: Duration) -> (Attendance, Arc<Notes>) {
        let notes = Arc::new(Notes::default());
        let pace = Pace { note_every: Duration::from_millis(20), reload };
        (Attendance::new(notes.clone(), Arc::new(SystemClock), pace), notes)
    }

    async fn until(notes: &Notes, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let now = notes.0.lock().unwrap().clone();
            if wanted(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    #[tokio::test]
    async fn an_open_console_is_noted_until_it_is_closed() {
        let (desk, notes) = desk(Duration::from_millis(5));
        let console = desk.open(ANA).await;
        assert_eq!(*notes.0.lock().unwrap(), "+", "the store knows it at once");
        until(&notes, |now| now == "+++").await;
        drop(console);
        let closed = until(&notes, |now| now.ends_with('-')).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(*notes.0.lock().unwrap(), closed, "a closed console is not noted any more");
        let _again = desk.open(ANA).await;
        assert_eq!(*notes.0.lock().unwrap(), format!("{closed}+"));
    }

    #[tokio::test]
    async fn a_page_that_is_loaded_anew_and_a_second_one_are_one_presence() {
        let (desk, notes) = desk(Duration::from_secs(600));
        drop(desk.open(ANA).await);
        let again = desk.open(ANA).await;
        let second = desk.open(ANA).await;
        drop(again);
        until(&notes, |now| now == "+++").await;
        desk.inner.give_up(ANA);
        until(&notes, |now| now == "+++++").await;
        drop(second);
        desk.inner.give_up(ANA);
        let closed = until(&notes, |now| now.ends_with('-')).await;
        assert_eq!(closed.matches('-').count(), 1);
    }
}

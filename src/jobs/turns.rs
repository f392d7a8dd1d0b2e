//! Runs the bot's turns beside the requests: one at a time in a conversation, a bounded number at once.
//!
//! Nothing here is remembered over a restart, and nothing needs to be: a turn that is due is written in the conversation itself, and the
//! program wakes those conversations when it starts.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::conversation::ConversationId;

/// Turns at once in the whole process. Most of a turn is waiting, for the pace at which a reply is told and for the store; how many think at once the runner
/// knows. With fewer, a store that is slow for a second would be a queue of many.
const AT_ONCE: usize = 64;
/// How often a turn is tried before it is left to the shopper's next message or the next start.
const TRIES: u32 = 5;

/// Why a turn did not come to its end. It is logged here and goes nowhere else.
pub type TurnFailure = Box<dyn std::error::Error + Send + Sync>;

/// Runs one turn of a conversation, if one is due.
#[async_trait]
pub trait RunTurn: Send + Sync {
    /// Answers what is unanswered in the conversation; returns at once where nothing is. A failure is tried again.
    async fn run_turn(&self, id: ConversationId) -> Result<(), TurnFailure>;
}

/// Wakes conversations. Clones share the work.
#[derive(Clone)]
pub struct Turns {
    inner: Arc<Inner>,
}

struct Inner {
    runner: Arc<dyn RunTurn>,
    /// The conversations that have a task, and whether they were woken again while it ran.
    running: Mutex<HashMap<ConversationId, Again>>,
    permits: Semaphore,
    tracker: TaskTracker,
    soft: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    No,
    Yes,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turns(..)")
    }
}

impl Turns {
    /// Turns run by `runner` as tasks of `tracker`. After `soft` no turn begins; those that run come to their end, and the owner of
    /// `tracker` waits for them as long as it likes.
    pub fn new(runner: Arc<dyn RunTurn>, tracker: TaskTracker, soft: CancellationToken) -> Self {
        let running = Mutex::new(HashMap::new());
        Self { inner: Arc::new(Inner { runner, running, permits: Semaphore::new(AT_ONCE), tracker, soft }) }
    }

    /// Sees to it that the conversation's turn is run from now on, or once more after the one that runs.
    pub fn wake(&self, id: ConversationId) {
        if self.inner.soft.is_cancelled() {
            return;
        }
        let mut running = self.inner.running();
        if running.insert(id, Again::No).is_some() {
            running.insert(id, Again::Yes);
            return;
        }
        drop(running);
        let inner = Arc::clone(&self.inner);
        self.inner.tracker.spawn(async move { inner.work(id).await });
    }
}

impl Inner {
    async fn work(&self, id: ConversationId) {
        loop {
            self.one_turn(id).await;
            let mut running = self.running();
            if running.insert(id, Again::No) != Some(Again::Yes) || self.soft.is_cancelled() {
                running.remove(&id);
                return;
            }
        }
    }

    async fn one_turn(&self, id: ConversationId) {
        for tried in 1..=TRIES {
            let permit = tokio::select! {
                biased;
                () = self.soft.cancelled() => return,
                permit = self.permits.acquire() => permit,
            };
            let Err(error) = self.caught(id).await else { return };
            drop(permit);
            if tried == TRIES {
                tracing::error!(conversation.id = %id, tries = tried, %error, "a turn failed and is given up until the shopper writes again");
                return;
            }
            let pause = Duration::from_secs(1 << (tried - 1));
            tracing::warn!(conversation.id = %id, tries = tried, pause_seconds = pause.as_secs(), %error, "a turn failed and will be tried again");
            tokio::select! {
                () = self.soft.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// A panic in a turn must not leave the conversation marked as running for ever.
    async fn caught(&self, id: ConversationId) -> Result<(), TurnFailure> {
        let turn = AssertUnwindSafe(self.runner.run_turn(id)).catch_unwind();
        turn.await.unwrap_or_else(|_| Err("the turn panicked; the panic is in the log above".into()))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Again>> {
        // The map is whole after each statement, so a panic elsewhere has not broken it.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;

    /// Counts turns; holds each until it is let go; fails or panics as often as it is told.
    #[derive(Default)]
    struct Fake {
        began: AtomicUsize,
        at_once: AtomicUsize,
        most_at_once: AtomicUsize,
        go: Option<Arc<Notify>>,
        begun: Notify,
        failures: AtomicUsize,
        panics: AtomicUsize,
    }

    fn take(counter: &AtomicUsize) -> bool {
        counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }

    #[async_trait]
    impl RunTurn for Fake {
        async fn run_turn(&self, _id: ConversationId) -> Result<(), TurnFailure> {
            self.began.fetch_add(1, Ordering::SeqCst);
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            self.begun.notify_one();
            if let Some(go) = &self.go {
                go.notified().await;
            }
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            assert!(!take(&self.panics), "told to panic");
            if take(&self.failures) { Err("told to fail".into()) } else { Ok(()) }
        }
    }

    fn turns(fake: Fake) -> (Turns, Arc<Fake>, TaskTracker, CancellationToken) {
        let (fake, tracker, soft) = (Arc::new(fake), TaskTracker::new(), CancellationToken::new());
        let turns = Turns::new(Arc::clone(&fake) as Arc<dyn RunTurn>, tracker.clone(), soft.clone());
        (turns, fake, tracker, soft)
    }

    fn id(number: u128) -> ConversationId {
        ConversationId(uuid::Uuid::from_u128(number))
    }

    async fn drain(tracker: &TaskTracker) {
        tracker.close();
        tracker.wait().await;
    }

    #[tokio::test]
    async fn wakes_during_a_turn_make_one_more_turn() {
        let go = Arc::new(Notify::new());
        let (turns, fake, tracker, _soft) = turns(Fake { go: Some(Arc::clone(&go)), ..Fake::default() });
        turns.wake(id(1));
        fake.begun.notified().await;
        for _ in 0..5 {
            turns.wake(id(1));
        }
        go.notify_one();
        fake.begun.notified().await;
        go.notify_one();
        drain(&tracker).await;
        assert_eq!((fake.began.load(Ordering::SeqCst), fake.most_at_once.load(Ordering::SeqCst)), (2, 1));
    }

    #[tokio::test]
    async fn runs_a_bounded_number_of_conversations_at_once() {
        let go = Arc::new(Notify::new());
        let (turns, fake, tracker, _soft) = turns(Fake { go: Some(Arc::clone(&go)), ..Fake::default() });
        for number in 0..100 {
            turns.wake(id(number));
        }
        while fake.at_once.load(Ordering::SeqCst) < AT_ONCE {
            tokio::task::yield_now().await;
        }
        tracker.close();
        while !tracker.is_empty() {
            go.notify_waiters();
            tokio::task::yield_now().await;
        }
        assert_eq!((fake.began.load(Ordering::SeqCst), fake.most_at_once.load(Ordering::SeqCst)), (100, AT_ONCE));
    }

    #[tokio::test]
    async fn a_conversation_can_be_woken_after_a_panic() {
        let (turns, fake, tracker, soft) = turns(Fake { panics: AtomicUsize::new(1), ..Fake::default() });
        turns.wake(id(1));
        fake.begun.notified().await;
        // The pause before the second try ends with the soft token; the conversation must be free again.
        soft.cancel();
        drain(&tracker).await;
        assert!(turns.inner.running().is_empty());
    }

    #[tokio::test]
    async fn a_failed_turn_is_tried_again() {
        let (turns, fake, tracker, _soft) = turns(Fake { failures: AtomicUsize::new(1), ..Fake::default() });
        turns.wake(id(1));
        drain(&tracker).await;
        assert_eq!(fake.began.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn no_turn_begins_after_the_soft_token() {
        let go = Arc::new(Notify::new());
        let (turns, fake, tracker, soft) = turns(Fake { go: Some(Arc::clone(&go)), ..Fake::default() });
        turns.wake(id(1));
        fake.begun.notified().await;
        turns.wake(id(1));
        soft.cancel();
        turns.wake(id(2));
        go.notify_one();
        drain(&tracker).await;
        assert_eq!(fake.began.load(Ordering::SeqCst), 1);
    }
}

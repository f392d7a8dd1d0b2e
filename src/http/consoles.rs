//! What every console hears: the log, read and written out once for all of them, however many are open.
//!
//! One task follows the log from the moment at which the first console opens. A console begins with what it reads by itself, and then takes what
//! the task read, as long as that continues where it stands ([`super::sse`] sees to it).

use std::sync::Once;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::dto::Viewer;
use super::events;
use super::sse::{PAGE, Page, RETRY, Rest, Told};
use super::state::AppState;
use crate::conversation::{Live, LiveKind};
use crate::support::StoreError;

/// How much a slow console may leave unread before it reads the log by itself.
const BACKLOG: usize = 256;
/// How often the log is read without a notice.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The consoles that are open.
pub(super) struct Consoles {
    sender: broadcast::Sender<Told>,
    begun: Once,
}

impl Default for Consoles {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, begun: Once::new() }
    }
}

impl Consoles {
    /// What is told from now on. What a console reads of the log after this call and what it is told have nothing between them.
    pub(super) fn listen(&self, state: &AppState) -> Receiver<Told> {
        let told = self.sender.subscribe();
        self.begun.call_once(|| {
            let notices = state.live.subscribe();
            let follower = Follower { log: state.clone(), sender: self.sender.clone(), last: None };
            tokio::spawn(follower.run(notices, state.soft.clone()));
        });
        told
    }
}

/// The next that a console is told.
pub(super) async fn next(told: &mut Receiver<Told>) -> Told {
    match told.recv().await {
        Ok(told) => told,
        Err(RecvError::Lagged(_)) => Told::Look,
        Err(RecvError::Closed) => Told::Over,
    }
}

/// Agents' events after a number, over all conversations.
pub(super) async fn page_after(state: &AppState, after: i64) -> Result<Option<Page>, StoreError> {
    let log = state.conversations.all_events_after(after, PAGE).await?;
    let Some(last) = log.last().map(|event| event.id) else { return Ok(None) };
    let mut frames = Vec::with_capacity(log.len());
    for event in &log {
        let frame = events::stored(state, event, event.id, Viewer::Agent).await?;
        frames.extend(frame.map(|frame| (event.id, frame)));
    }
    Ok(Some(Page { after, last, events: frames, rest: Rest::of(log.len()) }))
}

/// The log as consoles see it.
#[async_trait]
trait Log: Send + Sync {
    /// The number of its newest event.
    async fn newest(&self) -> Result<i64, StoreError>;

    /// The events after a number; `None` when there are none.
    async fn page_after(&self, after: i64) -> Result<Option<Page>, StoreError>;

    /// What consoles are told of a notice at once.
    fn passing(&self, live: &Live) -> Told;
}

#[async_trait]
impl Log for AppState {
    async fn newest(&self) -> Result<i64, StoreError> {
        self.conversations.last_event_id().await
    }

    async fn page_after(&self, after: i64) -> Result<Option<Page>, StoreError> {
        page_after(self, after).await
    }

    fn passing(&self, live: &Live) -> Told {
        events::passing(live, Viewer::Agent).map_or(Told::Nothing, Told::Passing)
    }
}

struct Follower<L> {
    log: L,
    sender: broadcast::Sender<Told>,
    /// How far was told; `None` before the log was looked at.
    last: Option<i64>,
}

impl<L: Log> Follower<L> {
    async fn run(mut self, mut notices: Receiver<Live>, stop: CancellationToken) {
        // At once for the first time.
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let heard = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                heard = notices.recv() => heard,
                _ = looks.tick() => Err(RecvError::Lagged(0)),
            };
            match heard {
                Ok(Live { kind: LiveKind::Changed, .. }) | Err(RecvError::Lagged(_)) => {
                    if let Err(error) = self.read().await {
                        tracing::warn!(%error, "the log could not be read for the consoles and is tried again");
                        looks.reset_after(RETRY);
                    }
                }
                Ok(live) => self.pass(&live),
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn pass(&self, live: &Live) {
        if let told @ Told::Passing(_) = self.log.passing(live) {
            self.tell(told);
        }
    }

    async fn read(&mut self) -> Result<(), StoreError> {
        let Some(mut after) = self.last.filter(|_| self.sender.receiver_count() > 0) else {
            // Where nobody listens nothing is written out. Who began to listen meanwhile, before this number was read, sees the gap.
            let newest = self.log.newest().await?;
            self.last = Some(newest);
            self.tell(Page { after: newest, last: newest, events: Vec::new(), rest: Rest::None }.into());
            return Ok(());
        };
        while let Some(page) = self.log.page_after(after).await? {
            after = page.last;
            self.last = Some(after);
            let rest = page.rest;
            self.tell(page.into());
            if rest == Rest::None {
                break;
            }
        }
        Ok(())
    }

    fn tell(&self, told: Told) {
        // Nobody listening is no error.
        let _ = self.sender.send(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{ContactId, ConversationId, LiveBus};
    use crate::http::sse::{passing, stored};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    /// A log of numbers; a negative newest one cannot be read.
    #[derive(Clone, Default)]
    struct Numbers {
        newest: Arc<AtomicI64>,
        pages: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Log for Numbers {
        async fn newest(&self) -> Result<i64, StoreError> {
            let newest = self.newest.load(Ordering::SeqCst);
            if newest < 0 { Err(StoreError::Unavailable("it is away".into())) } else { Ok(newest) }
        }

        async fn page_after(&self, after: i64) -> Result<Option<Page>, StoreError> {
            self.pages.fetch_add(1, Ordering::SeqCst);
            let newest = self.newest().await?;
            let events = (after + 1..=newest).map(|n| (n, stored("number", n, &n))).collect();
            Ok((newest > after).then_some(Page { after, last: newest, events, rest: Rest::None }))
        }

        fn passing(&self, _live: &Live) -> Told {
            Told::Passing(passing("typing", &true))
        }
    }

    struct Desk {
        log: Numbers,
        bus: LiveBus,
        sender: broadcast::Sender<Told>,
        stop: CancellationToken,
    }

    impl Desk {
        /// A desk whose log is followed since it was empty; the first console.
        async fn open() -> (Self, Receiver<Told>) {
            let desk = Self {
                log: Numbers::default(),
                bus: LiveBus::default(),
                sender: broadcast::channel(BACKLOG).0,
                stop: CancellationToken::new(),
            };
            let mut console = desk.sender.subscribe();
            let follower = Follower { log: desk.log.clone(), sender: desk.sender.clone(), last: None };
            tokio::spawn(follower.run(desk.bus.subscribe(), desk.stop.clone()));
            assert_eq!(heard(&mut console).await, (0, 0, 0), "where the log stood when it began to follow");
            (desk, console)
        }

        fn grows_to(&self, newest: i64) {
            self.log.newest.store(newest, Ordering::SeqCst);
        }

        fn told(&self, kind: LiveKind) {
            let (conversation_id, contact_id) = (ConversationId(uuid::Uuid::nil()), ContactId(uuid::Uuid::nil()));
            self.bus.tell(Live { conversation_id, contact_id, kind });
        }
    }

    /// The next page: after what, up to what, how many events.
    async fn heard(console: &mut Receiver<Told>) -> (i64, i64, usize) {
        match next(console).await {
            Told::Page(page) => (page.after, page.last, page.events.len()),
            Told::Passing(_) => panic!("that is no page"),
            Told::Look | Told::Nothing | Told::Over => panic!("nothing is told"),
        }
    }

    #[tokio::test]
    async fn all_consoles_hear_one_reading() {
        let (desk, first) = Desk::open().await;
        let mut consoles = vec![first];
        consoles.extend((0..49).map(|_| desk.sender.subscribe()));
        desk.grows_to(2);
        desk.told(LiveKind::Changed);
        for console in &mut consoles {
            assert_eq!(heard(console).await, (0, 2, 2));
        }
        assert_eq!(desk.log.pages.load(Ordering::SeqCst), 1);

        desk.told(LiveKind::Typing { who: "shopper", on: true });
        desk.grows_to(3);
        desk.told(LiveKind::Changed);
        for console in &mut consoles {
            assert!(matches!(next(console).await, Told::Passing(_)), "what came first is told first");
            assert_eq!(heard(console).await, (2, 3, 1));
        }
    }

    #[tokio::test]
    async fn what_came_while_nobody_listened_is_left_to_the_log() {
        let (desk, console) = Desk::open().await;
        drop(console);
        desk.grows_to(5);
        desk.told(LiveKind::Changed);
        // On this one thread the follower is done with the notice when it has had the thread for a while.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let mut console = desk.sender.subscribe();
        desk.grows_to(6);
        desk.told(LiveKind::Changed);
        assert_eq!(heard(&mut console).await, (5, 6, 1), "a console that has read up to 4 sees that there is something before it");
        assert_eq!(desk.log.pages.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_told_later() {
        let (desk, mut console) = Desk::open().await;
        desk.grows_to(-1);
        desk.told(LiveKind::Changed);
        desk.told(LiveKind::Typing { who: "shopper", on: true });
        assert!(matches!(next(&mut console).await, Told::Passing(_)));
        desk.grows_to(4);
        assert_eq!(heard(&mut console).await, (0, 4, 4), "without another notice");
        desk.stop.cancel();
    }
}

//! One event stream: the log from a number on, and between its events what is told at once and never stored.
//!
//! The stream listens before it reads, so nothing falls between the two; a notice only says that there may be something to read. It reads
//! anew every few seconds even without a notice: another process may write to the same log.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::conversation::{Live, LiveKind};
use crate::support::StoreError;

/// How often a comment is sent, so that proxies keep the line open and a client notices a dead one.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How often the log is read without a notice.
const READ_EVERY: Duration = Duration::from_secs(10);
/// How many events are read at once.
pub(super) const PAGE: u32 = 200;

/// A part of the log.
pub(super) struct Page {
    /// The number of its last event, also of one that this listener does not see.
    pub(super) last: i64,
    /// What the listener sees of it.
    pub(super) events: Vec<Event>,
}

/// What one listener hears.
#[async_trait]
pub(super) trait Feed: Send + Sync {
    /// The events after number `after`; `None` when there are none.
    async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError>;

    /// Whether a notice is for this listener.
    fn concerns(&self, live: &Live) -> bool;

    /// A notice that is not stored, if this listener sees such.
    fn passing(&self, live: &Live) -> Option<Event>;

    /// Whether the listener may still listen.
    async fn is_welcome(&self) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// An event with its number in the log.
pub(super) fn stored(name: &str, number: i64, data: &impl Serialize) -> Event {
    passing(name, data).id(number.to_string())
}

/// An event without a number: a client that reconnects does not resume after it.
pub(super) fn passing(name: &str, data: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event.json_data(data).unwrap_or_else(|_| Event::default().comment("an event could not be written"))
}

/// The number that a client resumes after; `None` where it names none that makes sense.
pub(super) fn resume_after(headers: &HeaderMap, query: Option<&str>) -> Option<i64> {
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    header.or(query).and_then(|text| text.trim().parse().ok()).filter(|number| *number >= 0)
}

/// Where a stream begins, and what ends it.
pub(super) struct Start {
    /// Notices from before the first read.
    pub(super) notices: Receiver<Live>,
    /// The number to resume after.
    pub(super) after: i64,
    /// What is sent first.
    pub(super) first: Vec<Event>,
    /// Ends the stream with a `reconnect` event.
    pub(super) soft: CancellationToken,
}

/// The stream as a response.
pub(super) fn respond(feed: impl Feed + 'static, start: Start) -> Response {
    let events = events(feed, start).map(Ok::<_, Infallible>);
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY)).into_response();
    // nginx would otherwise hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

fn events(feed: impl Feed, start: Start) -> impl Stream<Item = Event> {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + READ_EVERY, READ_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let listener = Listener {
        feed,
        notices: Some(start.notices),
        last: start.after,
        waiting: start.first.into(),
        soft: start.soft,
        ticks,
        behind: Behind::Yes,
    };
    stream::unfold(listener, |mut listener| async move { listener.next().await.map(|event| (event, listener)) })
}

struct Listener<F> {
    feed: F,
    /// `None` once the stream is over.
    notices: Option<Receiver<Live>>,
    last: i64,
    waiting: VecDeque<Event>,
    soft: CancellationToken,
    ticks: tokio::time::Interval,
    behind: Behind,
}

/// Whether the log may hold more than was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Yes,
    No,
}

enum Woken {
    Notice(Result<Live, RecvError>),
    Tick,
    Stop,
}

impl<F: Feed> Listener<F> {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.behind == Behind::Yes && !self.soft.is_cancelled() {
                self.read().await;
                continue;
            }
            let notices = self.notices.as_mut()?;
            let woken = tokio::select! {
                biased;
                () = self.soft.cancelled() => Woken::Stop,
                notice = notices.recv() => Woken::Notice(notice),
                _ = self.ticks.tick() => Woken::Tick,
            };
            match woken {
                Woken::Notice(Ok(live)) if !self.feed.concerns(&live) => {}
                Woken::Notice(Ok(Live { kind: LiveKind::Changed, .. }) | Err(RecvError::Lagged(_))) => self.behind = Behind::Yes,
                Woken::Notice(Ok(live)) => self.waiting.extend(self.feed.passing(&live)),
                Woken::Tick if self.is_refused().await => self.notices = None,
                Woken::Tick => self.behind = Behind::Yes,
                Woken::Stop | Woken::Notice(Err(RecvError::Closed)) => {
                    self.notices = None;
                    return Some(passing("reconnect", &serde_json::json!({})));
                }
            }
        }
    }

    /// Reads one page. What the store does not give now is read at the next tick.
    async fn read(&mut self) {
        match self.feed.page_after(self.last).await {
            Ok(Some(page)) => {
                self.last = page.last;
                self.waiting.extend(page.events);
            }
            Ok(None) => self.behind = Behind::No,
            Err(error) => {
                tracing::warn!(%error, "an event stream could not read the log and will try again");
                self.behind = Behind::No;
            }
        }
    }

    async fn is_refused(&self) -> bool {
        // A store that is away refuses nobody.
        matches!(self.feed.is_welcome().await, Ok(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{ContactId, ConversationId, LiveBus};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A log of numbers up to `newest`, two a page; odd ones are not for this listener.
    struct Numbers {
        newest: Arc<AtomicI64>,
    }

    const MINE: ContactId = ContactId(uuid::Uuid::from_u128(1));
    const OTHERS: ContactId = ContactId(uuid::Uuid::from_u128(2));

    #[async_trait]
    impl Feed for Numbers {
        async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError> {
            let last = self.newest.load(Ordering::SeqCst).min(after + 2);
            let events = (after + 1..=last).filter(|n| n % 2 == 0).map(|n| stored("number", n, &n)).collect();
            Ok((last > after).then_some(Page { last, events }))
        }

        fn concerns(&self, live: &Live) -> bool {
            live.contact_id == MINE
        }

        fn passing(&self, live: &Live) -> Option<Event> {
            matches!(live.kind, LiveKind::Typing { .. }).then(|| passing("typing", &true))
        }
    }

    fn live(contact_id: ContactId, kind: LiveKind) -> Live {
        Live { conversation_id: ConversationId(uuid::Uuid::from_u128(9)), contact_id, kind }
    }

    async fn text(events: Vec<Event>) -> String {
        let response = Sse::new(stream::iter(events.into_iter().map(Ok::<_, Infallible>))).into_response();
        String::from_utf8(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn replays_the_log_then_follows_it_and_says_goodbye() {
        let (bus, soft, newest) = (LiveBus::default(), CancellationToken::new(), Arc::new(AtomicI64::new(5)));
        let feed = Numbers { newest: Arc::clone(&newest) };
        let start = Start { notices: bus.subscribe(), after: 1, first: Vec::new(), soft: soft.clone() };
        let mut stream = Box::pin(events(feed, start));

        assert_eq!(
            text(stream.by_ref().take(2).collect().await).await,
            "event: number\ndata: 2\nid: 2\n\nevent: number\ndata: 4\nid: 4\n\n"
        );
        bus.tell(live(OTHERS, LiveKind::Typing { who: "bot", on: true }));
        bus.tell(live(MINE, LiveKind::Typing { who: "bot", on: true }));
        assert_eq!(text(stream.by_ref().take(1).collect().await).await, "event: typing\ndata: true\n\n");
        newest.store(6, Ordering::SeqCst);
        bus.tell(live(MINE, LiveKind::Changed));
        assert_eq!(text(stream.by_ref().take(1).collect().await).await, "event: number\ndata: 6\nid: 6\n\n");
        soft.cancel();
        assert_eq!(text(stream.by_ref().collect().await).await, "event: reconnect\ndata: {}\n\n");
    }

    #[tokio::test]
    async fn a_listener_that_lags_reads_the_log() {
        let (bus, soft, newest) = (LiveBus::default(), CancellationToken::new(), Arc::new(AtomicI64::new(2)));
        let feed = Numbers { newest: Arc::clone(&newest) };
        let start = Start { notices: bus.subscribe(), after: 0, first: Vec::new(), soft };
        let mut stream = Box::pin(events(feed, start));
        assert_eq!(text(stream.by_ref().take(1).collect().await).await, "event: number\ndata: 2\nid: 2\n\n");
        newest.store(4, Ordering::SeqCst);
        for _ in 0..5_000 {
            bus.tell(live(OTHERS, LiveKind::Changed));
        }
        assert_eq!(text(stream.by_ref().take(1).collect().await).await, "event: number\ndata: 4\nid: 4\n\n");
    }

    #[test]
    fn resumes_after_a_number_that_makes_sense() {
        for (header, query, expected) in [
            (Some("7"), Some("3"), Some(7)),
            (None, Some("3"), Some(3)),
            (Some("garbage"), None, None),
            (Some("-1"), None, None),
            (Some("99999999999999999999"), None, None),
            (None, None, None),
        ] {
            let headers =
                header.map(|value| (axum::http::HeaderName::from_static("last-event-id"), value.parse().unwrap())).into_iter().collect();
            assert_eq!(resume_after(&headers, query), expected);
        }
    }
}

//! One event stream: the log from a number on, and between its events what is told at once and never stored.
//!
//! The stream listens before it reads, so nothing falls between the two. What it is told either says that there may be something to read, or is a
//! part of the log that was read for all who follow it ([`Page`]): one that does not continue where this stream stands is not taken, the log is
//! read instead. It reads anew every now and then even if it is told nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::support::StoreError;

/// How often a comment is sent, so that proxies keep the line open and a client notices a dead one.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How soon a log that could not be read is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(2);
/// How many events are read at once.
pub(super) const PAGE: u32 = 200;

/// A part of the log: what lies after one number up to another.
pub(super) struct Page {
    /// The number that it comes after.
    pub(super) after: i64,
    /// The number of its last event, also of one that this listener does not see.
    pub(super) last: i64,
    /// What the listener sees of it, each with its number.
    pub(super) events: Vec<(i64, Event)>,
    /// Whether the log may hold more.
    pub(super) rest: Rest,
}

/// Whether there may be more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// There may.
    Some,
    /// What comes after it is told when it is stored.
    None,
}

impl Rest {
    /// What a read of so many events says.
    pub(super) fn of(read: usize) -> Self {
        if read < PAGE as usize { Self::None } else { Self::Some }
    }
}

/// What a listener is told.
#[derive(Clone)]
pub(super) enum Told {
    /// The log may have grown.
    Look,
    /// A part of the log.
    Page(Arc<Page>),
    /// Something that is not stored.
    Passing(Event),
    /// Nothing that this listener sees.
    Nothing,
    /// That nothing more will be told.
    Over,
}

impl From<Page> for Told {
    fn from(page: Page) -> Self {
        Self::Page(Arc::new(page))
    }
}

/// What one listener hears.
#[async_trait]
pub(super) trait Feed: Send + Sync {
    /// The events after number `after`; `None` when there are none.
    async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError>;

    /// The next that is told. A call that is given up loses nothing.
    async fn told(&mut self) -> Told;

    /// How often the log is read without being told to, and whether the listener may still listen is asked.
    fn look_every(&self) -> Duration;

    /// Whether the listener may still listen.
    async fn is_welcome(&self) -> Result<bool, StoreError>;
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
    /// The number to resume after.
    pub(super) after: i64,
    /// What is sent first.
    pub(super) first: Vec<Event>,
    /// Ends the stream with a `reconnect` event.
    pub(super) soft: CancellationToken,
}

/// The stream as a response. The feed has listened since before `start` was made.
pub(super) fn respond(feed: impl Feed + 'static, start: Start) -> Response {
    let events = events(feed, start).map(Ok::<_, Infallible>);
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT_EVERY)).into_response();
    // nginx would otherwise hold events back until its buffer is full.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    response
}

fn events(feed: impl Feed, start: Start) -> impl Stream<Item = Event> {
    let every = feed.look_every();
    let mut looks = tokio::time::interval_at(Instant::now() + first_look(every), every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener =
        Listener { feed, last: start.after, waiting: start.first.into(), soft: start.soft, looks, behind: Rest::Some, is_over: false };
    stream::unfold(listener, |mut listener| async move { listener.next().await.map(|event| (event, listener)) })
}

/// When a stream looks for the first time: after a half up to a whole of the time, each stream at another moment. After a restart all widgets come back
/// within seconds, and would look together ever after.
fn first_look(every: Duration) -> Duration {
    static STREAMS: AtomicU32 = AtomicU32::new(0);
    // Multiples of the golden ratio lie evenly in the interval however many there are.
    let place = f64::from(STREAMS.fetch_add(1, Ordering::Relaxed)) * 0.618_033_988_75;
    every.mul_f64(0.5 + place.fract() / 2.0)
}

struct Listener<F> {
    feed: F,
    last: i64,
    waiting: VecDeque<Event>,
    soft: CancellationToken,
    looks: tokio::time::Interval,
    /// Whether the log may hold more than was read.
    behind: Rest,
    is_over: bool,
}

enum Woken {
    Told(Told),
    Look,
    Stop,
}

impl<F: Feed> Listener<F> {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            if self.behind == Rest::Some && !self.soft.is_cancelled() {
                self.read().await;
                continue;
            }
            let woken = tokio::select! {
                biased;
                () = self.soft.cancelled() => Woken::Stop,
                told = self.feed.told() => Woken::Told(told),
                _ = self.looks.tick() => Woken::Look,
            };
            match woken {
                Woken::Told(Told::Look) => self.behind = Rest::Some,
                Woken::Told(Told::Page(page)) => self.take(&page),
                Woken::Told(Told::Passing(event)) => self.waiting.push_back(event),
                Woken::Told(Told::Nothing) => {}
                Woken::Look if self.is_refused().await => self.is_over = true,
                Woken::Look => self.behind = Rest::Some,
                Woken::Stop | Woken::Told(Told::Over) => {
                    self.is_over = true;
                    return Some(passing("reconnect", &serde_json::json!({})));
                }
            }
        }
    }

    /// Reads one page. What the store does not give now is read a little later.
    async fn read(&mut self) {
        match self.feed.page_after(self.last).await {
            Ok(Some(page)) => {
                self.behind = page.rest;
                self.take(&page);
            }
            Ok(None) => self.behind = Rest::None,
            Err(error) => {
                tracing::warn!(%error, "an event stream could not read the log and will try again");
                self.behind = Rest::None;
                self.looks.reset_after(first_look(RETRY));
            }
        }
    }

    /// Goes on with a part of the log, as far as it is new here.
    fn take(&mut self, page: &Page) {
        if page.after > self.last {
            self.behind = Rest::Some;
        } else if page.last > self.last {
            let new = page.events.iter().filter(|(number, _)| *number > self.last);
            self.waiting.extend(new.map(|(_, event)| event.clone()));
            self.last = page.last;
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
    use std::sync::atomic::AtomicI64;
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    /// A log of numbers up to `newest`, two a page; odd ones are not for this listener. A negative one cannot be read.
    struct Numbers {
        newest: Arc<AtomicI64>,
        reads: Arc<AtomicI64>,
        told: UnboundedReceiver<Told>,
        look_every: Duration,
    }

    #[async_trait]
    impl Feed for Numbers {
        async fn page_after(&mut self, after: i64) -> Result<Option<Page>, StoreError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            let newest = self.newest.load(Ordering::SeqCst);
            if newest < 0 {
                return Err(StoreError::Unavailable("it is away".into()));
            }
            let last = newest.min(after + 2);
            Ok((last > after).then(|| page(after, last, if last == after + 2 { Rest::Some } else { Rest::None })))
        }

        async fn told(&mut self) -> Told {
            self.told.recv().await.unwrap_or(Told::Over)
        }

        fn look_every(&self) -> Duration {
            self.look_every
        }

        async fn is_welcome(&self) -> Result<bool, StoreError> {
            Ok(self.newest.load(Ordering::SeqCst) < 1_000)
        }
    }

    fn page(after: i64, last: i64, rest: Rest) -> Page {
        let events = (after + 1..=last).filter(|n| n % 2 == 0).map(|n| (n, stored("number", n, &n))).collect();
        Page { after, last, events, rest }
    }

    fn told(after: i64, last: i64) -> Told {
        page(after, last, Rest::None).into()
    }

    /// A stream that is read, and what it reads.
    struct Reader {
        stream: std::pin::Pin<Box<dyn Stream<Item = Event>>>,
        newest: Arc<AtomicI64>,
        reads: Arc<AtomicI64>,
        tell: UnboundedSender<Told>,
        soft: CancellationToken,
    }

    impl Reader {
        fn new(newest: i64, after: i64) -> Self {
            Self::looking(Duration::from_secs(3_600), newest, after)
        }

        fn looking(look_every: Duration, newest: i64, after: i64) -> Self {
            let (tell, told) = unbounded_channel();
            let (newest, reads, soft) = (Arc::new(AtomicI64::new(newest)), Arc::new(AtomicI64::new(0)), CancellationToken::new());
            let feed = Numbers { newest: Arc::clone(&newest), reads: Arc::clone(&reads), told, look_every };
            let stream = Box::pin(events(feed, Start { after, first: Vec::new(), soft: soft.clone() }));
            Self { stream, newest, reads, tell, soft }
        }

        fn grows_to(&self, newest: i64) {
            self.newest.store(newest, Ordering::SeqCst);
        }

        fn hears(&self, told: Told) {
            self.tell.send(told).unwrap();
        }

        async fn next(&mut self, count: usize) -> String {
            text(self.stream.by_ref().take(count).collect().await).await
        }
    }

    async fn text(events: Vec<Event>) -> String {
        let response = Sse::new(stream::iter(events.into_iter().map(Ok::<_, Infallible>))).into_response();
        String::from_utf8(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    fn number(n: i64) -> String {
        format!("event: number\ndata: {n}\nid: {n}\n\n")
    }

    #[tokio::test]
    async fn replays_the_log_then_follows_it_and_says_goodbye() {
        let mut reader = Reader::new(5, 1);
        assert_eq!(reader.next(2).await, number(2) + &number(4));
        reader.hears(Told::Nothing);
        reader.hears(Told::Passing(passing("typing", &true)));
        assert_eq!(reader.next(1).await, "event: typing\ndata: true\n\n");
        reader.grows_to(6);
        reader.hears(Told::Look);
        assert_eq!(reader.next(1).await, number(6));
        reader.soft.cancel();
        assert_eq!(reader.next(9).await, "event: reconnect\ndata: {}\n\n");
    }

    #[tokio::test]
    async fn what_was_read_for_all_is_not_read_again() {
        let mut reader = Reader::new(3, 0);
        assert_eq!(reader.next(1).await, number(2));
        // The first part was heard before this stream had read as far.
        for part in [told(1, 2), told(2, 4), told(4, 4), told(3, 6)] {
            reader.hears(part);
        }
        assert_eq!(reader.next(2).await, number(4) + &number(6));
        assert_eq!(reader.reads.load(Ordering::SeqCst), 2, "the two pages of the beginning");
    }

    #[tokio::test]
    async fn a_part_that_leaves_a_gap_is_read_from_the_log() {
        let mut reader = Reader::new(2, 0);
        assert_eq!(reader.next(1).await, number(2));
        reader.hears(Told::Passing(passing("typing", &true)));
        assert_eq!(reader.next(1).await, "event: typing\ndata: true\n\n");
        reader.grows_to(8);
        reader.hears(told(6, 8));
        assert_eq!(reader.next(3).await, number(4) + &number(6) + &number(8));
        reader.hears(told(8, 10));
        assert_eq!(reader.next(1).await, number(10));
    }

    #[tokio::test]
    async fn it_looks_without_being_told() {
        let mut reader = Reader::looking(Duration::from_millis(20), 2, 0);
        assert_eq!(reader.next(1).await, number(2));
        reader.grows_to(4);
        assert_eq!(reader.next(1).await, number(4));
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_read_a_little_later() {
        let mut reader = Reader::new(-1, 0);
        reader.hears(Told::Passing(passing("typing", &true)));
        assert_eq!(reader.next(1).await, "event: typing\ndata: true\n\n");
        reader.grows_to(2);
        assert_eq!(reader.next(1).await, number(2), "within the hour in which it would look again");
    }

    #[tokio::test]
    async fn who_may_not_listen_any_more_is_cut_off() {
        let mut reader = Reader::looking(Duration::from_millis(20), 3, 0);
        assert_eq!(reader.next(1).await, number(2));
        reader.hears(Told::Passing(passing("typing", &true)));
        assert_eq!(reader.next(1).await, "event: typing\ndata: true\n\n");
        reader.grows_to(1_000);
        assert_eq!(reader.next(1).await, "", "nothing of what came since, and no invitation to come back");
    }

    #[test]
    fn streams_look_at_different_moments() {
        let every = Duration::from_secs(60);
        let mut moments: Vec<Duration> = (0..100).map(|_| first_look(every)).collect();
        moments.sort_unstable();
        assert!(moments.iter().all(|moment| (every / 2..=every).contains(moment)));
        let gaps = moments.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max().unwrap() < Duration::from_secs(2), "{moments:?}");
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

//! Couriers on a real database, with receivers that behave in every way.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Endpoint, Pace, Reach, WebhookParts, Webhooks};
use crate::conversation::{
    Again, AppendShopper, Contact, ContactId, Content, ConversationId, Conversations, DeliveryState, EchoId, Live, LiveBus, LiveKind,
    MessageId, Outbox,
};
use crate::http::WebhookBodies;
use crate::store::SqliteStore;
use crate::support::{Clock, Ids, SystemClock};

/// Far more than it takes.
const LONG: Duration = Duration::from_secs(30);

/// One receiver on a port of this machine. It answers with the status that it is set to, and hangs at 0.
struct Receiver {
    port: u16,
    status: Arc<AtomicUsize>,
    told: UnboundedReceiver<serde_json::Value>,
}

impl Receiver {
    async fn start(status: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, told) = unbounded_channel();
        let status = Arc::new(AtomicUsize::new(status));
        let answer = Arc::clone(&status);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (sender, answer) = (sender.clone(), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(json) = read(&mut stream).await else { return };
                    let status = answer.load(Ordering::SeqCst);
                    if status == 0 {
                        return std::future::pending().await;
                    }
                    let _ = sender.send(json);
                    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { port, status, told }
    }

    async fn next(&mut self) -> serde_json::Value {
        tokio::time::timeout(LONG, self.told.recv()).await.expect("it is told in time").unwrap()
    }
}

/// The body of one request.
async fn read(stream: &mut TcpStream) -> Option<serde_json::Value> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&part[..length]);
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        if let Ok(json) = serde_json::from_slice(&request[end + 4..]) {
            return Some(json);
        }
    }
}

/// A desk with webhooks.
struct Desk {
    store: SqliteStore,
    live: LiveBus,
    ids: Ids,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("desk.db")).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (ids, tracker, stop) = (Ids::new(Arc::clone(&clock)), TaskTracker::new(), CancellationToken::new());
        Self { store, live: LiveBus::default(), ids, clock, tracker, stop, _folder: folder }
    }

    async fn tells(&self, port: u16, give_up: Duration) -> Webhooks {
        let endpoint = Endpoint {
            name: "crm".to_owned(),
            url: format!("http://127.0.0.1:{port}/"),
            secret: "secret".into(),
            events: Vec::new(),
            reach: Reach::Anywhere,
        };
        let store = || Arc::new(self.store.clone());
        let parts = WebhookParts {
            endpoints: vec![endpoint],
            pace: Pace { timeout: Duration::from_millis(300), retry: Duration::from_millis(20), give_up },
            log: store(),
            outbox: store(),
            render: Arc::new(WebhookBodies::new(store(), store(), store())),
            live: self.live.clone(),
            process: self.ids.uuid(),
            ids: self.ids.clone(),
            clock: Arc::clone(&self.clock),
        };
        Webhooks::start(parts, &self.tracker, &self.stop).await.unwrap()
    }

    async fn shopper(&self) -> ContactId {
        let contact = Contact { id: ContactId(self.ids.uuid()), name: None, email: None, created_at: self.clock.now() };
        self.store.create_session(&contact, crate::identity::SessionToken::parse(&self.ids.token()).unwrap().hash()).await.unwrap();
        contact.id
    }

    async fn say(&self, contact_id: ContactId, text: &str) {
        let message = AppendShopper {
            contact_id,
            message_id: MessageId(self.ids.uuid()),
            conversation_id: ConversationId(self.ids.uuid()),
            content: Content::parse(text).unwrap(),
            echo_id: EchoId::parse(&self.ids.token()).unwrap(),
            at: self.clock.now(),
        };
        let conversation_id = self.store.append_shopper(message).await.unwrap().conversation.id;
        self.live.tell(Live { conversation_id, contact_id, kind: LiveKind::Changed });
    }

    /// Waits until this is so.
    async fn sees(&self, what: &str, is_so: impl AsyncFn(&SqliteStore) -> bool) {
        let waited = tokio::time::timeout(LONG, async {
            while !is_so(&self.store).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "{what}: {:#?}", self.store.deliveries(100).await.unwrap());
    }

    async fn end(self) {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(LONG, self.tracker.wait()).await.expect("it stops");
    }
}

fn says(told: &serde_json::Value) -> &str {
    told["message"]["content"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_is_listed_and_sent_again_when_somebody_says_so() {
    let (desk, mut crm) = (Desk::new().await, Receiver::start(422).await);
    desk.tells(crm.port, Duration::from_millis(200)).await;
    let shopper = desk.shopper().await;
    desk.say(shopper, "Hello").await;
    desk.sees("both die", async |store| {
        let deliveries = store.deliveries(10).await.unwrap();
        deliveries.len() == 2 && deliveries.iter().all(|one| one.state == DeliveryState::Dead)
    })
    .await;
    let dead = desk.store.deliveries(10).await.unwrap();
    assert!(dead.iter().all(|one| one.attempts >= 2 && one.fault.as_deref() == Some("it answered 422")), "{dead:#?}");

    crm.status.store(200, Ordering::SeqCst);
    while crm.told.try_recv().is_ok() {}
    let now = desk.clock.now();
    let later = now.checked_add(LONG).unwrap();
    assert_eq!(desk.store.try_again(Again::AllDead, now, later).await.unwrap(), 2);
    let told = [crm.next().await, crm.next().await];
    assert_eq!(told.each_ref().map(|told| told["event"].as_str().unwrap()), ["conversation_created", "message_created"]);
    let ids: BTreeSet<String> = dead.iter().map(|one| one.id.to_string()).collect();
    assert!(told.iter().all(|told| ids.contains(told["delivery"].as_str().unwrap())));
    desk.sees("none is left", async |store| store.deliveries(10).await.unwrap().is_empty()).await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_leaves_the_rest_in_the_log_and_all_of_it_is_told_after_it() {
    let (desk, mut crm) = (Desk::new().await, Receiver::start(0).await);
    desk.tells(crm.port, Duration::from_secs(3_600)).await;
    let mut shoppers = Vec::new();
    for _ in 0..40 {
        shoppers.push(desk.shopper().await);
    }
    for round in 0..5 {
        for (n, shopper) in shoppers.iter().enumerate() {
            desk.say(*shopper, &format!("{n}.{round}")).await;
        }
    }
    desk.sees("it is left alone", async |store| !store.deliveries(1).await.unwrap().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let waiting = desk.store.deliveries(1_000).await.unwrap().len();
    assert!(waiting <= 96, "a page or so, not all of the 240: {waiting}");
    assert!(desk.store.backlogs().await.unwrap()[0].behind > 100);

    crm.status.store(200, Ordering::SeqCst);
    let mut told = BTreeSet::new();
    while told.len() < 200 {
        told.insert(says(&crm.next().await).to_owned());
        told.remove("");
    }
    let left = async |store: &SqliteStore| {
        let backlog = store.backlogs().await.unwrap().remove(0);
        (backlog.behind, backlog.waiting, backlog.dead) == (0, 0, 0)
    };
    desk.sees("nothing is left", left).await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_conversation_is_told_in_its_order() {
    let (desk, mut crm) = (Desk::new().await, Receiver::start(200).await);
    desk.tells(crm.port, Duration::from_secs(3_600)).await;
    let shoppers = [desk.shopper().await, desk.shopper().await, desk.shopper().await];
    for round in 0..30 {
        for (n, shopper) in shoppers.iter().enumerate() {
            desk.say(*shopper, &format!("{n}.{round}")).await;
        }
    }
    let mut told = vec![Vec::new(); 3];
    while told.iter().map(Vec::len).sum::<usize>() < 90 {
        let next = crm.next().await;
        if let Some((n, round)) = says(&next).split_once('.').filter(|_| next["event"] == "message_created") {
            told[n.parse::<usize>().unwrap()].push(round.parse::<usize>().unwrap());
        }
    }
    assert_eq!(told, vec![(0..30).collect::<Vec<_>>(); 3]);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opened_widget_is_told_once_and_outlives_a_receiver_that_is_away() {
    let (desk, mut crm) = (Desk::new().await, Receiver::start(503).await);
    let webhooks = desk.tells(crm.port, Duration::from_secs(3_600)).await;
    let shopper = desk.shopper().await;
    for _ in 0..3 {
        webhooks.widget_opened(shopper).await;
    }
    let first = crm.next().await;
    crm.status.store(200, Ordering::SeqCst);
    let mut last = first.clone();
    while !desk.store.deliveries(10).await.unwrap().is_empty() {
        last = crm.next().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((first["event"].as_str(), &first), (Some("webwidget_triggered"), &last), "the same, with the same id");
    assert_eq!(first["contact"]["id"], shopper.0.to_string());
    desk.end().await;
}

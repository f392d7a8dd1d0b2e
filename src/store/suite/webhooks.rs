//! What other programs are still to be told is kept, by one process at a time.

use uuid::Uuid;

use super::{Store, World};
use crate::conversation::{Again, Delivery, DeliveryId, DeliveryState, Enrolled, HandoffReason, Hold, Settled, Subject, Webhook};
use crate::support::Timestamp;

/// Seconds after the world's beginning.
fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_900_000_000 + n).unwrap()
}

/// Nothing is stale.
fn never() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn hold(process: u128, at: i64) -> Hold {
    Hold { endpoint: "crm".to_owned(), process: Uuid::from_u128(process), at: second(at), until: second(at + 10) }
}

fn failed<S: Store>(w: &World<S>, subject: Subject, next: i64) -> Delivery {
    Delivery {
        id: DeliveryId(w.ids.uuid()),
        endpoint: "crm".to_owned(),
        webhook: Webhook::MessageCreated,
        subject,
        state: DeliveryState::Waiting,
        attempts: 1,
        created_at: second(0),
        next_at: second(next),
        give_up_at: second(1_000),
        fault: Some("it answered 500".to_owned()),
    }
}

fn kept(kept: Vec<Delivery>) -> Settled {
    Settled { kept, ..Settled::default() }
}

pub(crate) async fn a_new_endpoint_begins_at_the_newest_event<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    w.say(shopper, "before").await;
    assert_eq!(w.store.hold(&hold(1, 0)).await.unwrap(), None, "nobody knows it");
    assert_eq!(w.store.enrol("crm", second(0), never()).await.unwrap(), Enrolled::New);
    let newest = w.store.last_event_id().await.unwrap();
    w.say(shopper, "after").await;
    assert_eq!(w.store.enrol("crm", second(1), never()).await.unwrap(), Enrolled::Known);
    assert_eq!(w.store.hold(&hold(1, 2)).await.unwrap(), Some(newest));
    assert_eq!(w.store.all_events_after(newest, 10).await.unwrap().len(), 1);
}

pub(crate) async fn an_endpoint_that_nobody_told_for_long_begins_anew<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    w.store.enrol("crm", second(0), never()).await.unwrap();
    w.say(shopper, "Hello").await;
    assert_eq!(w.store.enrol("crm", second(100), second(0)).await.unwrap(), Enrolled::Known, "just in time");
    assert_eq!(w.store.enrol("crm", second(100), second(1)).await.unwrap(), Enrolled::Anew);
    let newest = w.store.last_event_id().await.unwrap();
    assert_eq!(w.store.hold(&hold(1, 101)).await.unwrap(), Some(newest));
}

pub(crate) async fn one_process_tells_and_a_dead_one_is_followed<S: Store>(w: World<S>) {
    w.store.enrol("crm", second(0), never()).await.unwrap();
    let holds = async |process, at| w.store.hold(&hold(process, at)).await.unwrap().is_some();
    assert!(holds(1, 0).await && holds(1, 5).await, "it renews its claim");
    assert!(!holds(2, 15).await, "not before the claim is over");
    assert!(holds(2, 16).await);
    assert!(!holds(1, 17).await, "who comes back late waits");
    w.store.let_go(&hold(1, 18)).await.unwrap();
    assert!(!holds(1, 18).await, "and cannot end a claim that is not its own");
    w.store.let_go(&hold(2, 19)).await.unwrap();
    assert!(holds(1, 19).await);
    // A clock that was an hour ahead does not stop the others for an hour.
    assert!(holds(1, 3_600).await && holds(2, 20).await);

    let (one, other) = (w.store.clone(), w.store.clone());
    w.store.let_go(&hold(2, 21)).await.unwrap();
    let at_once = tokio::join!(
        tokio::spawn(async move { one.hold(&hold(1, 22)).await.unwrap() }),
        tokio::spawn(async move { other.hold(&hold(2, 22)).await.unwrap() })
    );
    assert_ne!(at_once.0.unwrap().is_some(), at_once.1.unwrap().is_some());
}

pub(crate) async fn what_failed_waits_for_its_time_and_is_gone_when_told<S: Store>(w: World<S>) {
    w.store.enrol("crm", second(0), never()).await.unwrap();
    w.store.hold(&hold(1, 0)).await.unwrap();
    let (late, early) = (failed(&w, Subject::Event(7), 20), failed(&w, Subject::Event(8), 10));
    let settled = Settled { passed: Some(8), kept: vec![late.clone(), early.clone()], ..Settled::default() };
    assert!(w.store.settle(&hold(1, 1), &settled).await.unwrap());
    assert_eq!(w.store.hold(&hold(1, 2)).await.unwrap(), Some(8));
    let due = async |until, limit| w.store.due("crm", second(until), limit).await.unwrap();
    assert!(due(9, 10).await.is_empty());
    assert_eq!(due(10, 10).await, std::slice::from_ref(&early));
    assert_eq!(due(99, 10).await, [early.clone(), late.clone()]);
    assert_eq!(due(99, 1).await, std::slice::from_ref(&early));
    assert!(w.store.due("erp", second(99), 10).await.unwrap().is_empty());

    w.store.hasten(&Hold { endpoint: "erp".to_owned(), ..hold(1, 5) }).await.unwrap();
    assert!(due(9, 10).await.is_empty(), "another endpoint came back");
    w.store.hasten(&hold(1, 15)).await.unwrap();
    let ids = |due: Vec<Delivery>| due.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(due(14, 10).await), [early.id], "not later than it was");
    assert_eq!(ids(due(15, 10).await), [early.id, late.id]);

    let again = Delivery { attempts: 2, next_at: second(50), fault: Some("no answer".to_owned()), ..early.clone() };
    let settled = Settled { delivered: vec![late.id], kept: vec![again.clone()], ..Settled::default() };
    assert!(w.store.settle(&hold(1, 11), &settled).await.unwrap());
    assert_eq!(due(99, 10).await, [again]);
    assert_eq!(w.store.hold(&hold(1, 12)).await.unwrap(), Some(8), "a retry does not move the endpoint in the log");
}

pub(crate) async fn who_lost_the_claim_writes_nothing<S: Store>(w: World<S>) {
    w.store.enrol("crm", second(0), never()).await.unwrap();
    w.store.hold(&hold(1, 0)).await.unwrap();
    w.store.hold(&hold(2, 11)).await.unwrap().unwrap();
    let settled = Settled { passed: Some(5), kept: vec![failed(&w, Subject::Event(5), 0)], ..Settled::default() };
    assert!(!w.store.settle(&hold(1, 12), &settled).await.unwrap());
    assert!(w.store.deliveries(10).await.unwrap().is_empty());
    assert_eq!(w.store.hold(&hold(2, 12)).await.unwrap(), Some(0));
    assert!(w.store.settle(&hold(2, 13), &settled).await.unwrap());
    let back = Settled { passed: Some(3), ..Settled::default() };
    assert!(w.store.settle(&hold(2, 14), &back).await.unwrap());
    assert_eq!(w.store.hold(&hold(2, 15)).await.unwrap(), Some(5), "the log is never read twice");
}

pub(crate) async fn what_stands_in_no_log_is_put_once<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let opened = Delivery { webhook: Webhook::WebwidgetTriggered, attempts: 0, fault: None, ..failed(&w, Subject::Contact(shopper), 0) };
    w.store.put(std::slice::from_ref(&opened)).await.unwrap();
    w.store.put(&[Delivery { attempts: 9, ..opened.clone() }]).await.unwrap();
    assert_eq!(w.store.due("crm", second(0), 10).await.unwrap(), [opened]);
}

pub(crate) async fn the_dead_are_listed_tried_again_and_forgotten<S: Store>(w: World<S>) {
    w.store.enrol("crm", second(0), never()).await.unwrap();
    w.store.hold(&hold(1, 0)).await.unwrap();
    let waiting = failed(&w, Subject::Event(1), 30);
    let dead = Delivery { state: DeliveryState::Dead, attempts: 7, ..failed(&w, Subject::Event(2), 40) };
    let older = Delivery { state: DeliveryState::Dead, ..failed(&w, Subject::Event(3), 35) };
    w.store.settle(&hold(1, 1), &kept(vec![waiting.clone(), dead.clone(), older.clone()])).await.unwrap();
    assert_eq!(w.store.deliveries(10).await.unwrap(), [older.clone(), dead.clone(), waiting.clone()]);
    assert_eq!(w.store.due("crm", second(99), 10).await.unwrap(), std::slice::from_ref(&waiting));

    assert_eq!(w.store.try_again(Again::One(DeliveryId(Uuid::nil())), second(50), second(60)).await.unwrap(), 0);
    assert_eq!(w.store.try_again(Again::One(waiting.id), second(50), second(60)).await.unwrap(), 1);
    assert_eq!(w.store.try_again(Again::AllDead, second(50), second(60)).await.unwrap(), 2);
    let due = w.store.due("crm", second(50), 10).await.unwrap();
    assert_eq!(due.iter().map(|one| (one.id, one.attempts)).collect::<Vec<_>>(), [(waiting.id, 0), (dead.id, 0), (older.id, 0)]);
    assert!(due.iter().all(|one| one.give_up_at == second(60) && one.state == DeliveryState::Waiting));

    w.store.settle(&hold(1, 2), &kept(vec![dead.clone(), older.clone()])).await.unwrap();
    w.store.settle(&hold(1, 3), &Settled { forget: Some(second(40)), ..Settled::default() }).await.unwrap();
    let left: Vec<DeliveryId> = w.store.deliveries(10).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [dead.id, waiting.id]);
}

pub(crate) async fn a_backlog_counts_what_is_not_told<S: Store>(w: World<S>) {
    assert!(w.store.backlogs().await.unwrap().is_empty());
    w.store.enrol("crm", second(0), never()).await.unwrap();
    w.store.enrol("abc", second(0), never()).await.unwrap();
    w.store.hold(&hold(1, 0)).await.unwrap();
    let id = w.say(w.shopper().await, "Hello").await.conversation.id;
    let ana = w.agent("ana").await;
    w.store.claim(w.claim(id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    let events = w.store.all_events_after(0, 10).await.unwrap();
    let [abc, crm] = &w.store.backlogs().await.unwrap()[..] else { panic!("two endpoints") };
    assert_eq!((abc.endpoint.as_str(), crm.endpoint.as_str()), ("abc", "crm"));
    assert_eq!((crm.behind, crm.waiting, crm.dead, crm.oldest), (2, 0, 0, Some(events[0].at)));

    let dead = Delivery { state: DeliveryState::Dead, ..failed(&w, Subject::Event(9), 0) };
    let passed = Some(events[1].id);
    let settled = Settled { passed, kept: vec![failed(&w, Subject::Event(8), 0), dead], ..Settled::default() };
    w.store.settle(&hold(1, 1), &settled).await.unwrap();
    let [abc, crm] = &w.store.backlogs().await.unwrap()[..] else { panic!("two endpoints") };
    assert_eq!((crm.behind, crm.waiting, crm.dead, crm.oldest), (0, 1, 1, Some(second(0))));
    assert_eq!((abc.behind, abc.waiting, abc.dead, abc.oldest), (2, 0, 0, Some(events[0].at)));
}

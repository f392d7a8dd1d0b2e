//! The machine's clock is put back an hour or on a day: the numbers of the log keep the order, not the times.

use super::{Store, World, rand_hash};
use crate::conversation::{Contact, ContactId, HandoffReason, Status, TurnOutcome};
use crate::desk::{DeskOutcome, Queue, QueueCounts};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

pub(crate) async fn a_clock_that_jumps_changes_no_order<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let first = w.message(shopper, "one");
    let id = w.store.append_shopper(first.clone()).await.unwrap().conversation.id;
    w.jump(-HOUR);
    let second = w.message(shopper, "two");
    w.store.append_shopper(second.clone()).await.unwrap();
    w.jump(DAY);
    w.say(shopper, "three").await;
    w.jump(-DAY);
    let turn = w.turn(id).await;
    assert_eq!(turn.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
    assert!(matches!(w.store.commit_turn(w.answer(&turn)).await.unwrap(), TurnOutcome::Committed(_)));
    // A retry is known by its id, whenever it says it was sent.
    for retry in [first, second] {
        w.jump(-HOUR);
        let mut retry = retry;
        retry.at = w.now();
        assert!(w.store.append_shopper(retry).await.unwrap().duplicate);
    }
    let last = w.say(shopper, "four").await;
    assert_eq!(last.conversation.id, id, "a conversation that seems to begin later is still the same");
    assert_eq!(w.story(id).await, ["shopper: one", "shopper: two", "shopper: three", "bot: Two days.", "shopper: four"]);
    let page = w.store.messages(id, 2).await.unwrap();
    assert_eq!(page.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["Two days.", "four"]);
    assert_eq!(w.store.events_after(id, 2, 10).await.unwrap().iter().map(|event| event.seq).collect::<Vec<_>>(), [3, 4, 5]);
    let all = w.store.all_events_after(0, 10).await.unwrap();
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].seq < pair[1].seq), "{all:?}");
}

pub(crate) async fn a_clock_that_jumps_loses_no_turn_and_no_ticket<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let mut waiting = Vec::new();
    for jump in [0, -HOUR, DAY, -DAY] {
        w.jump(jump);
        waiting.push(w.waiting().await);
    }
    w.jump(DAY);
    let late = w.say(w.shopper().await, "How long?").await.conversation.id;
    w.jump(-DAY);
    let early = w.say(w.shopper().await, "How long?").await.conversation.id;
    let due = w.store.due_turns().await.unwrap();
    assert!(due.len() == 2 && due.contains(&late) && due.contains(&early), "{due:?}");
    assert_eq!(w.store.counts(ana).await.unwrap(), QueueCounts { unassigned: 4, mine: 0, open: 4 });
    for (shopper, conversation) in waiting {
        w.jump(-HOUR);
        let claimed = w.store.claim(w.claim(conversation.id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
        assert!(matches!(claimed, DeskOutcome::Done(_)), "{claimed:?}");
        w.jump(DAY);
        assert!(matches!(w.store.reply(w.reply(conversation.id, ana, "Here I am.")).await.unwrap(), DeskOutcome::Done(_)));
        w.jump(-DAY);
        assert!(matches!(w.store.resolve(w.claim(conversation.id, ana)).await.unwrap(), DeskOutcome::Done(_)));
        let again = w.say(shopper, "Thanks").await.conversation;
        assert_eq!((again.id, again.status), (conversation.id, Status::Pending));
        let story = w.story(conversation.id).await;
        assert_eq!(
            story[3..],
            ["open>open claimed", "agent: Here I am.", "open>resolved resolved", "resolved>pending shopper_wrote", "shopper: Thanks"]
        );
    }
    assert_eq!(w.store.tickets(Queue::Open, w.now(), 10).await.unwrap().len(), 0);
    assert_eq!(w.store.tickets(Queue::Closed, w.now(), 10).await.unwrap().len(), 4);
}

pub(crate) async fn a_clock_that_jumps_ends_no_shoppers_session<S: Store>(w: World<S>) {
    let contact = Contact { id: ContactId(w.ids.uuid()), name: None, email: None, created_at: w.now() };
    let hash = rand_hash(&w.ids);
    w.store.create_session(&contact, hash).await.unwrap();
    for jump in [-HOUR, DAY, -DAY] {
        w.jump(jump);
        assert_eq!(w.store.contact_of_session(hash, w.now()).await.unwrap(), Some(contact.clone()));
    }
}

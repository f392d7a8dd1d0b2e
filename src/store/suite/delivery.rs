//! A message that was taken in is there once, in its place.

use super::{Store, World, rand_hash};
use crate::conversation::{Actor, Author, Contact, ContactId, EventKind, Feedback, Rating, Status};
use crate::support::Timestamp;

pub(crate) async fn a_session_belongs_to_its_contact_until_it_expires<S: Store>(w: World<S>) {
    let contact = Contact { id: ContactId(w.ids.uuid()), name: None, email: Some("m@example.com".to_owned()), created_at: w.now() };
    let hash = rand_hash(&w.ids);
    w.store.create_session(&contact, hash).await.unwrap();
    assert_eq!(w.store.contact_of_session(hash, w.now()).await.unwrap(), Some(contact.clone()));
    assert_eq!(w.store.contact_of_session(rand_hash(&w.ids), w.now()).await.unwrap(), None);
    let two_years = Timestamp::from_second(contact.created_at.as_second() + 2 * 365 * 86_400).unwrap();
    assert_eq!(w.store.contact_of_session(hash, two_years).await.unwrap(), None);
    assert_eq!(w.store.contact(contact.id).await.unwrap(), Some(contact));
}

pub(crate) async fn opening_the_widget_creates_nothing<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    assert_eq!(w.store.conversation_of_contact(shopper).await.unwrap(), None);
    assert_eq!(w.store.last_event_id().await.unwrap(), 0);
    let rating = Rating { contact_id: shopper, rating: 5, comment: None, at: w.now() };
    assert_eq!(w.store.rate(rating).await.unwrap(), None);
}

pub(crate) async fn a_retry_adds_nothing<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let message = w.message(shopper, "Hello");
    let first = w.store.append_shopper(message.clone()).await.unwrap();
    let mut again = w.message(shopper, "Hello");
    again.echo_id = message.echo_id;
    let second = w.store.append_shopper(again).await.unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!((second.message, second.conversation), (first.message, first.conversation.clone()));
    assert_eq!(w.story(first.conversation.id).await, ["shopper: Hello"]);

    // The same client id of another shopper is another message.
    let mut other = w.message(w.shopper().await, "Hi");
    other.echo_id = w.store.messages(first.conversation.id, 1).await.unwrap()[0].echo_id.clone().unwrap();
    assert!(!w.store.append_shopper(other).await.unwrap().duplicate);
}

pub(crate) async fn a_retry_after_the_conversation_was_taken_up_again_is_still_known<S: Store>(w: World<S>) {
    let (shopper, conversation) = w.waiting().await;
    let ana = w.agent("ana").await;
    let message = w.message(shopper, "Thanks");
    w.store.append_shopper(message.clone()).await.unwrap();
    w.store.resolve(w.claim(conversation.id, ana)).await.unwrap();
    assert!(w.store.append_shopper(message.clone()).await.unwrap().duplicate);
    assert_eq!(w.conversation(conversation.id).await.status, Status::Resolved, "a retry takes nothing up");
    w.say(shopper, "One more thing").await;
    let before = w.log(conversation.id).await.len();
    assert!(w.store.append_shopper(message).await.unwrap().duplicate);
    assert_eq!(w.log(conversation.id).await.len(), before);
}

pub(crate) async fn a_resolved_conversation_is_taken_up_by_the_next_message<S: Store>(w: World<S>) {
    let (shopper, conversation) = w.waiting().await;
    let ana = w.agent("ana").await;
    w.store.resolve(w.claim(conversation.id, ana)).await.unwrap();
    let appended = w.say(shopper, "It broke").await;
    assert_eq!(appended.conversation.id, conversation.id);
    assert_eq!((appended.conversation.status, appended.conversation.assignee), (Status::Pending, None));
    assert!(appended.conversation.turn_is_due());
    let story = w.story(conversation.id).await;
    assert_eq!(story[story.len() - 2..], ["resolved>pending shopper_wrote", "shopper: It broke"]);
    assert_eq!(w.store.conversation_of_contact(shopper).await.unwrap().unwrap().id, conversation.id);
}

pub(crate) async fn eight_writers_leave_no_gap<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let writers = (0..8).map(|writer| {
        let store = w.store.clone();
        let messages: Vec<_> = (0..10).map(|n| w.message(shopper, &format!("{writer}.{n}"))).collect();
        tokio::spawn(async move {
            for message in messages {
                // Each of them is sent twice: a weak line.
                store.append_shopper(message.clone()).await.unwrap();
                assert!(store.append_shopper(message).await.unwrap().duplicate);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let conversation = w.store.conversation_of_contact(shopper).await.unwrap().unwrap();
    assert_eq!((conversation.last_seq, conversation.generation), (80, 80));
    assert_eq!(w.log(conversation.id).await.len(), 80);
    let own_order =
        |writer: usize, messages: &[String]| messages.iter().filter(|m| m.starts_with(&format!("{writer}."))).cloned().collect::<Vec<_>>();
    let messages: Vec<String> = w.store.messages(conversation.id, 200).await.unwrap().into_iter().map(|m| m.content).collect();
    for writer in 0..8 {
        assert_eq!(own_order(writer, &messages), (0..10).map(|n| format!("{writer}.{n}")).collect::<Vec<_>>());
    }
}

pub(crate) async fn events_resume_after_a_number<S: Store>(w: World<S>) {
    let (one, other) = (w.shopper().await, w.shopper().await);
    let id = w.say(one, "a").await.conversation.id;
    w.say(other, "x").await;
    w.say(one, "b").await;
    w.say(one, "c").await;
    let seqs = |events: Vec<crate::conversation::Event>| events.into_iter().map(|event| event.seq).collect::<Vec<_>>();
    assert_eq!(seqs(w.store.events_after(id, 1, 10).await.unwrap()), [2, 3]);
    assert_eq!(seqs(w.store.events_after(id, 0, 2).await.unwrap()), [1, 2]);
    assert_eq!(seqs(w.store.events_after(id, 3, 10).await.unwrap()), Vec::<i64>::new());

    let all = w.store.all_events_after(0, 10).await.unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert_eq!(w.store.last_event_id().await.unwrap(), all[3].id);
    let rest = w.store.all_events_after(all[1].id, 10).await.unwrap();
    assert_eq!(rest, all[2..]);
    let EventKind::MessageCreated(message) = &rest[1].kind else { panic!("{rest:?}") };
    assert_eq!((message.content.as_str(), message.seq, message.author), ("c", 3, Author::Shopper));
    assert_eq!(rest[1].actor, Actor::Shopper);
}

pub(crate) async fn who_reads_along_misses_nothing<S: Store>(w: World<S>) {
    let mut writers = Vec::new();
    for _ in 0..8 {
        let shopper = w.shopper().await;
        let messages: Vec<_> = (0..15).map(|n| w.message(shopper, &n.to_string())).collect();
        let store = w.store.clone();
        writers.push(tokio::spawn(async move {
            for message in messages {
                store.append_shopper(message).await.unwrap();
            }
        }));
    }
    // An event that commits late with a number that was passed already would never be read.
    let mut read = Vec::new();
    let mut last = 0;
    loop {
        let written = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = w.store.all_events_after(last, 7).await.unwrap();
        if written && page.is_empty() {
            break;
        }
        last = page.last().map_or(last, |event| event.id);
        read.extend(page.into_iter().map(|event| event.id));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let all: Vec<i64> = w.store.all_events_after(0, 1_000).await.unwrap().into_iter().map(|event| event.id).collect();
    assert_eq!((read.len(), read), (120, all));
}

pub(crate) async fn feedback_and_rating_are_the_owners_alone<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    let commit = w.answer(&w.turn(id).await);
    let message_id = commit.reply.message_id;
    w.store.commit_turn(commit).await.unwrap();

    let feedback = |contact_id, helpful| Feedback { contact_id, message_id, helpful, at: w.now() };
    assert_eq!(w.store.feedback(feedback(w.shopper().await, false)).await.unwrap(), None);
    assert_eq!(w.store.feedback(feedback(shopper, true)).await.unwrap().unwrap().helpful, Some(true));
    w.store.feedback(feedback(shopper, true)).await.unwrap();
    assert_eq!(w.store.feedback(feedback(shopper, false)).await.unwrap().unwrap().helpful, Some(false));
    let rating = |rating| Rating { contact_id: shopper, rating, comment: Some("quick".to_owned()), at: w.now() };
    w.store.rate(rating(4)).await.unwrap().unwrap();
    w.store.rate(rating(5)).await.unwrap().unwrap();
    let story = w.story(id).await;
    assert_eq!(story[..2], ["shopper: How long?", "bot: Two days."]);
    assert_eq!(story[2..].iter().filter(|line| line.starts_with("updated")).count(), 2, "the same word twice is one event");
    assert_eq!(story[4..], ["rated 4", "rated 5"]);
}

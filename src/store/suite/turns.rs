//! The bot answers what it owes, once, and never over a person.

use super::{Store, World};
use crate::conversation::{Actor, Author, EventKind, HandoffReason, Status, TurnOutcome};
use crate::desk::{DeskOutcome, TicketState};

fn stands(outcome: &TurnOutcome) -> bool {
    matches!(outcome, TurnOutcome::Committed(_))
}

pub(crate) async fn a_turn_commits_once<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    let turn = w.turn(id).await;
    let commit = w.answer(&turn);
    let TurnOutcome::Committed(events) = w.store.commit_turn(commit.clone()).await.unwrap() else { panic!("stale") };
    assert_eq!(events, w.log(id).await[1..]);
    assert_eq!(events[0].actor, Actor::Bot { version: "0.1.0".to_owned() });
    let EventKind::MessageCreated(message) = &events[0].kind else { panic!("{events:?}") };
    assert_eq!((message.id, message.author, message.trace.as_ref()), (commit.reply.message_id, Author::Bot, Some(&commit.reply.trace)));

    assert!(!stands(&w.store.commit_turn(w.answer(&turn)).await.unwrap()), "the same turn run twice after a crash");
    assert!(w.store.begin_turn(id).await.unwrap().is_none());
    assert_eq!(w.story(id).await, ["shopper: How long?", "bot: Two days."]);
}

pub(crate) async fn a_burst_is_answered_once<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "Hello").await.conversation.id;
    let early = w.turn(id).await;
    w.say(shopper, "How long").await;
    w.say(shopper, "does it take?").await;
    assert!(!stands(&w.store.commit_turn(w.answer(&early)).await.unwrap()), "a newer message came");
    let turn = w.turn(id).await;
    assert_eq!(turn.messages.len(), 3);
    assert!(stands(&w.store.commit_turn(w.answer(&turn)).await.unwrap()));
    assert_eq!(w.story(id).await, ["shopper: Hello", "shopper: How long", "shopper: does it take?", "bot: Two days."]);
}

pub(crate) async fn a_claim_silences_the_bot<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    let turn = w.turn(id).await;
    let ana = w.agent("ana").await;
    w.store.claim(w.claim(id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    assert!(!stands(&w.store.commit_turn(w.answer(&turn)).await.unwrap()));
    w.say(shopper, "Hello?").await;
    assert!(w.store.begin_turn(id).await.unwrap().is_none());
    assert!(w.store.due_turns().await.unwrap().is_empty());
    assert_eq!(w.story(id).await, ["shopper: How long?", "pending>open claimed", "shopper: Hello?"]);
}

pub(crate) async fn a_claim_and_a_reply_at_once_never_both_stand<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    for _ in 0..20 {
        let shopper = w.shopper().await;
        let id = w.say(shopper, "How long?").await.conversation.id;
        let (commit, claim, handoff) = (w.answer(&w.turn(id).await), w.claim(id, ana), w.handoff(HandoffReason::Asked));
        let (bot, agent) = (w.store.clone(), w.store.clone());
        let (turn, claimed) = tokio::join!(
            tokio::spawn(async move { bot.commit_turn(commit).await.unwrap() }),
            tokio::spawn(async move { agent.claim(claim, handoff).await.unwrap() })
        );
        assert!(matches!(claimed.unwrap(), DeskOutcome::Done(_)), "a claim always wins");
        // Either the reply came first, or it is not there.
        let expect: &[&str] = match stands(&turn.unwrap()) {
            true => &["shopper: How long?", "bot: Two days.", "pending>open claimed"],
            false => &["shopper: How long?", "pending>open claimed"],
        };
        assert_eq!(w.story(id).await, expect);
    }
}

pub(crate) async fn a_handoff_shows_one_line_and_opens_one_ticket<S: Store>(w: World<S>) {
    let (shopper, conversation) = w.waiting().await;
    assert_eq!(w.story(conversation.id).await, ["shopper: Where is it?", "bot: Two days.", "pending>open low_confidence"]);
    let ticket = w.store.ticket_of(conversation.id).await.unwrap().unwrap();
    assert_eq!((ticket.number, ticket.reason, ticket.state), (1, HandoffReason::LowConfidence, TicketState::Open));
    assert_eq!((ticket.assignee, ticket.subject.as_str(), conversation.status), (None, "Where is it?", Status::Open));
    w.say(shopper, "Anybody?").await;
    assert!(w.store.begin_turn(conversation.id).await.unwrap().is_none());
    assert_eq!(w.store.ticket_of(conversation.id).await.unwrap().unwrap(), ticket);
}

pub(crate) async fn the_context_begins_at_the_last_change_of_hands<S: Store>(w: World<S>) {
    let (shopper, conversation) = w.waiting().await;
    let ana = w.agent("ana").await;
    w.say(shopper, "before").await;
    w.store.return_to_bot(w.claim(conversation.id, ana)).await.unwrap();
    w.say(shopper, "after").await;
    let words = |turn: crate::conversation::TurnSnapshot| turn.messages.into_iter().map(|m| m.content).collect::<Vec<_>>();
    assert_eq!(words(w.turn(conversation.id).await), ["after"]);
    w.store.resolve(w.claim(conversation.id, ana)).await.unwrap();
    w.say(shopper, "again").await;
    assert_eq!(words(w.turn(conversation.id).await), ["again"]);
}

pub(crate) async fn the_context_is_the_last_forty<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let mut id = None;
    for n in 1..=45 {
        id = Some(w.say(shopper, &n.to_string()).await.conversation.id);
    }
    let words: Vec<String> = w.turn(id.unwrap()).await.messages.into_iter().map(|m| m.content).collect();
    assert_eq!(words, (6..=45).map(|n| n.to_string()).collect::<Vec<_>>());
}

pub(crate) async fn due_turns_are_found_after_a_crash<S: Store>(w: World<S>) {
    let (one, other) = (w.shopper().await, w.shopper().await);
    let first = w.say(one, "a").await.conversation.id;
    let second = w.say(other, "b").await.conversation.id;
    w.waiting().await;
    assert_eq!(w.store.due_turns().await.unwrap(), [first, second]);
    let turn = w.turn(first).await;
    w.store.commit_turn(w.answer(&turn)).await.unwrap();
    assert_eq!(w.store.due_turns().await.unwrap(), [second]);
}

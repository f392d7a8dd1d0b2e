//! Nobody is lost between the bot and a person.

use super::{Store, World};
use crate::conversation::{Assistance, Author, ConversationId, Handoff, HandoffReason, Priority, Status, TurnOutcome};
use crate::desk::{DeskOutcome, EmailLeft, Queue, QueueCounts, TicketState, Wish};
use crate::support::Timestamp;

pub(crate) async fn a_person_asked_for_by_button_is_one_ticket_and_one_line<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let ask = || w.store.request_person(w.person_request(shopper, "A person will come."));
    let first = ask().await.unwrap();
    let second = ask().await.unwrap();
    assert_eq!(first, second);
    assert_eq!(w.story(first.id).await, ["system: A person will come.", "pending>open asked"]);

    // Resolved and asked again: the same conversation, a new line and a new ticket. What the bot owed is the person's.
    let ana = w.agent("ana").await;
    w.store.resolve(w.claim(first.id, ana)).await.unwrap();
    let third = ask().await.unwrap();
    assert_eq!((third.id, third.status, third.assignee), (first.id, Status::Open, None));
    assert_eq!(w.store.ticket_of(first.id).await.unwrap().unwrap().number, 2);

    let other = w.shopper().await;
    let id = w.say(other, "Person!").await.conversation.id;
    let conversation = w.store.request_person(w.person_request(other, "Coming.")).await.unwrap();
    assert_eq!((conversation.id, conversation.answered_generation), (id, 1));
}

pub(crate) async fn two_agents_claim_and_one_wins<S: Store>(w: World<S>) {
    let (ana, ben) = (w.agent("ana").await, w.agent("ben").await);
    for _ in 0..10 {
        let (_, conversation) = w.waiting().await;
        let claim = |agent| {
            let (store, claim, handoff) = (w.store.clone(), w.claim(conversation.id, agent), w.handoff(HandoffReason::Asked));
            tokio::spawn(async move { store.claim(claim, handoff).await.unwrap() })
        };
        let (a, b) = tokio::join!(claim(ana), claim(ben));
        let (winner, loser) = match (a.unwrap(), b.unwrap()) {
            (DeskOutcome::Done(_), DeskOutcome::TakenBy(by)) => (ana, by),
            (DeskOutcome::TakenBy(by), DeskOutcome::Done(_)) => (ben, by),
            other => panic!("{other:?}"),
        };
        assert_eq!(winner, loser);
        assert_eq!(w.store.ticket_of(conversation.id).await.unwrap().unwrap().assignee, Some(winner));
        let again = w.store.claim(w.claim(conversation.id, winner), w.handoff(HandoffReason::Asked)).await.unwrap();
        assert!(matches!(again, DeskOutcome::Done(_)), "claiming twice is no fault");
        let story = w.story(conversation.id).await;
        assert_eq!(story[story.len() - 2..], ["pending>open low_confidence", "open>open claimed"]);
    }
}

pub(crate) async fn a_claim_of_a_bot_conversation_opens_a_ticket<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    let ana = w.agent("ana").await;
    let outcome = w.store.claim(w.claim(id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    let DeskOutcome::Done(conversation) = outcome else { panic!("{outcome:?}") };
    assert_eq!((conversation.status, conversation.assignee, conversation.fence), (Status::Open, Some(ana), 1));
    assert_eq!(w.store.ticket_of(id).await.unwrap().unwrap().assignee, Some(ana));
    let nowhere = w.store.claim(w.claim(ConversationId(w.ids.uuid()), ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    assert!(matches!(nowhere, DeskOutcome::NotFound));
}

pub(crate) async fn a_reply_takes_an_unassigned_conversation<S: Store>(w: World<S>) {
    let (_, conversation) = w.waiting().await;
    let (ana, ben) = (w.agent("ana").await, w.agent("ben").await);
    let reply = w.reply(conversation.id, ana, "Let me look.");
    let outcome = w.store.reply(reply.clone()).await.unwrap();
    let DeskOutcome::Done(message) = outcome else { panic!("{outcome:?}") };
    assert_eq!((message.author, message.content.as_str()), (Author::Agent(ana), "Let me look."));
    let again = w.store.reply(reply.clone()).await.unwrap();
    assert!(matches!(again, DeskOutcome::Done(same) if same == message), "a retry adds nothing");
    w.store.reply(w.reply(conversation.id, ana, "Found it.")).await.unwrap();
    let story = w.story(conversation.id).await;
    assert_eq!(story[3..], ["open>open claimed", "agent: Let me look.", "agent: Found it."]);
    let ticket = w.store.ticket_of(conversation.id).await.unwrap().unwrap();
    assert_eq!((ticket.assignee, ticket.first_reply_at), (Some(ana), Some(reply.at)));
    let outcome = w.store.reply(w.reply(conversation.id, ben, "Me too")).await.unwrap();
    assert!(matches!(outcome, DeskOutcome::TakenBy(by) if by == ana));
}

pub(crate) async fn a_reply_is_refused_where_it_makes_no_sense<S: Store>(w: World<S>) {
    let ana = w.agent("ana").await;
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    let said = |outcome| match outcome {
        DeskOutcome::Refused(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(said(w.store.reply(w.reply(id, ana, "Hi")).await.unwrap()), "the bot has this conversation: claim it first");
    w.store.resolve(w.claim(id, ana)).await.unwrap();
    assert!(said(w.store.reply(w.reply(id, ana, "Hi")).await.unwrap()).starts_with("the conversation is resolved"));
    let nowhere = w.store.reply(w.reply(ConversationId(w.ids.uuid()), ana, "Hi")).await.unwrap();
    assert!(matches!(nowhere, DeskOutcome::NotFound));
    assert_eq!(w.story(id).await, ["shopper: How long?", "pending>resolved resolved"]);
}

pub(crate) async fn resolving_closes_the_ticket<S: Store>(w: World<S>) {
    let (_, conversation) = w.waiting().await;
    let (ana, ben) = (w.agent("ana").await, w.agent("ben").await);
    w.store.claim(w.claim(conversation.id, ana), w.handoff(HandoffReason::Asked)).await.unwrap();
    assert!(matches!(w.store.resolve(w.claim(conversation.id, ben)).await.unwrap(), DeskOutcome::TakenBy(by) if by == ana));
    let claim = w.claim(conversation.id, ana);
    let outcome = w.store.resolve(claim).await.unwrap();
    assert!(matches!(outcome, DeskOutcome::Done(c) if c.status == Status::Resolved && c.fence == conversation.fence + 2));
    let ticket = w.store.ticket_of(conversation.id).await.unwrap().unwrap();
    assert_eq!((ticket.state, ticket.closed_at, ticket.assignee), (TicketState::Closed, Some(claim.at), Some(ana)));
    let before = w.log(conversation.id).await.len();
    assert!(matches!(w.store.resolve(w.claim(conversation.id, ana)).await.unwrap(), DeskOutcome::Done(_)));
    assert_eq!(w.log(conversation.id).await.len(), before, "resolving twice is one event");
    assert!(matches!(w.store.return_to_bot(w.claim(conversation.id, ana)).await.unwrap(), DeskOutcome::Refused(_)));
    assert!(matches!(
        w.store.claim(w.claim(conversation.id, ben), w.handoff(HandoffReason::Asked)).await.unwrap(),
        DeskOutcome::Refused(_)
    ));
}

pub(crate) async fn given_back_the_bot_answers_the_next_message_only<S: Store>(w: World<S>) {
    let (shopper, conversation) = w.waiting().await;
    let ana = w.agent("ana").await;
    w.say(shopper, "Still there?").await;
    let outcome = w.store.return_to_bot(w.claim(conversation.id, ana)).await.unwrap();
    let DeskOutcome::Done(returned) = outcome else { panic!("{outcome:?}") };
    assert_eq!((returned.status, returned.assignee, returned.turn_is_due()), (Status::Pending, None, false));
    assert_eq!(w.store.ticket_of(conversation.id).await.unwrap().unwrap().state, TicketState::Closed);
    assert!(w.say(shopper, "How long?").await.conversation.turn_is_due());
    let turn = w.turn(conversation.id).await;
    w.store.commit_turn(w.answer(&turn)).await.unwrap();
    let story = w.story(conversation.id).await;
    assert_eq!(story[4..], ["open>pending returned", "shopper: How long?", "bot: Two days."]);
}

pub(crate) async fn lists_and_counts_agree<S: Store>(w: World<S>) {
    let (ana, ben) = (w.agent("ana").await, w.agent("ben").await);
    let (first_shopper, first) = w.waiting().await;
    let (_, second) = w.waiting().await;
    let (_, third) = w.waiting().await;
    w.store.reply(w.reply(first.id, ana, "On it.")).await.unwrap();
    w.store.resolve(w.claim(third.id, ben)).await.unwrap();

    let list = async |queue| {
        w.store.tickets(queue, w.now(), 10).await.unwrap().into_iter().map(|row| (row.conversation.id, row.waiting)).collect::<Vec<_>>()
    };
    assert_eq!(list(Queue::Unassigned).await, [(second.id, true)]);
    assert_eq!(list(Queue::Mine(ana)).await, [(first.id, false)]);
    assert_eq!(list(Queue::Mine(ben)).await, []);
    assert_eq!(list(Queue::Open).await, [(second.id, true), (first.id, false)], "who waits stands first");
    assert_eq!(list(Queue::Closed).await, [(third.id, false)]);
    assert_eq!(w.store.counts(ana).await.unwrap(), QueueCounts { unassigned: 1, mine: 1, open: 2 });
    assert_eq!(w.store.counts(ben).await.unwrap(), QueueCounts { unassigned: 1, mine: 0, open: 2 });
    assert_eq!(w.store.tickets(Queue::Open, w.now(), 1).await.unwrap().len(), 1);

    w.say(first_shopper, "Thanks, and?").await;
    let row = w.store.tickets(Queue::Mine(ana), w.now(), 10).await.unwrap().remove(0);
    assert_eq!((row.waiting, row.contact_name.as_deref()), (true, Some("Mia")));
    assert_eq!(row.last_message.unwrap().content, "Thanks, and?");
    assert_eq!(list(Queue::Open).await, [(second.id, true), (first.id, true)], "the longest waiting stands first");
}

pub(crate) async fn ticket_numbers_count_up<S: Store>(w: World<S>) {
    let shoppers = futures_util::future::join_all((0..8).map(|_| w.shopper())).await;
    let asked = shoppers.into_iter().map(|shopper| {
        let (store, request) = (w.store.clone(), w.person_request(shopper, "Coming."));
        tokio::spawn(async move { store.request_person(request).await.unwrap() })
    });
    for task in asked.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut numbers: Vec<i64> = w.store.tickets(Queue::Open, w.now(), 10).await.unwrap().into_iter().map(|row| row.ticket.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
}

pub(crate) async fn what_was_put_aside_comes_back<S: Store>(world: World<S>) {
    let (shopper, waiting) = world.waiting().await;
    let (ana, ben) = (world.agent("ana").await, world.agent("ben").await);
    let until = Timestamp::from_second(world.now().as_second() + 3_600).unwrap();
    let snoozed = world.store.snooze(world.claim(waiting.id, ana), until).await.unwrap();
    assert!(matches!(snoozed, DeskOutcome::Done(one) if one.status == Status::Snoozed && one.snoozed_until == Some(until)));
    assert!(matches!(world.store.snooze(world.claim(waiting.id, ben), until).await.unwrap(), DeskOutcome::TakenBy(other) if other == ana));

    assert!(world.store.wake_snoozed(world.now()).await.unwrap().is_empty(), "its time has not come");
    world.skip(3_600);
    let woken = world.store.wake_snoozed(world.now()).await.unwrap();
    assert!(matches!(woken.as_slice(), [one] if one.id == waiting.id && one.status == Status::Open && one.assignee == Some(ana)));
    assert!(world.store.wake_snoozed(world.now()).await.unwrap().is_empty(), "it comes back once");

    let later = Timestamp::from_second(world.now().as_second() + 3_600).unwrap();
    world.store.snooze(world.claim(waiting.id, ana), later).await.unwrap();
    let back = world.say(shopper, "Hello?").await.conversation;
    assert_eq!((back.status, back.assignee, back.snoozed_until), (Status::Open, Some(ana), None), "the shopper is not put aside");
}

pub(crate) async fn the_bot_goes_on_as_long_as_the_shopper_wishes<S: Store>(world: World<S>) {
    let (shopper, waiting) = world.waiting().await;
    let wish = |assistance| Wish { contact_id: shopper, assistance, at: world.now() };
    world.say(shopper, "And how can I pay?").await;
    assert!(world.store.begin_turn(waiting.id).await.unwrap().is_none(), "nobody asked for the bot");

    assert!(matches!(world.store.wish(wish(Assistance::On)).await.unwrap(), DeskOutcome::Done(one) if one.is_assisted()));
    assert_eq!(world.store.due_turns().await.unwrap(), [waiting.id]);
    let turn = world.turn(waiting.id).await;
    assert!(matches!(world.store.commit_turn(world.answer(&turn)).await.unwrap(), TurnOutcome::Committed(_)));
    let after = world.conversation(waiting.id).await;
    assert_eq!((after.status, after.waiting_since), (Status::Open, waiting.waiting_since), "they go on waiting for a person");

    world.say(shopper, "And do you deliver to Canada?").await;
    let late = world.turn(waiting.id).await;
    world.store.wish(wish(Assistance::Off)).await.unwrap();
    assert!(matches!(world.store.commit_turn(world.answer(&late)).await.unwrap(), TurnOutcome::Stale));

    world.store.wish(wish(Assistance::On)).await.unwrap();
    let late = world.turn(waiting.id).await;
    let ana = world.agent("ana").await;
    world.store.claim(world.claim(waiting.id, ana), world.handoff(HandoffReason::Asked)).await.unwrap();
    assert!(matches!(world.store.commit_turn(world.answer(&late)).await.unwrap(), TurnOutcome::Stale));
    assert!(matches!(world.store.wish(wish(Assistance::On)).await.unwrap(), DeskOutcome::Refused(_)), "a person speaks now");
    let stranger = world.shopper().await;
    let nowhere = Wish { contact_id: stranger, ..wish(Assistance::On) };
    assert!(matches!(world.store.wish(nowhere).await.unwrap(), DeskOutcome::NotFound));
}

pub(crate) async fn an_address_that_is_left_stands_in_the_log<S: Store>(world: World<S>) {
    let left = |contact_id| EmailLeft { contact_id, email: "mia@shopper.example".to_owned(), at: world.now() };
    let early = world.shopper().await;
    assert!(world.store.leave_email(left(early)).await.unwrap().is_none(), "no conversation is begun for it");
    assert_eq!(world.store.contact(early).await.unwrap().unwrap().email.as_deref(), Some("mia@shopper.example"));

    let (shopper, waiting) = world.waiting().await;
    assert!(world.store.leave_email(left(shopper)).await.unwrap().is_some());
    assert_eq!(world.story(waiting.id).await.last().unwrap(), "updated email_left");
}

pub(crate) async fn the_queue_puts_what_is_overdue_first_and_then_what_is_urgent<S: Store>(w: World<S>) {
    let start = w.now();
    let minutes = |minutes: i64| Some(start + jiff::SignedDuration::from_mins(minutes));
    let ask = async |name: &str, priority: Priority, due_at: Option<Timestamp>| {
        let mut request = w.person_request(w.shopper().await, "Coming.");
        request.handoff = Handoff { subject: name.to_owned(), priority, due_at, ..request.handoff };
        w.store.request_person(request).await.unwrap().id
    };
    ask("normal, first", Priority::Normal, minutes(60)).await;
    ask("low, late", Priority::Low, minutes(10)).await;
    ask("urgent", Priority::Urgent, minutes(50)).await;
    ask("normal, second", Priority::Normal, None).await;
    ask("high, late", Priority::High, minutes(10)).await;
    let replied = ask("high, late, answered", Priority::High, minutes(10)).await;
    let ana = w.agent("ana").await;
    assert!(matches!(w.store.reply(w.reply(replied, ana, "Hello.")).await.unwrap(), DeskOutcome::Done(_)));
    let order = async |now: Timestamp| -> Vec<String> {
        let rows = w.store.tickets(Queue::Open, now, 10).await.unwrap();
        rows.into_iter().map(|row| row.ticket.subject).collect()
    };
    let answered = "high, late, answered";
    assert_eq!(order(start).await, ["urgent", "high, late", "normal, first", "normal, second", "low, late", answered]);
    let later = minutes(10).unwrap();
    assert_eq!(
        order(later).await,
        ["high, late", "low, late", "urgent", "normal, first", "normal, second", answered],
        "what is due now is late"
    );
    let ticket = w.store.tickets(Queue::Open, later, 1).await.unwrap().remove(0).ticket;
    assert_eq!((ticket.priority, ticket.due_at), (Priority::High, minutes(10)));
}

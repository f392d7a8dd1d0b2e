//! Whatever shopper, bot, two agents, crashes, retries, reconnects and timers do in whatever order: what the desk promises holds after each step.
//! The model is what must hold of the log, read by itself; it knows nothing of how the store comes to it.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use tokio::runtime::Handle;

use super::{Store, World};
use crate::conversation::{
    AgentId, AppendShopper, Assistance, Author, ContactId, Conversation, ConversationId, EchoId, Event, EventKind, HandoffReason, Status,
    TurnOutcome, TurnSnapshot, Update,
};
use crate::desk::{AgentReply, DeskOutcome, Queue, TicketState, Wish};
use crate::support::Timestamp;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// The shopper sends a new message.
    Writes,
    /// The line broke: the last message is sent once more.
    WritesAgain,
    /// The shopper presses the button for a person.
    AsksForPerson,
    /// The shopper lets the bot go on, or not.
    Wishes(bool),
    /// One of two processes begins a turn.
    Begins(usize),
    /// It has a reply, or hands over; however old its turn is.
    Commits(usize, bool),
    /// It dies in its turn.
    Crashes(usize),
    /// One of two agents takes the conversation.
    Claims(usize),
    /// Writes to the shopper.
    Replies(usize),
    /// The line broke: the last reply is sent once more.
    RepliesAgain(usize),
    /// Puts it aside.
    Snoozes(usize),
    /// Is done with it.
    Resolves(usize),
    /// Gives it back to the bot.
    Returns(usize),
    /// A timer goes off, up to an hour later.
    TimePasses(i64),
    /// A page that was away reads on where it had stopped.
    Reconnects(usize),
    /// A claim and a commit at once.
    ClaimsWhileCommitting(usize, usize),
    /// A message and a commit at once.
    WritesWhileCommitting(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let two = 0..2_usize;
    prop_oneof![
        6 => Just(Deed::Writes),
        2 => Just(Deed::WritesAgain),
        1 => Just(Deed::AsksForPerson),
        1 => any::<bool>().prop_map(Deed::Wishes),
        6 => two.clone().prop_map(Deed::Begins),
        6 => (two.clone(), prop::bool::weighted(0.3)).prop_map(|(process, over)| Deed::Commits(process, over)),
        1 => two.clone().prop_map(Deed::Crashes),
        2 => two.clone().prop_map(Deed::Claims),
        2 => two.clone().prop_map(Deed::Replies),
        1 => two.clone().prop_map(Deed::RepliesAgain),
        1 => two.clone().prop_map(Deed::Snoozes),
        1 => two.clone().prop_map(Deed::Resolves),
        1 => two.clone().prop_map(Deed::Returns),
        1 => (0..3_600_i64).prop_map(Deed::TimePasses),
        2 => two.clone().prop_map(Deed::Reconnects),
        1 => (two.clone(), two.clone()).prop_map(|(agent, process)| Deed::ClaimsWhileCommitting(agent, process)),
        1 => two.prop_map(Deed::WritesWhileCommitting),
    ]
}

/// What happened so far, as whoever did it knows it.
struct Story<'w, S> {
    world: &'w World<S>,
    shopper: ContactId,
    agents: [AgentId; 2],
    turns: [Option<TurnSnapshot>; 2],
    /// Each accepted message of the shopper's and of the agents', in their order.
    accepted: Vec<EchoId>,
    last: Option<AppendShopper>,
    replies: [Option<AgentReply>; 2],
    /// What each of two pages has heard of each conversation.
    pages: [Vec<Event>; 2],
    conversations: Vec<ConversationId>,
}

type Held = Result<(), TestCaseError>;

pub(crate) async fn what_the_desk_promises_holds_in_every_order<S: Store>(world: World<S>) {
    let agents = [world.agent("ana").await, world.agent("ben").await];
    // PROPTEST_CASES counts four times as many: each of these goes through a database.
    let config = ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    let config = ProptestConfig { cases: (config.cases / 4).max(1), ..config };
    let handle = Handle::current();
    tokio::task::block_in_place(|| {
        let run = |deeds: Vec<Deed>| handle.block_on(tell(&world, agents, &deeds));
        if let Err(fault) = TestRunner::new(config).run(&proptest::collection::vec(deed(), 1..50), run) {
            panic!("{fault}");
        }
    });
}

async fn tell<S: Store>(world: &World<S>, agents: [AgentId; 2], deeds: &[Deed]) -> Held {
    let mut story = Story {
        world,
        shopper: world.shopper().await,
        agents,
        turns: [None, None],
        accepted: Vec::new(),
        last: None,
        replies: [None, None],
        pages: [Vec::new(), Vec::new()],
        conversations: Vec::new(),
    };
    for deed in deeds {
        story.happens(*deed).await?;
        story.holds().await?;
    }
    story.ends().await
}

impl<S: Store> Story<'_, S> {
    fn store(&self) -> &S {
        &self.world.store
    }

    async fn current(&self) -> Option<Conversation> {
        self.store().conversation_of_contact(self.shopper).await.unwrap()
    }

    async fn happens(&mut self, deed: Deed) -> Held {
        let world = self.world;
        match deed {
            Deed::Writes => self.writes().await,
            Deed::WritesAgain => {
                if let Some(last) = self.last.clone() {
                    let again = world.store.append_shopper(AppendShopper { at: world.now(), ..last }).await.unwrap();
                    prop_assert!(again.duplicate, "a retry was taken for a message");
                }
                Ok(())
            }
            Deed::AsksForPerson => {
                let asked = world.store.request_person(world.person_request(self.shopper, "A person will come.")).await.unwrap();
                prop_assert_eq!(asked.status, Status::Open, "a person was asked for");
                self.knows(asked.id);
                Ok(())
            }
            Deed::Wishes(on) => {
                let assistance = if on { Assistance::On } else { Assistance::Off };
                world.store.wish(Wish { contact_id: self.shopper, assistance, at: world.now() }).await.unwrap();
                Ok(())
            }
            Deed::Begins(process) => {
                if let Some(conversation) = self.current().await {
                    self.turns[process] = world.store.begin_turn(conversation.id).await.unwrap();
                }
                Ok(())
            }
            Deed::Commits(process, over) => {
                if let Some(turn) = self.turns[process].take() {
                    let commit = if over { world.hand_over(&turn) } else { world.answer(&turn) };
                    let outcome = world.store.commit_turn(commit).await.unwrap();
                    if let (true, TurnOutcome::Committed(_), false) = (over, outcome, turn.conversation.is_assisted()) {
                        let after = world.conversation(turn.conversation.id).await;
                        prop_assert_eq!(after.status, Status::Open, "a handoff that reached nobody");
                    }
                }
                Ok(())
            }
            Deed::Crashes(process) => {
                self.turns[process] = None;
                Ok(())
            }
            Deed::Claims(agent) => {
                self.agent_does(agent, Deed::Claims(agent)).await;
                Ok(())
            }
            Deed::Replies(agent) => self.replies(agent).await,
            Deed::RepliesAgain(agent) => {
                if let Some(reply) = self.replies[agent].clone() {
                    let again = world.store.reply(AgentReply { at: world.now(), ..reply }).await.unwrap();
                    prop_assert!(matches!(again, DeskOutcome::Done(_)), "a retry of an accepted reply was answered by {:?}", again);
                }
                Ok(())
            }
            Deed::Snoozes(agent) | Deed::Resolves(agent) | Deed::Returns(agent) => {
                self.agent_does(agent, deed).await;
                Ok(())
            }
            Deed::TimePasses(seconds) => {
                world.skip(seconds);
                world.store.wake_snoozed(world.now()).await.unwrap();
                Ok(())
            }
            Deed::Reconnects(page) => self.reconnects(page).await,
            Deed::ClaimsWhileCommitting(agent, process) => {
                if let (Some(conversation), Some(turn)) = (self.current().await, self.turns[process].take()) {
                    let claim = world.store.claim(world.claim(conversation.id, self.agents[agent]), world.handoff(HandoffReason::Asked));
                    let (claimed, committed) = tokio::join!(claim, world.store.commit_turn(world.answer(&turn)));
                    claimed.unwrap();
                    committed.unwrap();
                }
                Ok(())
            }
            Deed::WritesWhileCommitting(process) => match self.turns[process].take() {
                None => self.writes().await,
                Some(turn) => {
                    let commit = world.store.commit_turn(world.answer(&turn));
                    let (written, committed) = tokio::join!(self.writes(), commit);
                    committed.unwrap();
                    written
                }
            },
        }
    }

    async fn writes(&mut self) -> Held {
        let message = self.world.message(self.shopper, "And another thing?");
        let taken = self.world.store.append_shopper(message.clone()).await.unwrap();
        prop_assert!(!taken.duplicate, "a new message was taken for a retry");
        self.accepted.push(message.echo_id.clone());
        self.last = Some(message);
        self.knows(taken.conversation.id);
        Ok(())
    }

    async fn replies(&mut self, agent: usize) -> Held {
        let Some(conversation) = self.current().await else { return Ok(()) };
        let reply = self.world.reply(conversation.id, self.agents[agent], "I will look.");
        let may = match (conversation.status, conversation.assignee) {
            (Status::Open | Status::Snoozed, None) => true,
            (Status::Open | Status::Snoozed, Some(one)) => one == self.agents[agent],
            (Status::Pending | Status::Resolved, _) => false,
        };
        let outcome = self.world.store.reply(reply.clone()).await.unwrap();
        prop_assert_eq!(matches!(outcome, DeskOutcome::Done(_)), may, "a reply to {:?}", conversation);
        if may {
            self.accepted.push(reply.echo_id.clone());
            self.replies[agent] = Some(reply);
        }
        Ok(())
    }

    async fn agent_does(&self, agent: usize, deed: Deed) {
        let Some(conversation) = self.current().await else { return };
        let (store, claim) = (self.store(), self.world.claim(conversation.id, self.agents[agent]));
        let outcome = match deed {
            Deed::Claims(_) => store.claim(claim, self.world.handoff(HandoffReason::Asked)).await,
            Deed::Snoozes(_) => {
                let until = Timestamp::from_second(claim.at.as_second() + 600).unwrap();
                store.snooze(claim, until).await
            }
            Deed::Resolves(_) => store.resolve(claim).await,
            _ => store.return_to_bot(claim).await,
        };
        outcome.unwrap();
    }

    fn knows(&mut self, id: ConversationId) {
        if !self.conversations.contains(&id) {
            self.conversations.push(id);
        }
    }

    /// A page resumes after the last number that it has, of the conversation that it shows.
    async fn reconnects(&mut self, page: usize) -> Held {
        let Some(conversation) = self.current().await else { return Ok(()) };
        let seen = &mut self.pages[page];
        if seen.last().is_some_and(|event| event.conversation_id != conversation.id) {
            seen.clear();
        }
        let after = seen.last().map_or(0, |event| event.seq);
        seen.extend(self.world.store.events_after(conversation.id, after, 1_000).await.unwrap());
        let numbers: Vec<i64> = seen.iter().map(|event| event.seq).collect();
        prop_assert_eq!(numbers, (1..=conversation.last_seq).collect::<Vec<_>>(), "a page missed something or heard it twice");
        Ok(())
    }

    /// What must hold of every log at every time.
    async fn holds(&self) -> Held {
        let mut kept: Vec<EchoId> = Vec::new();
        let mut live = 0;
        for id in &self.conversations {
            let conversation = self.world.conversation(*id).await;
            live += usize::from(conversation.status != Status::Resolved);
            let log = self.store().events_after(*id, 0, 10_000).await.unwrap();
            let numbers: Vec<i64> = log.iter().map(|event| event.seq).collect();
            prop_assert_eq!(numbers, (1..=conversation.last_seq).collect::<Vec<_>>(), "the sequence has a gap");
            let tickets = read(&log, &conversation)?;
            self.tickets_agree(&conversation, tickets).await?;
            kept.extend(log.iter().filter_map(|event| match &event.kind {
                EventKind::MessageCreated(message) => message.echo_id.clone(),
                _ => None,
            }));
        }
        prop_assert!(live <= 1, "two conversations of one shopper are open");
        let mut accepted = self.accepted.clone();
        let order = |echoes: &mut Vec<EchoId>| echoes.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        order(&mut accepted);
        order(&mut kept);
        prop_assert_eq!(kept, accepted, "a message was lost, doubled, or taken in although it was refused");
        Ok(())
    }

    async fn tickets_agree(&self, conversation: &Conversation, opened: usize) -> Held {
        let mut tickets = Vec::new();
        for queue in [Queue::Open, Queue::Closed] {
            tickets.extend(self.store().tickets(queue, self.world.now(), 100_000).await.unwrap());
        }
        tickets.retain(|row| row.conversation.id == conversation.id);
        prop_assert_eq!(tickets.len(), opened, "each handoff has one ticket");
        let open: Vec<_> = tickets.iter().filter(|row| row.ticket.state == TicketState::Open).collect();
        let waits = matches!(conversation.status, Status::Open | Status::Snoozed);
        prop_assert_eq!(open.len(), usize::from(waits), "a ticket is open while a person is waited for, and only then");
        for row in open {
            prop_assert_eq!(row.ticket.assignee, conversation.assignee, "ticket and conversation are the same person's");
        }
        Ok(())
    }

    /// After everything, what is due is done: each burst has one reply, and nothing is due any more.
    async fn ends(&mut self) -> Held {
        for _ in 0..3 {
            let Some(conversation) = self.current().await else { return Ok(()) };
            if let Some(turn) = self.store().begin_turn(conversation.id).await.unwrap() {
                let outcome = self.store().commit_turn(self.world.answer(&turn)).await.unwrap();
                prop_assert!(matches!(outcome, TurnOutcome::Committed(_)), "nobody else is there, and the turn did not commit");
            }
        }
        let due = self.store().due_turns().await.unwrap();
        prop_assert!(self.conversations.iter().all(|id| !due.contains(id)), "a turn is due for ever");
        self.reconnects(0).await?;
        self.holds().await
    }
}

/// Reads a log as the shopper lives through it; how many tickets it must have opened.
fn read(log: &[Event], conversation: &Conversation) -> Result<usize, TestCaseError> {
    let (mut status, mut assignee, mut assisted) = (Status::Pending, None, false);
    let (mut tickets, mut unanswered) = (0, 0);
    for (place, event) in log.iter().enumerate() {
        match &event.kind {
            EventKind::MessageCreated(message) => match message.author {
                Author::Shopper => unanswered += 1,
                Author::Bot => {
                    prop_assert!(
                        status == Status::Pending || (status == Status::Open && assignee.is_none() && assisted),
                        "the bot spoke at {}",
                        event.seq
                    );
                    prop_assert!(unanswered > 0, "a burst was answered twice at {}", event.seq);
                    unanswered = 0;
                }
                Author::Agent(agent) => prop_assert_eq!(assignee, Some(agent), "an agent who does not have it wrote at {}", event.seq),
                Author::System => {}
            },
            EventKind::StatusChanged { from, to, assignee: next, reason } => {
                prop_assert_eq!(*from, status, "the log contradicts itself at {}", event.seq);
                let reached = *to == Status::Open && matches!(from, Status::Pending | Status::Resolved);
                tickets += usize::from(reached);
                if reached && next.is_none() {
                    let line = place.checked_sub(1).and_then(|before| match &log[before].kind {
                        EventKind::MessageCreated(message) => Some(message.author),
                        _ => None,
                    });
                    prop_assert!(
                        matches!(line, Some(Author::Bot | Author::System)),
                        "a handoff ({}) without its line at {}",
                        reason,
                        event.seq
                    );
                }
                (status, assignee, assisted) = (*to, *next, false);
            }
            EventKind::Updated(Update::Assistance(wish)) => assisted = *wish == Assistance::On,
            EventKind::Updated(Update::EmailLeft) | EventKind::MessageUpdated(_) | EventKind::Rated { .. } => {}
        }
    }
    prop_assert_eq!((status, assignee, assisted), (conversation.status, conversation.assignee, conversation.is_assisted()));
    Ok(tickets)
}

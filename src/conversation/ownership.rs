//! Who owns a conversation: a pure state machine. A store reads the conversation, asks [`Conversation::step`] what follows from an act, and writes that, all in
//! one transaction; it decides nothing itself.

use super::{AgentId, ContactId, ConversationId, HandoffReason};
use crate::support::Timestamp;

const RESOLVED: &str = "the conversation is resolved; the shopper's next message takes it up again";

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The bot's.
    Pending,
    /// Waiting for or with a person.
    Open,
    /// Put aside by an agent.
    Snoozed,
    /// Done; the shopper's next message takes it up again.
    Resolved,
}

impl Status {
    /// The stable name in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Open, Self::Snoozed, Self::Resolved].into_iter().find(|s| s.as_str() == name)
    }
}

/// Whether the bot goes on answering a shopper who waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assistance {
    /// It does, because the shopper wishes it.
    On,
    /// It is silent.
    Off,
}

/// A conversation as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Whose it is.
    pub contact_id: ContactId,
    /// Whose turn it is.
    pub status: Status,
    /// The person who claimed it.
    pub assignee: Option<AgentId>,
    /// Whether the bot answers although a person is waited for. Only in an open conversation that is nobody's.
    pub assistance: Assistance,
    /// Until when it is put aside; only of a snoozed one.
    pub snoozed_until: Option<Timestamp>,
    /// When the oldest shopper message that nobody has answered came; a handoff does not answer it.
    pub waiting_since: Option<Timestamp>,
    /// Goes up with each change of `status`, `assignee` or `assistance`; a reply commits only under the number it was begun with.
    pub fence: i64,
    /// Goes up with each shopper message.
    pub generation: i64,
    /// The last generation that the bot has dealt with; lower than `generation` where it may speak means that a turn is due.
    pub answered_generation: i64,
    /// The number of its last event.
    pub last_seq: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When its last event happened.
    pub updated_at: Timestamp,
}

/// Under which numbers a turn began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The fence.
    pub fence: i64,
    /// The generation that the turn answers.
    pub generation: i64,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The shopper sends a message.
    ShopperWrites,
    /// The shopper presses the button for a person.
    PersonAsked(HandoffReason),
    /// The shopper wants the bot to go on while they wait, or not any more.
    AssistanceWished(Assistance),
    /// The bot has a reply.
    BotReplies(Begun),
    /// The bot gives the conversation to a person.
    BotHandsOver(Begun, HandoffReason),
    /// An agent takes it.
    AgentClaims(AgentId),
    /// An agent sends a message.
    AgentReplies(AgentId),
    /// An agent puts it aside until then.
    AgentSnoozes(AgentId, Timestamp),
    /// An agent is done with it.
    AgentResolves(AgentId),
    /// An agent gives it back to the bot.
    AgentReturns(AgentId),
    /// The agent who has it is no agent any more.
    AgentRemoved,
    /// It is that time.
    TimePasses(Timestamp),
}

/// What follows from an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing changes: it is so already.
    Stays,
    /// It becomes another.
    Goes(Change),
    /// Another agent has it.
    TakenBy(AgentId),
    /// The state does not allow it; the text says what does.
    Refused(&'static str),
    /// The bot's reply came too late: the conversation is no longer the bot's, or a newer message is there.
    Stale,
}

/// What becomes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Another status or another person.
    pub hands: Option<Hands>,
    /// What the bot owes.
    pub owed: Owed,
    /// Whether the shopper waits.
    pub waiting: Waiting,
    /// What becomes of the ticket.
    pub ticket: TicketStep,
    /// Whether the bot goes on, where that changes.
    pub assistance: Option<Assistance>,
    /// Until when it is put aside.
    pub snoozed_until: Option<Timestamp>,
}

/// A change of hands; it is an event of its own and begins the bot's context anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hands {
    /// The status after it.
    pub status: Status,
    /// Who has it after it.
    pub assignee: Option<AgentId>,
    /// Why, as a stable code.
    pub reason: &'static str,
}

/// What the bot owes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// What it owed before.
    Same,
    /// An answer to one message more.
    More,
    /// Nothing before the next message.
    Nothing,
}

/// Whether the shopper waits for an answer after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// As before.
    Same,
    /// From now on, if they did not wait already.
    Begins,
    /// No more.
    Ends,
}

/// What becomes of the conversation's ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketStep {
    /// Nothing.
    Same,
    /// One is open from now on, the conversation's assignee's; where it is new and nobody's, the shopper is shown the line.
    Opens,
    /// The open one, if there is one, is the conversation's assignee's.
    Follows,
    /// The open one is closed.
    Closes,
}

impl Change {
    const NONE: Self =
        Self { hands: None, owed: Owed::Same, waiting: Waiting::Same, ticket: TicketStep::Same, assistance: None, snoozed_until: None };

    fn to(status: Status, assignee: Option<AgentId>, reason: &'static str) -> Self {
        Self { hands: Some(Hands { status, assignee, reason }), ..Self::NONE }
    }
}

impl Conversation {
    /// One that has just begun.
    pub fn begun(id: ConversationId, contact_id: ContactId, at: Timestamp) -> Self {
        Self {
            id,
            contact_id,
            status: Status::Pending,
            assignee: None,
            assistance: Assistance::Off,
            snoozed_until: None,
            waiting_since: None,
            fence: 0,
            generation: 0,
            answered_generation: 0,
            last_seq: 0,
            created_at: at,
            updated_at: at,
        }
    }

    /// Whether the bot may speak.
    pub fn is_the_bots(&self) -> bool {
        self.status == Status::Pending || self.is_assisted()
    }

    /// Whether the bot goes on although a person is waited for.
    pub fn is_assisted(&self) -> bool {
        self.assistance == Assistance::On && self.status == Status::Open && self.assignee.is_none()
    }

    /// Whether the bot owes a reply.
    pub fn turn_is_due(&self) -> bool {
        self.is_the_bots() && self.answered_generation < self.generation
    }

    /// What follows from an act.
    pub fn step(&self, act: Act) -> Step {
        match act {
            Act::ShopperWrites => Step::Goes(self.after_message()),
            Act::PersonAsked(reason) => self.person_asked(reason),
            Act::AssistanceWished(wish) => self.assistance_wished(wish),
            Act::BotReplies(begun) => self.bot_commits(begun, None),
            Act::BotHandsOver(begun, reason) => self.bot_commits(begun, Some(reason)),
            Act::AgentClaims(agent) => match (self.status, self.assignee) {
                (Status::Resolved, _) => Step::Refused(RESOLVED),
                (_, Some(other)) if other != agent => Step::TakenBy(other),
                (Status::Open, Some(_)) => Step::Stays,
                _ => Step::Goes(Change { ticket: TicketStep::Opens, ..Change::to(Status::Open, Some(agent), "claimed") }),
            },
            Act::AgentReplies(agent) => self.agent_replies(agent),
            Act::AgentSnoozes(agent, until) => self.agent_snoozes(agent, until),
            Act::AgentResolves(agent) => match (self.status, self.assignee) {
                (Status::Resolved, _) => Step::Stays,
                (_, Some(other)) if other != agent => Step::TakenBy(other),
                (_, assignee) => Step::Goes(done(Change::to(Status::Resolved, assignee, "resolved"))),
            },
            Act::AgentReturns(agent) => match (self.status, self.assignee) {
                (Status::Resolved, _) => Step::Refused("the conversation is resolved; the shopper's next message goes to the bot"),
                (Status::Pending, _) => Step::Stays,
                (_, Some(other)) if other != agent => Step::TakenBy(other),
                _ => Step::Goes(done(Change::to(Status::Pending, None, "returned"))),
            },
            Act::AgentRemoved => {
                let status = if self.status == Status::Snoozed { Status::Open } else { self.status };
                Step::Goes(Change { ticket: TicketStep::Follows, ..Change::to(status, None, "agent_removed") })
            }
            Act::TimePasses(now) => match self.snoozed_until {
                Some(until) if self.status == Status::Snoozed && until <= now => {
                    Step::Goes(Change::to(Status::Open, self.assignee, "snooze_ended"))
                }
                _ => Step::Stays,
            },
        }
    }

    /// A resolved conversation goes back to the bot, so to nobody; a snoozed one to the person who put it aside.
    fn after_message(&self) -> Change {
        let hands = match self.status {
            Status::Resolved => Change::to(Status::Pending, None, "shopper_wrote"),
            Status::Snoozed => Change::to(Status::Open, self.assignee, "shopper_wrote"),
            Status::Pending | Status::Open => Change::NONE,
        };
        Change { owed: Owed::More, waiting: Waiting::Begins, ..hands }
    }

    fn person_asked(&self, reason: HandoffReason) -> Step {
        match self.status {
            Status::Open => Step::Stays,
            Status::Snoozed => Step::Goes(Change {
                waiting: Waiting::Begins,
                ticket: TicketStep::Follows,
                ..Change::to(Status::Open, self.assignee, reason.as_str())
            }),
            // What the bot still owed, the person owes now.
            Status::Pending | Status::Resolved => Step::Goes(Change {
                owed: Owed::Nothing,
                waiting: Waiting::Begins,
                ticket: TicketStep::Opens,
                ..Change::to(Status::Open, None, reason.as_str())
            }),
        }
    }

    fn assistance_wished(&self, wish: Assistance) -> Step {
        match (self.status, self.assignee) {
            _ if self.assistance == wish => Step::Stays,
            (Status::Open, None) => Step::Goes(Change { assistance: Some(wish), ..Change::NONE }),
            (Status::Pending, _) => Step::Stays,
            (Status::Open | Status::Snoozed, _) => Step::Refused("a person has this conversation and will answer here"),
            (Status::Resolved, _) => Step::Refused("the conversation is over; the next message goes to the assistant"),
        }
    }

    fn bot_commits(&self, begun: Begun, handoff: Option<HandoffReason>) -> Step {
        if begun.fence != self.fence || begun.generation != self.generation || !self.turn_is_due() {
            return Step::Stale;
        }
        let answered = Change { owed: Owed::Nothing, ..Change::NONE };
        match (self.status, handoff) {
            // The line is no answer: the shopper goes on waiting, now for a person.
            (Status::Pending, Some(reason)) => {
                Step::Goes(Change { owed: Owed::Nothing, ticket: TicketStep::Opens, ..Change::to(Status::Open, None, reason.as_str()) })
            }
            (Status::Pending, None) => Step::Goes(Change { waiting: Waiting::Ends, ..answered }),
            // They wait for a person already, and go on waiting.
            _ => Step::Goes(answered),
        }
    }

    fn agent_replies(&self, agent: AgentId) -> Step {
        let answered = |change| Step::Goes(Change { waiting: Waiting::Ends, ..change });
        match (self.status, self.assignee) {
            (Status::Resolved, _) => Step::Refused(RESOLVED),
            (Status::Pending, _) => Step::Refused("the bot has this conversation: claim it first"),
            (_, Some(other)) if other != agent => Step::TakenBy(other),
            (Status::Open, Some(_)) => answered(Change::NONE),
            (Status::Open | Status::Snoozed, _) => {
                answered(Change { ticket: TicketStep::Follows, ..Change::to(Status::Open, Some(agent), "claimed") })
            }
        }
    }

    fn agent_snoozes(&self, agent: AgentId, until: Timestamp) -> Step {
        match (self.status, self.assignee) {
            (Status::Resolved, _) => Step::Refused(RESOLVED),
            (Status::Pending, _) => Step::Refused("the bot has this conversation: claim it first"),
            (_, Some(other)) if other != agent => Step::TakenBy(other),
            (Status::Snoozed, _) if self.snoozed_until == Some(until) => Step::Stays,
            (Status::Open | Status::Snoozed, _) => Step::Goes(Change {
                ticket: TicketStep::Follows,
                snoozed_until: Some(until),
                ..Change::to(Status::Snoozed, Some(agent), "snoozed")
            }),
        }
    }

    /// Makes the change, except for what only a store keeps: events, tickets, and where the bot's context begins.
    pub fn settle(&mut self, change: &Change, at: Timestamp) {
        if let Some(hands) = change.hands {
            (self.status, self.assignee) = (hands.status, hands.assignee);
            self.snoozed_until = change.snoozed_until;
            // Whoever takes it speaks alone; a conversation that comes back to the queue begins without the bot.
            self.assistance = Assistance::Off;
        }
        if let Some(wish) = change.assistance {
            self.assistance = wish;
        }
        if change.hands.is_some() || change.assistance.is_some() {
            self.fence += 1;
        }
        match change.owed {
            Owed::Same => {}
            Owed::More => self.generation += 1,
            Owed::Nothing => self.answered_generation = self.generation,
        }
        match change.waiting {
            Waiting::Same => {}
            Waiting::Begins => {
                self.waiting_since.get_or_insert(at);
            }
            Waiting::Ends => self.waiting_since = None,
        }
    }
}

/// What the desk owed is done: the ticket closes, nobody waits, and the bot owes nothing before the next message.
fn done(change: Change) -> Change {
    Change { owed: Owed::Nothing, waiting: Waiting::Ends, ticket: TicketStep::Closes, ..change }
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;

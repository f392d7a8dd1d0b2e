//! Conversations: messages, the event log, who owns a conversation, and the port that stores them.
//!
//! The event log is the truth. Each conversation counts its events from 1 without a gap; widget and console read the same log and
//! resume after the last number they saw. The bot's reply commits together with the check that the bot still owns the
//! conversation (`fence`) and that no newer message arrived (`generation`).

pub mod event;
pub mod handoff;
pub mod live;
pub mod message;
pub mod outbox;
pub mod ownership;
pub mod past;
pub mod port;
pub mod redact;
pub mod statement;
pub mod versions;
pub mod webhook;

pub use event::{Actor, Event, EventKind, Update};
pub use handoff::{Cause, Handoff, HandoffReason, Priority};
pub use live::{Live, LiveBus, LiveKind, Notices};
pub use message::{Author, BotTrace, Content, ContentError, Decision, EchoId, Message, STORED, Source};
pub use outbox::{Again, Backlog, Delivery, DeliveryId, DeliveryState, Enrolled, Hold, Outbox, Settled, Subject};
pub use ownership::{Act, Assistance, Begun, Change, Conversation, Hands, Owed, Status, Step, TicketStep, Waiting};
pub use past::{PastTurn, past_turns};
pub use port::{AppendShopper, Appended, Contact, Conversations, Feedback, Rating, TurnCommit, TurnOutcome, TurnReply, TurnSnapshot};
pub use statement::{MadeWith, Origin, Statement};
pub use versions::{EntryVersion, EntryVersions};
pub use webhook::Webhook;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One conversation of one shopper.
    ConversationId
);
id!(
    /// One message.
    MessageId
);
id!(
    /// A shopper as the desk knows them: one widget session, or one verified customer.
    ContactId
);
id!(
    /// A support agent.
    AgentId
);
id!(
    /// One ticket of the desk.
    TicketId
);

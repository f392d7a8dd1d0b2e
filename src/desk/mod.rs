//! The desk: tickets, the queue, what an agent does with a conversation, and who is there when.

pub mod availability;
pub mod hours;
pub mod office;
pub mod port;
pub mod presence;
pub mod reception;
pub mod routing;
pub mod ticket;

pub use availability::Availability;
pub use hours::{Holiday, Hours, Span};
pub use office::{Office, Opening, Targets};
pub use port::{AgentReply, Claim, Desk, DeskOutcome, EmailLeft, PersonRequest, Queue, QueueCounts, TicketRow, Wish};
pub use presence::{Presence, Standing};
pub use reception::{Reception, ReceptionParts};
pub use routing::Routing;
pub use ticket::{Ticket, TicketState};

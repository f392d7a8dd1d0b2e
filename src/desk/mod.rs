//! The desk: tickets, the queue, and what an agent does with a conversation.

pub mod port;
pub mod routing;
pub mod ticket;

pub use port::{AgentReply, Claim, Desk, DeskOutcome, EmailLeft, PersonRequest, Queue, QueueCounts, TicketRow, Wish};
pub use routing::Routing;
pub use ticket::{Ticket, TicketState};

//! The desk: tickets, the queue, and what an agent does with a conversation.

pub mod port;
pub mod ticket;

pub use port::{AgentReply, Claim, Desk, DeskOutcome, PersonRequest, Queue, QueueCounts, TicketRow};
pub use ticket::{Ticket, TicketState};

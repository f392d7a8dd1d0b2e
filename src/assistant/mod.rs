//! One turn of the bot, a straight line: understand, retrieve, decide, compose, verify, commit.
//!
//! [`respond::Responder`] holds all the ifs up to the reply and writes nothing; [`turn::Assistant`] shows the reply as it is told and commits it
//! under the numbers that the turn began with. Code owns every fact: a model's draft leaves only if each of its sentences stands in the source.

pub mod cause;
pub mod choice;
pub mod compose;
pub mod content;
pub mod context;
pub mod copilot;
pub mod details;
pub mod failure;
pub mod gate;
pub mod gloss;
pub mod language;
pub mod order;
pub mod parts;
pub mod plan;
pub mod replay;
pub mod respond;
pub mod sentences;
pub mod sheet;
pub mod topics;
pub mod turn;
pub mod understand;
pub mod verify;
pub mod waiting;
pub mod when;

pub use respond::{Reply, RespondError, Responder, ResponderParts};
pub use topics::Topics;
pub use turn::{Assistant, AssistantParts};

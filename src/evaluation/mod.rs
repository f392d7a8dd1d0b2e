//! Evaluation: what can be known about a shop's bot before shoppers ask it. A shop's labelled questions, and what a knowledge base can rehearse by itself.

pub mod attempt;
pub mod questions;
pub mod rehearsal;
pub mod teaching;

//! Composition: what may be said, which of it answers the question, and the reply made of it.

mod spoken;

pub use spoken::Spoken;

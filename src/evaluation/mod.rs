//! Measuring: labelled messages go through the search and the decision of the server, and what came of them is counted. Only this room reads
//! labelled files; it writes nothing but what its caller asks for.

pub mod chart;
pub mod error;
pub mod gaps;
pub mod intents;
pub mod lists;
pub mod metrics;
pub mod questions;
pub mod report;
pub mod shops;
pub mod stackfaq;
pub mod summary;
pub mod trial;

mod texts;
mod two_columns;

pub use error::EvaluationError;
pub use summary::Summary;
pub use trial::{Depth, Expected, Proposal, Question, Trial, ask, score};

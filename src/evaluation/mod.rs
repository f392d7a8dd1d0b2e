//! Evaluation: what can be known about a shop's bot before shoppers ask it. Labelled messages go through the search and the decision of the server, and
//! what comes of them is counted; a knowledge base rehearses by itself what nobody has labelled.

pub mod attempt;
pub mod attribution;
pub mod chart;
pub mod error;
pub mod gaps;
pub mod hostile;
pub mod hostile_report;
pub mod intents;
pub mod labels;
pub mod lists;
pub mod metrics;
pub mod questions;
pub mod rehearsal;
pub mod replies;
pub mod replies_report;
pub mod report;
pub mod sentences;
pub mod shops;
pub mod signals;
pub mod similar;
pub mod stackfaq;
pub mod summary;
pub mod teaching;
pub mod trial;
pub mod units;
pub mod values;

mod texts;
mod two_columns;

pub use error::EvaluationError;
pub use summary::Summary;
pub use trial::{Depth, Expected, Labelled, Proposal, Trial, ask, score};

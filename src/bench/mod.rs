//! Measuring the language engine, alone or against another server, with the same prompts on both sides; the encoder; the search; whole messages over
//! HTTP; and a whole desk under load.
//!
//! Rounds are interleaved: in each, every measurement is taken on one side and at once on the other, so that what else the machine does
//! falls on both. A [`Side`] is all that a measurement knows.

mod chat;
mod chat_report;
mod corpus;
mod desk;
mod encoder;
mod generator;
mod llama;
mod machine;
mod measure;
mod progress;
mod report;
mod run;
mod search;
mod side;
mod theirs;
mod visitor;

pub use chat::{ChatRow, measure_chat};
pub use chat_report::{chat_json, chat_table};
pub use corpus::Corpus;
pub use desk::{DeskPlace, DeskPlan, DeskRun, Login, desk_json, desk_table, measure_desk};
pub use encoder::{encoder_json, encoder_table, measure_encoder};
pub use generator::Generator;
pub use report::Report;
pub use run::{Plan, run};
pub use search::{SearchRow, measure_search, search_json, search_table};
pub use side::Side;
pub use theirs::find;
pub use visitor::Door;

/// How many tokens the longest prompt and its answer have together.
pub const CONTEXT: usize = 1100;

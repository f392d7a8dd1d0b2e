//! The knowledge base: Markdown files, parsed, validated and linted. Pure but for reading and writing the folder.
//!
//! A file is a topic: front matter (`topic`, `locale`, `updated`, `handoff`), then entries. Each `##` heading is a question, the text below it the answer, and
//! the list under **Also asked** its other phrasings. A shopper reads the answer as plain text, which is made once, at load.

mod check;
mod dates;
pub mod entry;
mod error;
mod escape;
mod front_matter;
mod import;
mod load;
mod parse;
mod render;
mod report;
mod rows;
mod sentences;
pub mod sheet;
mod slug;
mod words;
mod write;

pub use check::{Claims, check};
pub use entry::{Entry, EntryId, HandoffRule, Knowledge};
pub use error::{Fault, Faults, KnowledgeError};
pub use import::{ImportReport, import};
pub use load::{load, read_text};
pub use report::{Finding, FindingKind, Report, Severity};
pub use sentences::{is_abbreviated, sentences};

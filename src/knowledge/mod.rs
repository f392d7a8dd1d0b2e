//! The knowledge base: Markdown files, parsed, validated and linted. Pure but for reading the folder.

pub mod entry;

pub use entry::{Entry, EntryId, Knowledge};

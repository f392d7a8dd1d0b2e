//! Model files: which there are, where they come from, whether they are whole.

pub mod fetch;
pub mod manifest;
pub mod models;
pub mod pip;
pub mod progress;
pub mod report;

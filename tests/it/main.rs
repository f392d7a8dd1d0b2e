//! Integration tests: one binary for all of them.

#![allow(clippy::unwrap_used)]

mod browser;

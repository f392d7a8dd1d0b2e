//! Nightdesk: a customer-service desk in one process.
//!
//! A shopper's message takes one way. `http` stores it first (`conversation`, idempotent by the client's id) and wakes `jobs::Turns`. One turn of
//! `assistant` is a straight line: understand, retrieve (`retrieval` over `knowledge`), decide (`confidence`: one function, one number), compose
//! (`prompt`, and `inference` where a draft is wanted), verify, and commit: reply, state and ticket in one transaction of `store`, refused when
//! the conversation is no longer the bot's. Widget and console read the same event log and resume by its numbers.
//!
//! ```text
//! main → cli → { app, bench } → { http, jobs } → { assistant, desk, identity, evaluation }
//!      → { conversation, commerce, retrieval, inference, prompt, confidence, knowledge } → support
//! store → the ports that the domains own
//! ```
//!
//! What is absent holds the shape: only `store` knows SQL, only `retrieval` tantivy, only `inference` candle and tokenizers, only `http` axum,
//! only `config` the environment, only `support` the clock and randomness. All `unsafe` is in the crate `nightdesk-kernels` (`src/kernels`).
//! Domain types do not serialize; DTOs, rows and files do. A test (`tests/it/tidy.rs`) reads the source and holds these rules.

pub mod app;
pub mod assistant;
pub mod bench;
pub mod cli;
pub mod commerce;
pub mod confidence;
pub mod config;
pub mod conversation;
pub mod desk;
pub mod evaluation;
pub mod http;
pub mod identity;
pub mod inference;
pub mod jobs;
pub mod knowledge;
pub mod prompt;
pub mod retrieval;
pub mod store;
pub mod support;

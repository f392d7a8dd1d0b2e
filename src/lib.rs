//! Nightdesk: a customer-service desk in one process.

pub mod app;
pub mod assistant;
pub mod cli;
pub mod commerce;
pub mod confidence;
pub mod config;
pub mod conversation;
pub mod desk;
pub mod http;
pub mod identity;
pub mod inference;
pub mod jobs;
pub mod knowledge;
pub mod prompt;
pub mod retrieval;
pub mod store;
pub mod support;

//! Integration tests: one binary for all of them. They speak in actors (a shopper, an agent, the program) and know no inside of the server.

#![allow(clippy::unwrap_used)]

mod agent;
mod browser;
mod calibration;
mod cli;
mod copilot;
mod desk_trouble;
mod dialogues;
mod evaluation;
mod hostile;
mod kill;
mod load;
mod measuring;
mod office;
mod openapi;
mod pages;
mod processes;
mod promises;
mod provenance;
mod reasons;
mod reload;
mod remote;
mod replies;
mod shopper;
mod support;
mod talk;
mod tidy;
mod trouble;
mod webhooks;

//! Standard output, whose reader may leave before the end: `nightdesk openapi | head`.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use anyhow::Context;

/// Prints a text that ends its own lines. A reader who has seen enough is no fault; a full disk is.
pub fn print(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(fault) if fault.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("standard output cannot be written"),
    }
}

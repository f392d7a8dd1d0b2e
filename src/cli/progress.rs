//! How far a long command is: a bar on a terminal, a line at its begin elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Progress on standard error; gone from the terminal when it is dropped.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// So many steps of one kind begin.
    pub fn new(what: &str, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}: {steps}");
            return Self(None);
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({elapsed}, {eta} left)")
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        Self(Some(ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned())))
    }

    /// One is done.
    pub fn tick(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

//! How far a long command is: a bar on a terminal, a line at its begin and at each tenth of many steps elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// So many steps take long enough for somebody who reads a log to wonder.
const MANY: usize = 1_000;

/// Progress on standard error; gone from the terminal when it is dropped.
pub struct Progress {
    bar: Option<ProgressBar>,
    steps: usize,
    done: AtomicUsize,
}

impl Progress {
    /// So many steps of one kind begin; 0 where their number is not known yet.
    pub fn new(what: &str, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            match steps {
                0 => eprintln!("{what}"),
                _ => eprintln!("{what}: {steps}"),
            }
            return Self { bar: None, steps, done: AtomicUsize::new(0) };
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({elapsed}, {eta} left)")
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        let bar = ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned());
        Self { bar: Some(bar), steps, done: AtomicUsize::new(0) }
    }

    /// So many of so many are done.
    pub fn reached(&self, done: usize, of: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
    }

    /// One is done.
    pub fn tick(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
            return;
        }
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.steps >= MANY && done.is_multiple_of(self.steps.div_ceil(10)) {
            eprintln!("{done} of {}", self.steps);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

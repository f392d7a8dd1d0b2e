//! How far a long command is: a bar on a terminal, a line at its begin elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Progress on standard error; gone from the terminal when it is dropped.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// So many steps of one kind begin; 0 where their number is not known yet.
    pub fn new(what: &str, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            match steps {
                0 => eprintln!("{what}"),
                _ => eprintln!("{what}: {steps}"),
            }
            return Self(None);
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({elapsed}, {eta} left)")
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        Self(Some(ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned())))
    }

    /// So many of so many are done.
    pub fn reached(&self, done: usize, of: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
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

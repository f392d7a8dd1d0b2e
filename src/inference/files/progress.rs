//! How far a fetch is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Told how far a fetch is. One download at a time: `start`, any number of `advance`, `finish`.
pub trait Progress: Sync {
    /// `what` begins, and is about `bytes` long.
    fn start(&self, what: &str, bytes: u64);
    /// `bytes` of it are there.
    fn advance(&self, bytes: u64);
    /// It is complete (or was given up; the error says so).
    fn finish(&self);
    /// A sentence for whoever watches.
    fn note(&self, sentence: &str);
}

/// Says nothing: tests and services without anybody who watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
    fn note(&self, _sentence: &str) {}
}

/// Standard error: a bar where it is a terminal, one line a download where it is not.
#[derive(Debug)]
pub struct Terminal {
    is_terminal: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    /// Progress on standard error.
    pub fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), bar: Mutex::new(None) }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Terminal {
    fn start(&self, what: &str, bytes: u64) {
        if !self.is_terminal {
            eprintln!("fetching {what} ({} MB)", bytes.div_ceil(1_000_000));
            return;
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}")
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        let bar = ProgressBar::new(bytes).with_style(style).with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        *self.bar() = Some(bar);
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.bar() {
            bar.set_position(bytes.min(bar.length().unwrap_or(bytes)));
        }
    }

    fn finish(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish();
        }
    }

    fn note(&self, sentence: &str) {
        match &*self.bar() {
            Some(bar) => bar.println(sentence),
            None => eprintln!("{sentence}"),
        }
    }
}

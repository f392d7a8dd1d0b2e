//! A side behind our own port: the engine of this process, or a server of OpenAI's protocol.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;

use super::side::{Answered, Ask, Means, Side};
use crate::inference::{Allowed, Class, Constraint, End, Generate, Generation, Guessing, Next, PromptReader};

/// Longer than any measurement takes on a machine that is worth measuring.
const PATIENCE: Duration = Duration::from_secs(300);

/// A model behind [`Generate`], timed by the clock on the wall.
pub struct Generator {
    model: Arc<dyn Generate>,
    tokens: Arc<PromptReader>,
    name: String,
}

impl Generator {
    /// `tokens` counts what is read and written.
    pub fn new(model: Arc<dyn Generate>, tokens: Arc<PromptReader>, name: String) -> Self {
        Self { model, tokens, name }
    }
}

/// The one place that says how a measurement is asked for.
fn generation(ask: Ask) -> Generation {
    Generation {
        max_tokens: ask.tokens,
        deadline: PATIENCE,
        constraint: Some(Arc::new(Endless)),
        guessing: if ask.means == Means::All { Guessing::FromText } else { Guessing::Off },
        ..Generation::new(ask.messages)
    }
}

/// Anything but the end, so that both sides write as much as they are asked for.
#[derive(Debug)]
struct Endless;

impl Constraint for Endless {
    fn after(&self, _reply: &[u32]) -> Next {
        Next { allowed: Allowed::Anything, end: End::Forbidden }
    }
}

#[async_trait]
impl Side for Generator {
    fn name(&self) -> &str {
        &self.name
    }

    fn note(&self, _concurrency: usize) -> Option<String> {
        None
    }

    async fn answer(&self, ask: Ask) -> anyhow::Result<Answered> {
        let read = self.tokens.tokens(&ask.messages)?.len();
        let wanted = ask.tokens;
        let permit =
            self.model.admit(Class::Shopper).context("no place in the queue is free; lower --concurrency or raise engine.queue")?;
        let began = Instant::now();
        let mut pieces = self.model.generate(permit, generation(ask));
        let (mut text, mut first) = (String::new(), None);
        while let Some(piece) = pieces.recv().await {
            first.get_or_insert_with(|| began.elapsed());
            text.push_str(&piece?);
        }
        let whole = began.elapsed();
        // A first token that makes no whole character, or ends the answer, sends nothing.
        let first = first.unwrap_or(whole);
        let written = self.tokens.count(&text)?.clamp(1, wanted.max(1));
        Ok(Answered { read, reading: first, first, written, writing: whole - first, whole })
    }
}

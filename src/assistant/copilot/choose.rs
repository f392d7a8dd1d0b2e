//! Letting the language model say which sentence counts. It can say nothing but one of them: the engine holds it to their tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::quote::Said;
use crate::inference::{ChatMessage, Class, Generate, Generation, Trie, Units};
use crate::prompt::{Pick, Prompts};

/// Sentences that it is shown, at most.
const MOST: usize = 16;
/// Characters of them together: with the instructions they fit into the smallest context.
const MOST_CHARACTERS: usize = 2_400;

/// The language model, asked which sentence counts.
pub struct Chooser<'a> {
    /// The model.
    pub engine: &'a dyn Generate,
    /// When its answer is of no more use.
    pub until: Instant,
}

impl Chooser<'_> {
    /// Which of the sentences it says; `None` where there is no place for the question now, no time, or no model that can be held to sentences.
    /// Whoever asks has a rule for that.
    pub async fn choose<'s>(&self, prompts: &Prompts, what: Pick, said: &[&'s Said]) -> Option<&'s Said> {
        let Self { engine, until } = *self;
        let shown = shown(what, said);
        let texts: Vec<&str> = shown.iter().map(|one| one.quote.text.as_str()).collect();
        let prompt = prompts.pick(what, &texts.join("\n")).ok()?;
        // Before anything else: while shoppers keep the model busy nothing is asked of it.
        let permit = engine.admit(Class::Background).ok()?;
        let tokens = within(until, engine.tokens(texts.iter().map(|&text| text.to_owned()).collect())).await?.ok()?.ok()?;
        let max_tokens = tokens.iter().map(Vec::len).max()?;
        let request = Generation {
            max_tokens,
            deadline: until.saturating_duration_since(Instant::now()),
            constraint: Some(Arc::new(Trie::new(tokens, Units::One))),
            ..Generation::new(vec![ChatMessage::system(prompt.system), ChatMessage::user(prompt.user)])
        };
        let mut pieces = engine.generate(permit, request);
        let mut answer = String::new();
        while let Some(piece) = within(until, pieces.recv()).await? {
            match piece {
                Ok(piece) => answer.push_str(&piece),
                Err(fault) => {
                    tracing::debug!(error.message = %fault, "the model did not say which sentence counts");
                    return None;
                }
            }
        }
        // The same words twice: what they came for is what they said first, what is open is what they said last.
        let mut alike = shown.iter().filter(|one| one.quote.text == answer.trim());
        match what {
            Pick::Wants => alike.next().copied(),
            Pick::Open => alike.next_back().copied(),
        }
    }
}

/// The sentences that fit: the first ones for what they came for, the last ones for what is open; in their order.
fn shown<'s>(what: Pick, said: &[&'s Said]) -> Vec<&'s Said> {
    let mut left = MOST_CHARACTERS;
    let mut fits = |one: &&'s Said| {
        let length = one.quote.text.chars().count();
        let fits = length <= left;
        left = left.saturating_sub(length);
        fits
    };
    match what {
        Pick::Wants => said.iter().copied().take(MOST).take_while(|one| fits(one)).collect(),
        Pick::Open => {
            let mut last: Vec<&Said> = said.iter().rev().copied().take(MOST).take_while(|one| fits(one)).collect();
            last.reverse();
            last
        }
    }
}

async fn within<T>(until: Instant, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)), work).await.ok()
}

//! A reply on its way out: from scores to tokens, from tokens to pieces of text.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::constraint::{Allowed, Constraint, End, Next};
use super::ended::Ended;
use super::lookup::Lookup;
use super::meters;
use super::prefix::common;
use super::queue::Permit;
use crate::inference::error::InferenceError;
use crate::inference::model::causal::most_likely;
use crate::inference::text::chat::Guessing;
use crate::inference::text::pieces::{Piece, Pieces};

/// What a reply has to know of the model's tokens.
pub struct Words<'a> {
    /// Tokens that end a reply, in ascending order.
    pub ends: &'a [u32],
    /// What a token stands for.
    pub bytes: &'a dyn Fn(u32) -> Vec<u8>,
}

/// The part of a request that is left once its prompt has become tokens.
pub struct Reply {
    /// Before the channel, so that the place is free once the caller sees the reply end.
    permit: Permit,
    out: Sender<Result<String, InferenceError>>,
    /// Where in the sequence's tokens the reply begins.
    from: usize,
    /// At most this many tokens.
    limit: usize,
    pieces: Pieces,
    constraint: Option<Arc<dyn Constraint>>,
    lookup: Lookup,
    asked: Instant,
    /// When there last was something new.
    last: Option<Instant>,
}

/// What a reply is made of.
pub struct ReplyParts {
    pub permit: Permit,
    pub out: Sender<Result<String, InferenceError>>,
    pub from: usize,
    pub limit: usize,
    pub stop: Vec<String>,
    pub constraint: Option<Arc<dyn Constraint>>,
    pub guessing: Guessing,
    pub asked: Instant,
}

impl Reply {
    /// Nothing is said yet.
    pub fn new(parts: ReplyParts) -> Self {
        let ReplyParts { permit, out, from, limit, stop, constraint, guessing, asked } = parts;
        let pieces = Pieces::new(stop);
        let lookup = match guessing {
            Guessing::FromText => Lookup::new(),
            Guessing::Off => Lookup::off(),
        };
        Self { permit, out, from, limit, pieces, constraint, lookup, asked, last: None }
    }

    /// Whether nobody listens any more.
    pub fn is_cancelled(&self) -> bool {
        self.out.is_closed()
    }

    /// Tells the caller why there is no more.
    pub fn fail(self, fault: InferenceError) {
        drop(self.permit);
        // Nobody may be left to tell.
        let _ = self.out.try_send(Err(fault));
    }

    /// Guesses for what follows `tokens`, all of which are permitted to.
    pub fn guesses(&self, tokens: &[u32], ends: &[u32]) -> Vec<u32> {
        // The last token of a full reply is not read any more.
        let most = (self.limit + self.from).saturating_sub(tokens.len() + 1);
        let mut guesses = self.lookup.guesses(tokens, most);
        let wrong = guesses.iter().position(|token| ends.contains(token)).unwrap_or(guesses.len());
        guesses.truncate(wrong);
        if let Some(constraint) = &self.constraint {
            let mut reply = tokens[self.from..].to_vec();
            let permitted = guesses.iter().take_while(|&&guess| {
                let permitted = constraint.after(&reply).permits(guess);
                reply.push(guess);
                permitted
            });
            let permitted = permitted.count();
            guesses.truncate(permitted);
        }
        guesses
    }

    /// Goes on from a pass in which `guesses` were read behind `tokens`: `rows` are the scores of what follows the last of the tokens and each
    /// of the guesses. Gives the number of guesses that were right, whose keys and values stand.
    pub fn take(&mut self, tokens: &mut Vec<u32>, guesses: &[u32], rows: &[&[f32]], words: &Words<'_>) -> Result<usize, Ended> {
        let before = tokens.len();
        let heard = self.hear(tokens, guesses, rows, words);
        let said = tokens.len() - before;
        let right = common(guesses, &tokens[before..]);
        self.lookup.note(guesses.len(), right);
        meters::guessed(guesses.len(), right);
        if said > 0 {
            let gap = self.last.replace(Instant::now()).map(|last| last.elapsed());
            meters::said(self.asked, gap, said);
        }
        heard?;
        self.go_on(tokens, words)?;
        Ok(right)
    }

    /// Says what the model chose, as far as the guesses were right and one token further.
    fn hear(&mut self, tokens: &mut Vec<u32>, guesses: &[u32], rows: &[&[f32]], words: &Words<'_>) -> Result<(), Ended> {
        for (index, row) in rows.iter().enumerate() {
            let Some(token) = self.choose(&tokens[self.from..], row, words.ends)? else { return self.finish() };
            self.say(tokens, token, words)?;
            if guesses.get(index) != Some(&token) {
                break;
            }
        }
        Ok(())
    }

    /// Says what there is no choice about. Ends a reply that is full or can have nothing more.
    pub fn go_on(&mut self, tokens: &mut Vec<u32>, words: &Words<'_>) -> Result<(), Ended> {
        while tokens.len() - self.from < self.limit {
            let Some(constraint) = &self.constraint else { return Ok(()) };
            let next = constraint.after(&tokens[self.from..]);
            if let Some(token) = next.forced() {
                self.say(tokens, token, words)?;
            } else if next.allowed == Allowed::Only(Vec::new()) {
                return if next.end == End::Permitted { self.finish() } else { Err(nothing_permitted().into()) };
            } else {
                return Ok(());
            }
        }
        self.finish()
    }

    /// The token that follows, or none at the end of the reply.
    fn choose(&self, reply: &[u32], row: &[f32], ends: &[u32]) -> Result<Option<u32>, InferenceError> {
        let next = self.constraint.as_ref().map(|constraint| constraint.after(reply));
        let token = match next {
            None => Some(most_likely(row)),
            Some(Next { allowed: Allowed::Anything, end: End::Permitted }) => Some(most_likely(row)),
            Some(Next { allowed: Allowed::Anything, end: End::Forbidden }) => {
                // Mostly the end is not the best, and then there is nothing to leave out.
                let token = most_likely(row);
                if ends.binary_search(&token).is_err() {
                    return Ok(Some(token));
                }
                let all = 0..u32::try_from(row.len()).unwrap_or(u32::MAX);
                best(row, all.filter(|token| ends.binary_search(token).is_err()))
            }
            Some(Next { allowed: Allowed::Only(tokens), end: End::Forbidden }) => best(row, tokens.into_iter()),
            Some(Next { allowed: Allowed::Only(tokens), end: End::Permitted }) => {
                match best(row, tokens.into_iter().chain(ends.iter().copied())) {
                    Some(token) => Some(token),
                    None => return Ok(None),
                }
            }
        };
        let token = token.ok_or_else(nothing_permitted)?;
        Ok(Some(token).filter(|token| ends.binary_search(token).is_err()))
    }

    fn say(&mut self, tokens: &mut Vec<u32>, token: u32, words: &Words<'_>) -> Result<(), Ended> {
        meters::tokens("generated", 1);
        tokens.push(token);
        match self.pieces.push(&(words.bytes)(token)) {
            Piece::More(text) => self.send(text)?,
            Piece::Last(text) => {
                self.send(text)?;
                return Err(Ended::Done);
            }
        }
        if tokens.len() - self.from < self.limit { Ok(()) } else { self.finish() }
    }

    fn finish<T>(&mut self) -> Result<T, Ended> {
        let rest = std::mem::replace(&mut self.pieces, Pieces::new(Vec::new())).finish();
        self.send(rest)?;
        Err(Ended::Done)
    }

    fn send(&self, text: String) -> Result<(), Ended> {
        if text.is_empty() {
            return Ok(());
        }
        self.out.try_send(Ok(text)).map_err(|_| Ended::Cancelled)
    }
}

/// The first of the best among `tokens`; of none, none. Tokens that the model does not know are never chosen.
fn best(row: &[f32], tokens: impl Iterator<Item = u32>) -> Option<u32> {
    let scored = tokens.filter_map(|token| Some((token, *row.get(token as usize)?)));
    scored.reduce(|best, next| if next.1 > best.1 || (next.1 == best.1 && next.0 < best.0) { next } else { best }).map(|(token, _)| token)
}

fn nothing_permitted() -> InferenceError {
    InferenceError::Failed { fault: "the reply's constraint lets nothing follow and does not let it end".to_owned() }
}

/// A place for every piece there can be: a slow reader never makes the model wait.
pub fn places(max_tokens: usize) -> usize {
    max_tokens.saturating_add(2).min(tokio::sync::Semaphore::MAX_PERMITS)
}

/// Whether a request that was made at `asked` is too late.
pub fn is_late(asked: Instant, deadline: Duration) -> bool {
    asked.elapsed() >= deadline
}

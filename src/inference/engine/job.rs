//! Requests as they come to the engine's thread, and the sequences they become.

use std::time::Instant;

use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

use super::ended::{Ended, guarded, reason};
use super::meters;
use super::plan::Rank;
use super::queue::Permit;
use super::reply::{Reply, ReplyParts, Words, is_late};
use super::scoring::{Group, Part};
use super::sequence::{Sequence, Work};
use crate::inference::error::InferenceError;
use crate::inference::model::causal::Causal;
use crate::inference::text::chat::{Generation, Scoring, ScoringPrompt};

/// The scores of continuations, or why there are none.
pub type Scored = Result<Vec<Vec<f32>>, InferenceError>;

/// What is asked of the engine.
pub enum Job {
    /// A reply.
    Reply(Asked<Generation, Sender<Result<String, InferenceError>>>),
    /// Scores.
    Score(Asked<Scoring, oneshot::Sender<Scored>>),
    /// The tokens of texts.
    Tokens { texts: Vec<String>, out: oneshot::Sender<Result<Vec<Vec<u32>>, InferenceError>> },
}

/// A request, and where its answer goes.
pub struct Asked<R, O> {
    pub permit: Permit,
    pub request: R,
    pub asked: Instant,
    pub out: O,
}

impl Job {
    /// Tells the caller why nothing comes of it.
    pub fn refuse(self, fault: InferenceError) {
        // Nobody may be left to tell.
        match self {
            Self::Reply(Asked { permit, out, .. }) => {
                drop(permit);
                let _ = out.try_send(Err(fault));
            }
            Self::Score(Asked { permit, out, .. }) => {
                drop(permit);
                let _ = out.send(Err(fault));
            }
            Self::Tokens { out, .. } => {
                let _ = out.send(Err(fault));
            }
        }
    }
}

/// A sequence, and whether it goes on.
pub type Begun<C> = (Sequence<C>, Result<(), Ended>);

/// A reply as a sequence, which may be over before it begins; none if it was refused.
pub fn reply<M: Causal>(
    model: &M,
    words: &Words<'_>,
    job: Asked<Generation, Sender<Result<String, InferenceError>>>,
    arrival: u64,
) -> Option<Begun<M::Cache>> {
    let Asked { permit, request, asked, out } = job;
    let rank = Rank { class: permit.class(), arrival };
    let prompt = if is_late(asked, request.deadline) {
        Err(InferenceError::DeadlinePassed { after: request.deadline })
    } else {
        guarded(|| model.prompt(&request.messages)).flatten().and_then(|tokens| fits(tokens, 1, model.context()))
    };
    let mut tokens = match prompt {
        Ok(tokens) => tokens,
        Err(fault) => {
            meters::shed(reason(&fault), rank.class);
            drop(permit);
            // Nobody may be left to tell.
            let _ = out.try_send(Err(fault));
            return None;
        }
    };
    meters::tokens("prompt", tokens.len());
    let from = tokens.len();
    let limit = request.max_tokens.min(model.context() - from);
    let (stop, constraint, guessing) = (request.stop, request.constraint, request.guessing);
    let mut reply = Reply::new(ReplyParts { permit, out, from, limit, stop, constraint, guessing, asked });
    let begun = guarded(|| reply.go_on(&mut tokens, words)).unwrap_or_else(|fault| Err(fault.into()));
    let work = Work::Reply(reply);
    let deadline = request.deadline;
    let sequence = Sequence { rank, tokens, prompt: from, need: from + limit, held: 0, lease: None, asked, deadline, begun: None, work };
    Some((sequence, begun))
}

/// Each continuation as a sequence.
pub fn score<M: Causal>(model: &M, job: Asked<Scoring, oneshot::Sender<Scored>>, arrival: u64) -> Vec<Sequence<M::Cache>> {
    let Asked { permit, request, asked, out } = job;
    let rank = Rank { class: permit.class(), arrival };
    let (prompt, continuations) = match guarded(|| read(model, &request)).flatten() {
        Ok(read) => read,
        Err(fault) => {
            meters::shed(reason(&fault), rank.class);
            drop(permit);
            // Nobody may be left to tell.
            let _ = out.send(Err(fault));
            return Vec::new();
        }
    };
    meters::tokens("prompt", prompt.len());
    let group = Group::new(permit, out, continuations.len());
    let empty = continuations.iter().filter(|tokens| tokens.is_empty()).count();
    let sequences = continuations.into_iter().enumerate().filter(|(_, targets)| !targets.is_empty()).map(|(index, targets)| {
        // Nothing is wanted of what follows the last token: it need not be read.
        let tokens = [&prompt, &targets[..targets.len() - 1]].concat();
        let need = tokens.len();
        let work = Work::Score(Part::new(group.clone(), index, targets, prompt.len() - 1));
        let (prompt, deadline) = (prompt.len(), request.deadline);
        Sequence { rank, tokens, prompt, need, held: 0, lease: None, asked, deadline, begun: None, work }
    });
    let sequences = sequences.collect();
    group.borrow_mut().complete(empty);
    sequences
}

fn read<M: Causal>(model: &M, request: &Scoring) -> Result<(Vec<u32>, Vec<Vec<u32>>), InferenceError> {
    let prompt = match &request.prompt {
        ScoringPrompt::Chat(messages) => model.prompt(messages)?,
        ScoringPrompt::Text(text) => model.tokens(text)?,
    };
    let continuations: Vec<Vec<u32>> = request.continuations.iter().map(|text| model.tokens(text)).collect::<Result<_, _>>()?;
    let longest = continuations.iter().map(Vec::len).max().unwrap_or(0);
    Ok((fits(prompt, longest, model.context())?, continuations))
}

/// The prompt, if there is one and `more` tokens can follow it.
fn fits(tokens: Vec<u32>, more: usize, context: usize) -> Result<Vec<u32>, InferenceError> {
    if tokens.is_empty() {
        return Err(InferenceError::EmptyPrompt);
    }
    if tokens.len().saturating_add(more) > context {
        return Err(InferenceError::PromptTooLong { tokens: tokens.len(), context });
    }
    Ok(tokens)
}

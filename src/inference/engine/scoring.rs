//! How likely given continuations are: each is a sequence of its own that shares its prompt with the others.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::oneshot;

use super::queue::Permit;
use crate::inference::error::InferenceError;

/// What one request for scores came to so far, shared by its sequences.
pub struct Group {
    /// Before the channel, so that the place is free once the caller has the scores.
    permit: Option<Permit>,
    out: Option<oneshot::Sender<Result<Vec<Vec<f32>>, InferenceError>>>,
    scores: Vec<Vec<f32>>,
    left: usize,
}

/// One continuation.
pub struct Part {
    group: Rc<RefCell<Group>>,
    index: usize,
    /// Its tokens.
    targets: Vec<u32>,
    /// The position of the token before its first.
    from: usize,
}

impl Group {
    /// Nothing is known yet of `parts` continuations.
    pub fn new(permit: Permit, out: oneshot::Sender<Result<Vec<Vec<f32>>, InferenceError>>, parts: usize) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self { permit: Some(permit), out: Some(out), scores: vec![Vec::new(); parts], left: parts }))
    }

    /// One continuation less to wait for; the last one sends the scores.
    pub fn complete(&mut self, parts: usize) {
        self.left -= parts;
        if self.left == 0 {
            let scores = std::mem::take(&mut self.scores);
            self.answer(Ok(scores));
        }
    }

    /// Answers the caller; false if it was answered before.
    pub fn answer(&mut self, answer: Result<Vec<Vec<f32>>, InferenceError>) -> bool {
        drop(self.permit.take());
        // Nobody may be left to tell.
        self.out.take().map(|out| out.send(answer)).is_some()
    }
}

impl Part {
    /// The continuation `targets`, the first of which follows the token at `from`.
    pub fn new(group: Rc<RefCell<Group>>, index: usize, targets: Vec<u32>, from: usize) -> Self {
        Self { group, index, targets, from }
    }

    /// The position of the first token of which the scores are wanted.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Whether nobody listens any more, or the others' failure was already told.
    pub fn is_cancelled(&self) -> bool {
        self.group.borrow().out.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Takes in the rows of the next tokens.
    pub fn take(&mut self, rows: &[&[f32]]) {
        let scores = &mut self.group.borrow_mut().scores[self.index];
        for row in rows {
            scores.push(log_likelihood(row, self.targets[scores.len()]));
        }
    }

    /// The continuation is scored.
    pub fn complete(&self) {
        self.group.borrow_mut().complete(1);
    }

    /// Forgets what was taken in, as the sequence is read again from its prompt.
    pub fn restart(&mut self) {
        self.group.borrow_mut().scores[self.index].clear();
    }

    /// Tells the caller why there are no scores; false if another continuation did before.
    pub fn fail(&self, fault: InferenceError) -> bool {
        self.group.borrow_mut().answer(Err(fault))
    }
}

/// The logarithm of the softmax at `token`.
fn log_likelihood(row: &[f32], token: u32) -> f32 {
    let Some(&score) = row.get(token as usize) else { return f32::NEG_INFINITY };
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = row.iter().map(|&score| f64::from(score - most).exp()).sum();
    (f64::from(score - most) - total.ln()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likelihoods_are_those_of_the_softmax() {
        let row = [0.0, 2f32.ln(), 5f32.ln()];
        for (token, share) in [(0, 0.125f32), (1, 0.25), (2, 0.625)] {
            assert!((log_likelihood(&row, token) - share.ln()).abs() < 1e-6);
        }
        assert!((log_likelihood(&[1e30, 1e30], 0) - 0.5f32.ln()).abs() < 1e-6);
        assert_eq!(log_likelihood(&row, 3), f32::NEG_INFINITY);
    }
}

//! Which rows go through the model in the next pass. Pure: from what the running sequences want to what each of them gets.

use crate::inference::text::chat::Class;

/// A sequence's place in the order: the more urgent class first, then the older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// For whom it is.
    pub class: Class,
    /// Smaller is older.
    pub arrival: u64,
}

/// What a sequence is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its prompt is being read: it takes what rows it gets.
    Reading,
    /// It is being answered: somebody is looking at the words as they come.
    Replying,
}

/// What a running sequence wants.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub rank: Rank,
    pub stage: Stage,
    /// Tokens that are not read yet, at least one.
    pub pending: usize,
    /// How many of them come before the first one of which the scores are wanted; fewer than `pending`.
    pub unscored: usize,
    /// Guesses behind the pending tokens.
    pub guesses: usize,
}

/// How many rows one pass has.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows of prompts when nobody is being answered.
    pub alone: usize,
    /// Rows of prompts beside replies, which wait for the pass to end.
    pub beside: usize,
    /// Rows whose scores are wanted: each of them costs a product with the whole vocabulary.
    pub scored: usize,
    /// Guesses of all the replies together.
    pub guesses: usize,
}

/// What a sequence gets in the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which of the sequences.
    pub index: usize,
    /// How many of its pending tokens, at least one.
    pub tokens: usize,
    /// How many of its guesses.
    pub guesses: usize,
    /// For how many of the last of both the scores are wanted.
    pub scored: usize,
}

/// Shares in the order of the sequences. Every reply goes on in every pass; prompts get what rows are left, the first in rank as many as it
/// can use. At least one sequence gets something, if there is one.
pub fn plan(standings: &[Standing], limits: Limits) -> Vec<Share> {
    let mut order: Vec<usize> = (0..standings.len()).collect();
    order.sort_unstable_by_key(|&index| standings[index].rank);
    let replying = order.iter().filter(|&&index| standings[index].stage == Stage::Replying).count();
    let mut guesses = limits.guesses;
    let mut shares = Vec::with_capacity(standings.len());
    for &index in &order {
        let standing = standings[index];
        if standing.stage == Stage::Replying {
            let share = reply(index, standing, guesses, limits.beside.max(1));
            guesses -= share.guesses;
            shares.push(share);
        }
    }
    let mut rows = if replying == 0 { limits.alone } else { limits.beside };
    let mut scored = limits.scored.saturating_sub(shares.iter().map(|share| share.scored).sum());
    for &index in &order {
        let standing = standings[index];
        if standing.stage == Stage::Reading {
            // The first pass of all goes on even where the limits allow nothing.
            let least = usize::from(shares.is_empty());
            let fits = standing.unscored + scored.max(least);
            let tokens = standing.pending.min(rows.max(least)).min(fits);
            if tokens > 0 {
                let wanted = tokens.saturating_sub(standing.unscored);
                rows = rows.saturating_sub(tokens);
                scored = scored.saturating_sub(wanted);
                shares.push(Share { index, tokens, guesses: 0, scored: wanted });
            }
        }
    }
    shares.sort_unstable_by_key(|share| share.index);
    shares
}

/// One token and guesses, or a run of tokens that were not the model's choice.
fn reply(index: usize, standing: Standing, guesses: usize, rows: usize) -> Share {
    let tokens = standing.pending.min(rows);
    let guesses = if tokens == standing.pending { standing.guesses.min(guesses) } else { 0 };
    Share { index, tokens, guesses, scored: tokens.saturating_sub(standing.unscored) + guesses }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { alone: 512, beside: 128, scored: 64, guesses: 10 };

    fn reading(class: Class, arrival: u64, pending: usize) -> Standing {
        Standing { rank: Rank { class, arrival }, stage: Stage::Reading, pending, unscored: pending - 1, guesses: 0 }
    }

    fn replying(arrival: u64, pending: usize, guesses: usize) -> Standing {
        Standing { stage: Stage::Replying, guesses, ..reading(Class::Shopper, arrival, pending) }
    }

    fn check(standings: &[Standing], expected: &[[usize; 4]]) {
        let expected: Vec<Share> =
            expected.iter().map(|&[index, tokens, guesses, scored]| Share { index, tokens, guesses, scored }).collect();
        assert_eq!(plan(standings, LIMITS), expected);
    }

    #[test]
    fn a_prompt_alone_is_read_in_long_pieces_and_scored_at_its_end() {
        check(&[], &[]);
        check(&[reading(Class::Shopper, 0, 600)], &[[0, 512, 0, 0]]);
        check(&[reading(Class::Shopper, 0, 88)], &[[0, 88, 0, 1]]);
    }

    #[test]
    fn replies_go_on_and_prompts_share_the_rows_by_class_and_age() {
        check(
            &[
                reading(Class::Background, 0, 50),
                replying(1, 1, 0),
                reading(Class::Shopper, 3, 100),
                reading(Class::Shopper, 2, 20),
                reading(Class::Agent, 4, 50),
            ],
            &[[1, 1, 0, 1], [2, 100, 0, 1], [3, 20, 0, 1], [4, 8, 0, 0]],
        );
    }

    #[test]
    fn guesses_are_given_by_rank_and_a_forced_run_is_read_at_once() {
        check(&[replying(2, 1, 7), replying(1, 1, 7), replying(3, 9, 7)], &[[0, 1, 3, 4], [1, 1, 7, 8], [2, 9, 0, 1]]);
        check(&[replying(0, 200, 5)], &[[0, 128, 0, 0]]);
    }

    #[test]
    fn scored_rows_are_bounded_for_prompts_and_never_stop_everything() {
        let scoring = |arrival| Standing { unscored: 10, ..reading(Class::Agent, arrival, 60) };
        check(&[scoring(0), scoring(1)], &[[0, 60, 0, 50], [1, 24, 0, 14]]);
        let none = Limits { alone: 0, beside: 0, scored: 0, guesses: 0 };
        assert_eq!(plan(&[Standing { unscored: 0, ..scoring(0) }], none), [Share { index: 0, tokens: 1, guesses: 0, scored: 1 }]);
        assert_eq!(plan(&[replying(0, 1, 3)], none), [Share { index: 0, tokens: 1, guesses: 0, scored: 1 }]);
    }
}

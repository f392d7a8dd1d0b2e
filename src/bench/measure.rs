//! The measurements, each one number of one side in one round.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::corpus::Corpus;
use super::side::{Answered, Ask, Means, Side};

/// Tokens of a reply.
const REPLY: usize = 60;
/// Tokens of a bare decode.
const DECODE: usize = 64;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Reading a new prompt of so many tokens.
    Prefill(usize),
    /// Writing 64 tokens.
    Decode,
    /// A whole reply of 60 tokens behind a prompt of 400, whose system part is known.
    Reply,
    /// The first token behind such a prompt.
    FirstToken,
    /// Several such replies at once, of a system part that is new.
    TogetherCold,
    /// The same with other entries behind the system part that is known by then.
    TogetherWarm,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// More is better.
    TokensPerSecond,
    /// Less is better.
    Milliseconds,
}

/// One number.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// In the measure's unit.
    pub value: f64,
    /// Whether the side wrote clearly less than it was asked for.
    pub ended_early: bool,
}

impl Measure {
    /// In the order in which they are taken; the warm one leans on the cold one before it.
    pub const ALL: [Self; 7] =
        [Self::Prefill(256), Self::Prefill(1024), Self::Decode, Self::Reply, Self::FirstToken, Self::TogetherCold, Self::TogetherWarm];

    /// Its line in the table.
    pub fn name(self, concurrency: usize) -> String {
        match self {
            Self::Prefill(length) => format!("prefill, {length} tokens"),
            Self::Decode => format!("decode, {DECODE} tokens"),
            Self::Reply => format!("support reply, 400 + {REPLY} tokens, system part known"),
            Self::FirstToken => "first token, 400 tokens, system part known".to_owned(),
            Self::TogetherCold => format!("{concurrency} replies at once, all new"),
            Self::TogetherWarm => format!("{concurrency} replies at once, system part known"),
        }
    }

    /// What its numbers count.
    pub fn unit(self) -> Unit {
        match self {
            Self::Reply | Self::FirstToken => Unit::Milliseconds,
            _ => Unit::TokensPerSecond,
        }
    }

    /// Takes it once.
    pub async fn take(self, side: &Arc<dyn Side>, corpus: &Corpus, round: usize, concurrency: usize) -> anyhow::Result<Sample> {
        let mark = round.to_string();
        let all = |messages, tokens| Ask { messages, tokens, means: Means::All };
        let bare = |messages, tokens| Ask { messages, tokens, means: Means::Bare };
        // Lets the side see the system part behind another entry first.
        let known = async || side.answer(all(corpus.support("", round + 5, &format!("{mark} before"))?, 1)).await.map(drop);
        Ok(match self {
            Self::Prefill(length) => {
                let answered = side.answer(bare(corpus.reading(length, &mark)?, 1)).await?;
                Sample { value: rate(answered.read, answered.reading.as_secs_f64()), ended_early: false }
            }
            Self::Decode => {
                let answered = side.answer(bare(corpus.writing(&mark), DECODE)).await?;
                // The first token comes out of the reading.
                Sample { value: rate(answered.written - 1, answered.writing.as_secs_f64()), ended_early: is_short(&answered, DECODE) }
            }
            Self::Reply => {
                known().await?;
                let answered = side.answer(all(corpus.support("", round, &mark)?, REPLY)).await?;
                Sample { value: answered.whole.as_secs_f64() * 1e3, ended_early: is_short(&answered, REPLY) }
            }
            Self::FirstToken => {
                known().await?;
                let answered = side.answer(all(corpus.support("", round + 9, &format!("{mark} first"))?, 1)).await?;
                Sample { value: answered.first.as_secs_f64() * 1e3, ended_early: false }
            }
            Self::TogetherCold => together(side, corpus, &Wave { round, from: 0, size: concurrency, mark: "cold" }).await?,
            Self::TogetherWarm => together(side, corpus, &Wave { round, from: concurrency, size: concurrency, mark: "warm" }).await?,
        })
    }
}

/// Replies at once.
struct Wave {
    round: usize,
    from: usize,
    size: usize,
    mark: &'static str,
}

async fn together(side: &Arc<dyn Side>, corpus: &Corpus, wave: &Wave) -> anyhow::Result<Sample> {
    let shift = format!("Shift {}. ", wave.round);
    let asks = (wave.from..wave.from + wave.size).map(|number| {
        let messages = corpus.support(&shift, wave.round + number, &format!("{} {number}", wave.mark))?;
        Ok(Ask { messages, tokens: REPLY, means: Means::All })
    });
    let asks = asks.collect::<anyhow::Result<Vec<Ask>>>()?;
    let began = Instant::now();
    let answered = try_join_all(asks.into_iter().map(|ask| side.answer(ask))).await?;
    let seconds = began.elapsed().as_secs_f64();
    let written = answered.iter().map(|answered| answered.written).sum();
    Ok(Sample { value: rate(written, seconds), ended_early: answered.iter().any(|answered| is_short(answered, REPLY)) })
}

fn rate(tokens: usize, seconds: f64) -> f64 {
    tokens as f64 / seconds.max(1e-9)
}

/// Counting what was written by its text may miss a token or two.
fn is_short(answered: &Answered, wanted: usize) -> bool {
    answered.written * 10 < wanted * 9
}

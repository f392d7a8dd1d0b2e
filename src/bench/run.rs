//! The rounds.

use std::sync::Arc;

use super::corpus::Corpus;
use super::measure::{Measure, Sample};
use super::progress::Progress;
use super::report::Row;
use super::side::{Ask, Means, Side};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often.
    pub rounds: usize,
    /// How many replies at once.
    pub concurrency: usize,
}

/// Takes every measurement in every round on both sides, one at once after the other, which of them first changing from round to round.
pub async fn run(plan: Plan, corpus: &Corpus, ours: &Arc<dyn Side>, theirs: Option<&Arc<dyn Side>>) -> anyhow::Result<Vec<Row>> {
    let sides: Vec<&Arc<dyn Side>> = std::iter::once(ours).chain(theirs).collect();
    for side in &sides {
        side.answer(Ask { messages: corpus.writing("to warm up"), tokens: 8, means: Means::Bare }).await?;
    }
    let mut rows: Vec<Row> = Measure::ALL.into_iter().map(|measure| Row::new(measure, plan.concurrency)).collect();
    let progress = Progress::new(plan.rounds * rows.len() * sides.len());
    for round in 0..plan.rounds {
        progress.round(round + 1, plan.rounds);
        for row in &mut rows {
            for turn in 0..sides.len() {
                let number = (turn + round) % sides.len();
                progress.step(&row.name);
                let sample: Sample = row.measure.take(sides[number], corpus, round, plan.concurrency).await?;
                if number == 0 {
                    row.ours.push(sample)
                } else {
                    row.theirs.push(sample)
                }
                progress.advance();
            }
        }
    }
    progress.finish();
    Ok(rows)
}

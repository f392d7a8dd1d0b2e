//! Whole messages as shoppers live through them: over HTTP, by the widget's API, from the question to the first words on the wire and to the stored reply.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::visitor::{Door, Visit, Visitor};

/// After so many messages another visitor comes: a session shows no more than its last 200.
const MESSAGES_OF_ONE: usize = 50;

/// What was measured with so many shoppers at once.
#[derive(Debug, Clone, Default)]
pub struct ChatRow {
    /// How many.
    pub shoppers: usize,
    /// Milliseconds from the question to the first words on the wire, of replies that are told in pieces.
    pub first: Vec<f64>,
    /// Milliseconds from the question to the stored reply.
    pub whole: Vec<f64>,
    /// How many replies there were of each decision.
    pub decisions: BTreeMap<String, usize>,
    /// Messages or replies that did not come, or of which the page that is opened anew knows nothing.
    pub lost: usize,
    /// Messages or replies that came twice.
    pub doubled: usize,
    /// Replies whose pieces are not the reply.
    pub torn: usize,
    /// From the first question to the last reply.
    pub seconds: f64,
}

impl ChatRow {
    /// Whether every message and every reply was there exactly once.
    pub fn is_sound(&self) -> bool {
        self.lost + self.doubled + self.torn == 0
    }

    fn add(&mut self, visit: Visit) {
        for heard in visit.heard {
            self.first.extend(heard.first);
            self.whole.push(heard.whole);
            *self.decisions.entry(heard.decision).or_default() += 1;
            self.torn += usize::from(heard.is_torn);
        }
        self.lost += visit.lost;
        self.doubled += visit.doubled;
    }
}

/// Lets shoppers ask, each one question after the other, `rounds` times; once for each number of shoppers at once.
pub async fn measure_chat(
    door: &Arc<Door>,
    sizes: &[usize],
    rounds: usize,
    questions: &[String],
    say: &dyn Fn(&str),
) -> anyhow::Result<Vec<ChatRow>> {
    let mut rows = Vec::new();
    // What the first question of a server costs is nobody's latency.
    shop(Arc::clone(door), questions.iter().take(1).cloned().collect()).await?;
    for &shoppers in sizes {
        say(&format!("{shoppers} at once, {rounds} messages each"));
        let began = Instant::now();
        let asked = (0..shoppers).map(|shopper| {
            let own = (0..rounds).map(|round| question(questions, shopper * rounds + round)).collect();
            let task = tokio::spawn(shop(Arc::clone(door), own));
            async move { task.await? }
        });
        let visits = try_join_all(asked).await?;
        let mut row = ChatRow { shoppers, seconds: began.elapsed().as_secs_f64(), ..ChatRow::default() };
        visits.into_iter().flatten().for_each(|visit| row.add(visit));
        rows.push(row);
    }
    Ok(rows)
}

/// The questions in an order in which neighbours are of other entries.
fn question(questions: &[String], number: usize) -> String {
    questions[number * 7919 % questions.len()].clone()
}

/// One shopper after the other in one place: who is handed over to a person makes room for the next.
async fn shop(door: Arc<Door>, questions: Vec<String>) -> anyhow::Result<Vec<Visit>> {
    let mut visits = Vec::new();
    let mut visitor: Option<Visitor> = None;
    for question in questions {
        let mut current = match visitor.take() {
            Some(visitor) => visitor,
            None => Visitor::arrive(&door).await?,
        };
        let goes_on = current.ask(&question).await?;
        if goes_on && current.asked() < MESSAGES_OF_ONE {
            visitor = Some(current);
        } else {
            visits.push(current.leave().await?);
        }
    }
    if let Some(last) = visitor {
        visits.push(last.leave().await?);
    }
    Ok(visits)
}

//! How long the encoder takes for a message, and for ten texts as long as a question with an entry.

use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value, json};

use super::machine::Machine;
use crate::inference::{Embed, InferenceError};

/// About sixteen tokens with the two that the encoder adds: what a shopper writes.
const MESSAGE: &str = "hi, my parcel has not arrived, can you help me please";
/// Repeated to about 128 tokens.
const SENTENCE: &str = "You can send back most things within thirty days of delivery as long as they are unused. ";

/// One kind of work, in milliseconds for each round.
pub struct EncoderRow {
    name: &'static str,
    rounds: Vec<f64>,
}

/// Takes each measurement `rounds` times, after one round to warm up.
pub fn measure_encoder(embedder: &dyn Embed, rounds: usize) -> Result<Vec<EncoderRow>, InferenceError> {
    let long = SENTENCE.repeat(7);
    let works: [(&str, Vec<&str>); 2] =
        [("one message of 16 tokens, one thread", vec![MESSAGE]), ("ten texts of 128 tokens, all threads", vec![long.as_str(); 10])];
    works
        .into_iter()
        .map(|(name, texts)| {
            embedder.embed(&texts)?;
            let time = |_| {
                let began = Instant::now();
                embedder.embed(&texts)?;
                Ok(began.elapsed().as_secs_f64() * 1e3)
            };
            Ok(EncoderRow { name, rounds: (0..rounds.max(1)).map(time).collect::<Result<_, InferenceError>>()? })
        })
        .collect()
}

impl EncoderRow {
    fn median(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

/// For people.
pub fn encoder_table(rows: &[EncoderRow], date: &str) -> String {
    let machine = Machine::read();
    let rounds = rows.first().map_or(0, |row| row.rounds.len());
    let mut out = format!("{}, {} threads, {date}, medians of {rounds} rounds\n\n", machine.processor, machine.threads);
    for row in rows {
        let _ = writeln!(out, "{:38}  {:8.2} ms", row.name, row.median());
    }
    out
}

/// For machines.
pub fn encoder_json(rows: &[EncoderRow], date: &str) -> Value {
    let rows: Vec<Value> = rows.iter().map(|row| json!({"name": row.name, "median_ms": row.median(), "rounds_ms": row.rounds})).collect();
    json!({"date": date, "rows": rows})
}

//! The figures as a table for people and as JSON for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use super::machine::{Machine, Memory};
use super::measure::{Measure, Sample, Unit};
use super::run::Plan;
use super::side::Side;

/// One measurement of both sides.
pub struct Row {
    /// What was measured.
    pub measure: Measure,
    /// Its name.
    pub name: String,
    /// Our numbers, one a round.
    pub ours: Vec<Sample>,
    /// Theirs; none where there is no other side.
    pub theirs: Vec<Sample>,
}

/// All that is to be said.
pub struct Report {
    /// When, as a date.
    pub date: String,
    /// How much was measured.
    pub plan: Plan,
    /// Our side's name.
    pub ours: String,
    /// The other side's, and what is to be known about it.
    pub theirs: Option<(String, Option<String>)>,
    /// The figures.
    pub rows: Vec<Row>,
    /// The machine.
    pub machine: Machine,
    /// Our process after the last round.
    pub memory: Option<Memory>,
}

impl Row {
    /// Without numbers yet.
    pub fn new(measure: Measure, concurrency: usize) -> Self {
        Self { measure, name: measure.name(concurrency), ours: Vec::new(), theirs: Vec::new() }
    }

    /// How much better ours is, whichever way the unit counts.
    fn ratio(&self) -> Option<f64> {
        let (ours, theirs) = (median(&self.ours)?, median(&self.theirs)?);
        Some(match self.measure.unit() {
            Unit::TokensPerSecond => ours / theirs,
            Unit::Milliseconds => theirs / ours,
        })
    }
}

impl Report {
    /// After the last round.
    pub fn new(date: String, plan: Plan, rows: Vec<Row>, ours: &dyn Side, theirs: Option<&dyn Side>) -> Self {
        let theirs = theirs.map(|side| (side.name().to_owned(), side.note(plan.concurrency)));
        Self { date, plan, ours: ours.name().to_owned(), theirs, rows, machine: Machine::read(), memory: Memory::read() }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let Plan { rounds, .. } = self.plan;
        let _ = writeln!(out, "{}, {} threads, {}, medians of {rounds} rounds", self.machine.processor, self.machine.threads, self.date);
        let _ = writeln!(out, "ours    {}", self.ours);
        if let Some((theirs, _)) = &self.theirs {
            let _ = writeln!(out, "theirs  {theirs}");
        }
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        match self.theirs {
            Some(_) => {
                let _ = writeln!(out, "\n{:width$}  {:>10}  {:>10}            ratio (above 1: ours is faster)", "", "ours", "theirs");
            }
            None => {
                let _ = writeln!(out, "\n{:width$}  {:>10}", "", "ours");
            }
        }
        for row in &self.rows {
            let unit = row.measure.unit().short();
            let number = |samples: &[Sample]| median(samples).map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
            let _ = match row.ratio() {
                Some(ratio) => {
                    writeln!(out, "{:width$}  {:>10}  {:>10}  {unit:<10}{ratio:.2}", row.name, number(&row.ours), number(&row.theirs))
                }
                None => writeln!(out, "{:width$}  {:>10}  {unit}", row.name, number(&row.ours)),
            };
        }
        out.push('\n');
        self.notes().into_iter().for_each(|note| out.push_str(&(note + "\n")));
        out
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for row in &self.rows {
            for (side, samples) in [("ours", &row.ours), ("theirs", &row.theirs)] {
                let early = samples.iter().filter(|sample| sample.ended_early).count();
                if early > 0 {
                    notes.push(format!("{}: {side} ended before its last token in {early} of {} rounds", row.name, samples.len()));
                }
            }
        }
        notes.extend(self.theirs.as_ref().and_then(|(_, note)| note.clone()));
        if let Some(Memory { resident, peak }) = &self.memory {
            notes.push(format!("memory of this process: {} MB resident, {} MB at most", resident / 1_000_000, peak / 1_000_000));
        }
        notes
    }

    /// For machines: every number of every round.
    pub fn json(&self) -> Value {
        let side = |samples: &[Sample]| {
            let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
            median(samples).map(|median| json!({"median": median, "values": values}))
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let unit = row.measure.unit().name();
                json!({"name": row.name, "unit": unit, "ours": side(&row.ours), "theirs": side(&row.theirs), "ratio": row.ratio()})
            })
            .collect();
        json!({
            "date": self.date,
            "machine": self.machine,
            "rounds": self.plan.rounds,
            "concurrency": self.plan.concurrency,
            "ours": self.ours,
            "theirs": self.theirs.as_ref().map(|(name, _)| name),
            "ratio": "above 1: ours is faster",
            "measurements": rows,
            "notes": self.notes(),
            "memory_bytes": self.memory,
        })
    }
}

impl Unit {
    fn short(self) -> &'static str {
        match self {
            Self::TokensPerSecond => "tokens/s",
            Self::Milliseconds => "ms",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::TokensPerSecond => "tokens_per_second",
            Self::Milliseconds => "milliseconds",
        }
    }
}

fn median(samples: &[Sample]) -> Option<f64> {
    let mut values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Vec<Sample> {
        values.iter().map(|&value| Sample { value, ended_early: value < 1.0 }).collect()
    }

    fn report(theirs: bool) -> Report {
        let mut rows = vec![Row::new(Measure::Decode, 4), Row::new(Measure::Reply, 4)];
        rows[0].ours = samples(&[100.0, 300.0, 200.0]);
        rows[1].ours = samples(&[50.0, 150.0]);
        if theirs {
            rows[0].theirs = samples(&[100.0, 0.5, 100.0]);
            rows[1].theirs = samples(&[300.0, 300.0]);
        }
        let memory = Some(Memory { resident: 390_000_000, peak: 400_000_000 });
        let machine = Machine { processor: "A processor".into(), threads: 2 };
        let theirs = theirs.then(|| ("llama-server".to_owned(), Some("its own clock".to_owned())));
        let plan = Plan { rounds: 3, concurrency: 4 };
        Report { date: "2026-11-26".into(), plan, ours: "Nightdesk".into(), theirs, rows, machine, memory }
    }

    #[test]
    fn the_table_says_medians_and_which_way_the_ratio_goes() {
        let table = report(true).table();
        let squeezed: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in [
            "A processor, 2 threads, 2026-11-26, medians of 3 rounds",
            "theirs llama-server",
            "ours theirs ratio (above 1: ours is faster)",
            "decode, 64 tokens 200.0 100.0 tokens/s 2.00",
            "support reply, 400 + 60 tokens, system part known 100.0 300.0 ms 3.00",
            "decode, 64 tokens: theirs ended before its last token in 1 of 3 rounds",
            "memory of this process: 390 MB resident, 400 MB at most",
            "its own clock",
        ] {
            assert!(squeezed.iter().any(|found| found.contains(line)), "no {line:?} in\n{table}");
        }
    }

    #[test]
    fn without_another_side_there_is_one_column() {
        let table = report(false).table();
        assert!(!table.contains("theirs") && !table.contains("ratio") && table.contains("200.0"), "{table}");
        let json = report(false).json();
        assert_eq!((&json["measurements"][0]["ratio"], &json["theirs"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn json_has_every_number() {
        let json = report(true).json();
        let row = &json["measurements"][1];
        assert_eq!(row["unit"], "milliseconds");
        assert_eq!(row["ours"], json!({"median": 100.0, "values": [50.0, 150.0]}));
        assert_eq!(row["ratio"], 3.0);
        assert_eq!(json["memory_bytes"]["peak"], 400_000_000);
    }
}

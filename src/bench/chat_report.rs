//! The figures of whole messages, as a table for people and as JSON for machines.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::chat::ChatRow;
use super::machine::Machine;
use super::search::at;

/// Which shares are told: median, 95th percentile, the slowest.
const SHARES: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("max", 1.0)];

/// For people.
pub fn chat_table(rows: &[ChatRow], server: &str, date: &str) -> String {
    let machine = Machine::read();
    let mut out = format!(
        "{}, {} threads, {date}, over HTTP, each shopper one message after the other\nserver  {server}\n\n",
        machine.processor, machine.threads
    );
    let _ = writeln!(
        out,
        "{:>8}  {:>8}  {:>29}  {:>29}  {:>8}  {:>4}  {:>7}  {:>4}",
        "shoppers", "messages", "first words p50 / p95 / max", "whole reply p50 / p95 / max", "a second", "lost", "doubled", "torn"
    );
    for row in rows {
        let triple = |values: &[f64]| match values {
            [] => "-".to_owned(),
            _ => format!("{} ms", SHARES.map(|(_, share)| format!("{:.1}", at(values, share))).join(" / ")),
        };
        let _ = writeln!(
            out,
            "{:>8}  {:>8}  {:>29}  {:>29}  {:>8.1}  {:>4}  {:>7}  {:>4}",
            row.shoppers,
            row.whole.len(),
            triple(&row.first),
            triple(&row.whole),
            rate(row),
            row.lost,
            row.doubled,
            row.torn
        );
    }
    let mut decisions: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in rows.iter().flat_map(|row| &row.decisions) {
        *decisions.entry(name).or_default() += count;
    }
    let decisions: Vec<String> = decisions.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let _ = writeln!(out, "\nreplies: {}; only answers are told word by word", decisions.join(", "));
    out
}

/// For machines.
pub fn chat_json(rows: &[ChatRow], server: &str, date: &str) -> Value {
    let shares = |values: &[f64]| match values {
        [] => Value::Null,
        _ => Value::Object(SHARES.iter().map(|(name, share)| ((*name).to_owned(), json!(at(values, *share)))).collect()),
    };
    let row = |row: &ChatRow| {
        json!({
            "shoppers": row.shoppers,
            "messages": row.whole.len(),
            "first_words_ms": shares(&row.first),
            "whole_reply_ms": shares(&row.whole),
            "messages_per_second": rate(row),
            "decisions": row.decisions,
            "lost": row.lost,
            "doubled": row.doubled,
            "torn": row.torn,
        })
    };
    json!({"date": date, "machine": Machine::read(), "server": server, "rows": rows.iter().map(row).collect::<Vec<_>>()})
}

fn rate(row: &ChatRow) -> f64 {
    if row.seconds > 0.0 { row.whole.len() as f64 / row.seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_a_number_of_shoppers() {
        let decisions: BTreeMap<String, usize> = [("answer".to_owned(), 3), ("handoff".to_owned(), 1)].into();
        let one = ChatRow {
            shoppers: 1,
            first: vec![10.0, 30.0, 20.0],
            whole: vec![100.0, 400.0, 200.0, 300.0],
            decisions,
            lost: 1,
            seconds: 2.0,
            ..ChatRow::default()
        };
        let none = ChatRow { shoppers: 8, ..ChatRow::default() };
        assert!(!one.is_sound() && none.is_sound());
        let rows = [one, none];
        let table = chat_table(&rows, "Nightdesk", "2026-11-26");
        let lines: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for expected in [
            "server Nightdesk",
            "1 4 20.0 / 30.0 / 30.0 ms 200.0 / 400.0 / 400.0 ms 2.0 1 0 0",
            "8 0 - - 0.0 0 0 0",
            "replies: answer 3, handoff 1; only answers are told word by word",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
        }
        let json = chat_json(&rows, "Nightdesk", "2026-11-26");
        assert_eq!((&json["rows"][0]["whole_reply_ms"]["max"], &json["rows"][1]["first_words_ms"]), (&json!(400.0), &Value::Null));
    }
}

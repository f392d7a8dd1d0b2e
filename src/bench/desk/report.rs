//! The figures of a desk under load, as a table for people and as JSON for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use super::timeline::Act;
use super::{Count, DeskRun, Taken};
use crate::bench::machine::Machine;
use crate::bench::search::at;

/// Which shares are told.
const SHARES: [(&str, f64); 4] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)];

/// The ways of a message: the key for machines, the words for people.
const WAYS: [(&str, &str); 7] = [
    ("shopper_to_console", "shopper -> each agent's console"),
    ("agent_to_widget", "agent -> shopper's widget"),
    ("shopper_to_first_words", "shopper -> first words of the bot's reply"),
    ("shopper_to_reply", "shopper -> the bot's whole reply (*)"),
    ("shopper_to_own_widget", "shopper -> their own widget"),
    ("to_stored", "anybody -> the server's word that it is stored"),
    ("to_sent", "the driver's own lateness"),
];

/// For people.
pub fn desk_table(run: &DeskRun, server: &str, date: &str) -> String {
    let machine = Machine::read();
    let mut out = format!(
        "{}, {} threads, {date}, driver and server on the same machine\nserver  {server}\n{} open consoles, {} open widgets, {} questions a second for {} s; \
         latency counts from when a message was due\n\n",
        machine.processor,
        machine.threads,
        run.agents,
        run.plan.shoppers,
        run.plan.rate,
        run.plan.length.as_secs(),
    );
    let _ = writeln!(out, "{:<48}{:>8}{:>10}{:>10}{:>10}{:>10}", "milliseconds", "count", "p50", "p95", "p99", "max");
    for ((_, words), values) in WAYS.into_iter().zip(ways(run)) {
        let _ = write!(out, "{words:<48}{:>8}", values.len());
        for (_, share) in SHARES {
            let _ = match values {
                [] => write!(out, "{:>10}", "-"),
                _ => write!(out, "{:>10.1}", at(values, share)),
            };
        }
        out.push('\n');
    }
    out.push_str("(*) told word by word on purpose, for up to 400 ms, before it is stored\n\n");

    let sent: Vec<String> = run.sent.iter().map(|count| format!("{} {} of {}", name(count.act), count.sent, count.due)).collect();
    let _ = writeln!(out, "sent      {}", sent.join(", "));
    let _ = writeln!(out, "rate      {:.2} a second kept of {:.2}", kept_rate(run), due_rate(run));
    let decisions: Vec<String> = run.decisions.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let _ = writeln!(out, "replies   {}", decisions.join(", "));
    let faults = &run.faults;
    let _ = writeln!(
        out,
        "lost      {} (not kept {}, not on the widget {}, not on a console {}, unanswered {})",
        faults.lost(),
        faults.not_kept,
        faults.not_on_widget,
        faults.not_on_console,
        faults.unanswered
    );
    let _ = writeln!(
        out,
        "doubled   {} (kept twice {}, shown twice {}, replies that nothing asked for {})",
        faults.doubled(),
        faults.kept_twice,
        faults.shown_twice,
        faults.unasked
    );
    let _ = writeln!(out, "order     {} out of order", faults.disordered);
    let _ = writeln!(out, "errors    {} requests, {} streams cut off", faults.errors, faults.cut_off);
    for sentence in &run.sentences {
        let _ = writeln!(out, "          {sentence}");
    }
    if let Some(Taken { idle, resident, end, cores }) = &run.server {
        let _ = writeln!(
            out,
            "memory    {} MiB with all streams open, {} MiB at most under load, {} MiB at most since its start",
            mebibytes(idle.resident),
            mebibytes(*resident),
            mebibytes(end.peak)
        );
        let _ = writeln!(out, "processor {cores:.2} cores busy in the server");
    }
    out
}

/// For machines.
pub fn desk_json(run: &DeskRun, server: &str, date: &str) -> Value {
    let shares = |values: &[f64]| match values {
        [] => Value::Null,
        _ => {
            let mut all: serde_json::Map<String, Value> =
                SHARES.iter().map(|(name, share)| ((*name).to_owned(), json!(at(values, *share)))).collect();
            all.insert("count".to_owned(), json!(values.len()));
            Value::Object(all)
        }
    };
    let latencies: serde_json::Map<String, Value> =
        WAYS.into_iter().zip(ways(run)).map(|((key, _), values)| (key.to_owned(), shares(values))).collect();
    let sent: serde_json::Map<String, Value> =
        run.sent.iter().map(|count| (key(count.act).to_owned(), json!({"due": count.due, "sent": count.sent}))).collect();
    let faults = &run.faults;
    json!({
        "date": date,
        "machine": Machine::read(),
        "server": server,
        "agents": run.agents,
        "shoppers": run.plan.shoppers,
        "questions_per_second": run.plan.rate,
        "seconds": run.plan.length.as_secs(),
        "latencies_ms": latencies,
        "sent": sent,
        "messages_per_second": {"due": due_rate(run), "kept": kept_rate(run)},
        "decisions": run.decisions,
        "lost": faults.lost(),
        "doubled": faults.doubled(),
        "disordered": faults.disordered,
        "faults": {
            "not_kept": faults.not_kept,
            "not_on_widget": faults.not_on_widget,
            "not_on_console": faults.not_on_console,
            "unanswered": faults.unanswered,
            "kept_twice": faults.kept_twice,
            "shown_twice": faults.shown_twice,
            "unasked": faults.unasked,
            "errors": faults.errors,
            "cut_off": faults.cut_off,
        },
        "errors": run.sentences,
        "server_took": run.server.map(|taken| json!({
            "idle": taken.idle, "resident_under_load": taken.resident, "end": taken.end, "cores": taken.cores,
        })),
    })
}

/// In the order of [`WAYS`].
fn ways(run: &DeskRun) -> [&[f64]; WAYS.len()] {
    let all = &run.latencies;
    [&all.console, &all.widget, &all.first_words, &all.reply, &all.own, &all.stored, &all.driver]
}

fn name(act: Act) -> &'static str {
    match act {
        Act::Ask => "questions",
        Act::AskForPerson => "pleas for a person",
        Act::WriteToAgent => "to agents",
        Act::Reply => "agents' replies",
    }
}

fn key(act: Act) -> &'static str {
    match act {
        Act::Ask => "questions",
        Act::AskForPerson => "pleas",
        Act::WriteToAgent => "to_agents",
        Act::Reply => "replies",
    }
}

fn due_rate(run: &DeskRun) -> f64 {
    run.sent.iter().map(|Count { due, .. }| *due).sum::<usize>() as f64 / run.plan.length.as_secs_f64()
}

/// A driver that falls behind takes longer than was planned; one that waits for the last moment does not send for longer.
fn kept_rate(run: &DeskRun) -> f64 {
    run.sent.iter().map(|count| count.sent).sum::<usize>() as f64 / run.seconds.max(run.plan.length.as_secs_f64())
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::desk::account::{Faults, Latencies};
    use crate::bench::desk::{DeskPlan, Memory};
    use std::time::Duration;

    fn run() -> DeskRun {
        let memory = |megabytes: u64| Memory { resident: megabytes << 20, peak: 400 << 20 };
        DeskRun {
            plan: DeskPlan { shoppers: 2_000, rate: 20.0, length: Duration::from_secs(10) },
            agents: 50,
            sent: vec![Count { act: Act::Ask, due: 200, sent: 199 }, Count { act: Act::Reply, due: 20, sent: 20 }],
            seconds: 10.4,
            latencies: Latencies { console: (1..=100).map(f64::from).collect(), ..Latencies::default() },
            decisions: [("answer".to_owned(), 198), ("handoff".to_owned(), 1)].into(),
            faults: Faults { not_on_console: 2, unasked: 1, ..Faults::default() },
            sentences: vec!["the server answered 503".to_owned()],
            server: Some(Taken { idle: memory(200), resident: 310 << 20, end: memory(300), cores: 0.5 }),
        }
    }

    #[test]
    fn the_table_says_what_was_measured() {
        let table = desk_table(&run(), "Nightdesk", "2026-11-26");
        let lines: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for expected in [
            "50 open consoles, 2000 open widgets, 20 questions a second for 10 s; latency counts from when a message was due",
            "shopper -> each agent's console 100 50.0 95.0 99.0 100.0",
            "agent -> shopper's widget 0 - - - -",
            "sent questions 199 of 200, agents' replies 20 of 20",
            "rate 21.06 a second kept of 22.00",
            "lost 2 (not kept 0, not on the widget 0, not on a console 2, unanswered 0)",
            "doubled 1 (kept twice 0, shown twice 0, replies that nothing asked for 1)",
            "the server answered 503",
            "memory 200 MiB with all streams open, 310 MiB at most under load, 400 MiB at most since its start",
        ] {
            assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
        }
    }

    #[test]
    fn machines_read_the_same() {
        let json = desk_json(&run(), "Nightdesk", "2026-11-26");
        for (pointer, expected) in [
            ("/latencies_ms/shopper_to_console/p99", json!(99.0)),
            ("/latencies_ms/agent_to_widget", Value::Null),
            ("/sent/questions/sent", json!(199)),
            ("/lost", json!(2)),
            ("/doubled", json!(1)),
            ("/server_took/resident_under_load", json!(310 << 20)),
        ] {
            assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
        }
        assert!(!run().is_sound());
    }
}

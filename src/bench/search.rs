//! How long a decision takes, how long an edit, and how much memory a knowledge base of some size: the search and the confidence, without the language
//! model.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::machine::Machine;
use crate::confidence::Calibration;
use crate::inference::Embed;
use crate::knowledge::{Entry, EntryId, HandoffRule, Knowledge};
use crate::retrieval::{RetrievalError, Retriever, Stage, Stages};

const MATTERS: [(&str, [&str; 6], &str); 10] = [
    (
        "return",
        [
            "How do I return the X?",
            "send back my X",
            "the X does not suit me",
            "return label for the X",
            "can I bring the X back",
            "X, 30 days over?",
        ],
        "You can return the X within 30 days. Print the label from your account and drop the parcel at any shop.",
    ),
    (
        "wash",
        [
            "How do I clean the X?",
            "can the X go in the washing machine",
            "stain on my X",
            "washing instructions X",
            "is the X dishwasher safe",
            "care for the X",
        ],
        "Wash the X at 30 degrees and let it dry in the air. Do not tumble-dry it.",
    ),
    (
        "warranty",
        [
            "How long is the warranty on the X?",
            "my X broke after a year",
            "guarantee X",
            "the X stopped working",
            "is the X covered",
            "repair of the X",
        ],
        "The X has a warranty of two years. Send us a picture of the fault and the order number.",
    ),
    (
        "delivery",
        [
            "When will the X arrive?",
            "how long does the X take",
            "shipping time X",
            "is the X in stock",
            "delivery of the X to my door",
            "express for the X",
        ],
        "The X is delivered within 2 to 4 working days. Express takes one day and costs 9 euros.",
    ),
    (
        "size",
        [
            "What size is the X?",
            "dimensions of the X",
            "how heavy is the X",
            "does the X fit a small room",
            "X in large",
            "measures of the X",
        ],
        "The X comes in two sizes. The large one is 60 cm wide and weighs 4 kg.",
    ),
    (
        "price",
        ["How much is the X?", "price of the X", "discount on the X", "is the X cheaper in a set", "X on sale", "what does the X cost"],
        "The X costs 49 euros. In a set of two it is 89 euros.",
    ),
    (
        "colour",
        [
            "Which colours does the X have?",
            "X in blue",
            "is there a black X",
            "colour of the X looks different",
            "swatches for the X",
            "matching X",
        ],
        "The X comes in green, blue and natural. Ask for free swatches in the chat.",
    ),
    (
        "assembly",
        [
            "How do I put the X together?",
            "manual for the X",
            "missing screw for the X",
            "tools for the X",
            "can you assemble the X",
            "X instructions lost",
        ],
        "The X is put together in ten minutes with the key in the box. The manual is on its page.",
    ),
    (
        "origin",
        ["Where is the X made?", "is the X fair trade", "material of the X", "is the X vegan", "who makes the X", "wood of the X"],
        "The X is made in Portugal from certified wood. The finish is free of solvents.",
    ),
    (
        "gift",
        [
            "Can the X be wrapped as a gift?",
            "X as a present",
            "card with the X",
            "send the X to a friend",
            "gift box X",
            "no invoice with the X",
        ],
        "We wrap the X for 3 euros and add a card with your words. The invoice goes to you alone.",
    ),
];
const MAKES: [&str; 40] = [
    "oak", "pine", "walnut", "steel", "copper", "linen", "wool", "cotton", "leather", "canvas", "bamboo", "ceramic", "glass", "marble",
    "cork", "felt", "velvet", "silk", "paper", "clay", "red", "round", "folding", "tall", "small", "double", "hanging", "outdoor",
    "winter", "summer", "travel", "garden", "kitchen", "office", "nursery", "vintage", "modern", "rustic", "striped", "plain",
];
const THINGS: [&str; 50] = [
    "stool", "table", "lamp", "blanket", "mug", "kettle", "tent", "rucksack", "chair", "shelf", "mirror", "clock", "vase", "bowl", "plate",
    "towel", "pillow", "rug", "curtain", "basket", "bench", "desk", "bed", "cabinet", "rack", "hook", "tray", "jug", "pan", "knife",
    "board", "candle", "frame", "planter", "hammock", "parasol", "grill", "axe", "lantern", "compass", "jacket", "scarf", "glove", "boot",
    "hat", "belt", "wallet", "case", "bottle", "flask",
];
const MESSAGES: [&str; 8] = [
    "hey can i still give the X back, i have it for two weeks now",
    "theres a stain on my X what now",
    "X broke.. do i have any rights after 8 months",
    "need the X by friday, is that possible??",
    "would the X fit into a room of 2 metres",
    "hi, is the X a nice gift, can you wrap it and put a card in",
    "do you sell cars",
    "where is the wood of the X from",
];

/// What was measured with one number of entries.
pub struct SearchRow {
    entries: usize,
    /// Milliseconds of each message, with and without the reading of tokens.
    first_stage: Vec<f64>,
    whole: Vec<f64>,
    /// Milliseconds of each edit.
    edits: Vec<f64>,
    indexing_seconds: f64,
    grown_bytes: Option<u64>,
}

/// Takes the measurements with each number of entries, each with a question and five more phrasings; `rounds` messages are asked.
pub fn measure_search(
    embed: &Arc<dyn Embed>,
    sizes: &[usize],
    rounds: usize,
    say: &dyn Fn(&str),
) -> Result<Vec<SearchRow>, RetrievalError> {
    sizes.iter().map(|size| measure(embed, *size, rounds.max(1), say)).collect()
}

fn measure(embed: &Arc<dyn Embed>, size: usize, rounds: usize, say: &dyn Fn(&str)) -> Result<SearchRow, RetrievalError> {
    say(&format!("indexing {size} entries"));
    let calibration = Calibration::shipped();
    let knowledge = Arc::new(shop(size));
    let before = resident_bytes();
    let began = Instant::now();
    let retriever = Retriever::open(Arc::clone(&knowledge), Arc::clone(embed), None)?;
    let indexing_seconds = began.elapsed().as_secs_f64();
    let decide = |retriever: &Retriever, round: usize| -> Result<f64, RetrievalError> {
        let message = MESSAGES[round % MESSAGES.len()].replace('X', &thing(round * 7919 % size.max(1)));
        let began = Instant::now();
        std::hint::black_box(calibration.confidence(&retriever.candidates(&message)?));
        Ok(began.elapsed().as_secs_f64() * 1e3)
    };
    let timed = |retriever: &Retriever| -> Result<Vec<f64>, RetrievalError> {
        for round in 0..rounds.min(20) {
            decide(retriever, round)?;
        }
        (0..rounds).map(|round| decide(retriever, round)).collect()
    };
    say(&format!("asking {rounds} messages, twice"));
    let whole = timed(&retriever)?;
    let grown_bytes = resident_bytes().zip(before).map(|(now, before)| now.saturating_sub(before));
    let stages = Stages::without(&[Stage::Reader]).expect("others are left");
    let retriever = retriever.with_stages(stages);
    let first_stage = timed(&retriever)?;
    let edits = (0..5.min(rounds)).map(|round| {
        let mut entries = knowledge.entries.clone();
        let last = entries.len() - 1;
        let entry = &mut entries[last];
        *entry = Arc::new(Entry { answer: format!("{} Edit {round}.", entry.answer), ..entry.as_ref().clone() });
        let began = Instant::now();
        retriever.replace(Arc::new(Knowledge::of(entries)))?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    });
    let edits = edits.collect::<Result<_, RetrievalError>>()?;
    Ok(SearchRow { entries: size, first_stage, whole, edits, indexing_seconds, grown_bytes })
}

/// A shop with so many entries, no two of them alike.
fn shop(size: usize) -> Knowledge {
    let entry = |number: usize| {
        let (matter, texts, answer) = MATTERS[number % MATTERS.len()];
        let own = |text: &str| text.replace('X', &thing(number));
        Arc::new(Entry {
            id: EntryId::parse(&format!("{matter}/{number}")).expect("letters and digits are an id"),
            topic: matter.to_owned(),
            locale: "en".to_owned(),
            updated: None,
            question: own(texts[0]),
            phrasings: texts[1..].iter().map(|text| own(text)).collect(),
            answer: own(answer),
            handoff: HandoffRule::Never,
            file: "made.md".to_owned(),
            line: number + 1,
        })
    };
    Knowledge::of((0..size).map(entry).collect())
}

/// The thing that an entry is about: every matter of one thing, then the next thing.
fn thing(number: usize) -> String {
    let number = number / MATTERS.len();
    format!("{} {}", MAKES[number / THINGS.len() % MAKES.len()], THINGS[number % THINGS.len()])
}

/// What the process holds in memory, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The value below or at which so large a share of the values lies; there must be one.
pub(super) fn at(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1]
}

/// For people.
pub fn search_table(rows: &[SearchRow], date: &str) -> String {
    let machine = Machine::read();
    let messages = rows.first().map_or(0, |row| row.whole.len());
    let mut out = format!(
        "{}, {} threads, {date}, {messages} messages, one at a time, five phrasings an entry\n\n",
        machine.processor, machine.threads
    );
    let _ = writeln!(
        out,
        "{:>8}  {:>21}  {:>21}  {:>10}  {:>10}  {:>10}",
        "entries", "first stage p50 / p99", "with reader p50 / p99", "one edit", "indexing", "memory"
    );
    for row in rows {
        let pair = |values: &[f64]| format!("{:.1} / {:.1} ms", at(values, 0.5), at(values, 0.99));
        let memory = row.grown_bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6));
        let _ = writeln!(
            out,
            "{:>8}  {:>21}  {:>21}  {:>7.0} ms  {:>8.1} s  {memory:>10}",
            row.entries,
            pair(&row.first_stage),
            pair(&row.whole),
            at(&row.edits, 0.5),
            row.indexing_seconds,
        );
    }
    out
}

/// For machines.
pub fn search_json(rows: &[SearchRow], date: &str) -> Value {
    let row = |row: &SearchRow| {
        json!({
            "entries": row.entries,
            "first_stage_ms": {"p50": at(&row.first_stage, 0.5), "p99": at(&row.first_stage, 0.99)},
            "with_reader_ms": {"p50": at(&row.whole, 0.5), "p99": at(&row.whole, 0.99)},
            "edit_ms": at(&row.edits, 0.5),
            "indexing_seconds": row.indexing_seconds,
            "grown_bytes": row.grown_bytes,
        })
    };
    json!({"date": date, "rows": rows.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_entries_are_alike() {
        let shop = shop(20_000);
        let questions: BTreeSet<&str> = shop.entries.iter().map(|entry| entry.question.as_str()).collect();
        assert_eq!(questions.len(), 20_000);
        assert!(shop.entries.iter().all(|entry| entry.phrasings.len() == 5 && !entry.answer.contains('X')));
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((at(&values, 0.5), at(&values, 0.99), at(&[7.0], 0.99)), (50.0, 99.0, 7.0));
    }
}

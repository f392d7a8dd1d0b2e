//! Whether a statement says only what its source says, whoever wrote it.
//!
//! Composition says a source's own sentences. The gate also lets pass what says the same in other words, and it knows neither the model nor the
//! question: it compares two texts. What a shopper could hold the shop to is compared exactly: numbers with their units,
//! bounds and what they are said of, amounts, dates, times, addresses, links, order numbers, names, states, denials, limits, conditions. The other
//! words are compared by their stems, and nine tenths of them must stand in at most three sentences of the source. When in doubt it refuses; then the
//! stored answer is sent.
//!
//! It does not see what needs the meaning of words: a wrong one among ten right ones (`the large size` for `the size`), who does what to whom, what
//! two sentences say only together. A synonym that `stem.rs` does not list is refused. A `yes` in front depends on the question: it passes only where
//! the source itself begins so. `nightdesk eval attribution` measures it.
//!
//! A text of 100 kB takes some tens of milliseconds, whatever is in it: each pass is linear, and what could multiply is counted and cut off.

pub mod fault;

mod address;
mod bound;
mod condition;
mod date;
mod denial;
mod judge;
mod lexicon;
mod measure;
mod name;
mod order;
mod passage;
mod segment;
mod selection;
mod source;
mod stem;
mod token;
mod value;
mod values;

#[cfg(test)]
mod gate_tests;

pub use fault::Fault;
pub use values::check_values;

use judge::Judge;
use passage::Passage;
use source::{Source, split, stands_verbatim};

/// Longer statements, in bytes, are no sentences.
const LONGEST: usize = 1_200;
/// A sentence with more values is a table.
const MOST_VALUES: usize = 24;
/// What a statement with a fault has at most.
const WITH_FAULT: f32 = 0.5;
/// What a statement has at most that is not word for word.
const IN_OTHER_WORDS: f32 = 0.99;

/// Whether `statement`, one sentence, stands in `source`, the text or the rows that it names. Of several sentences each must stand there.
pub fn check(statement: &str, source: &str) -> Result<(), Fault> {
    match judged(statement, source) {
        Judged::Verbatim => Ok(()),
        Judged::Refused(fault) => Err(fault),
        Judged::Clauses(clauses, source) => clauses.iter().find_map(|said| fault(said, &source)).map_or(Ok(()), Err),
    }
}

/// How strongly it stands there: 1 word for word, 0 not at all. The share of what it says that stands there, less where the words have another order,
/// and half of that with a fault; of several sentences the weakest counts. For measuring: it is no probability.
pub fn support(statement: &str, source: &str) -> f32 {
    match judged(statement, source) {
        Judged::Verbatim => 1.0,
        Judged::Refused(_) => 0.0,
        Judged::Clauses(clauses, source) => clauses.iter().map(|said| strength(said, &source)).fold(IN_OTHER_WORDS, f32::min).max(0.0),
    }
}

/// What is clear before words are compared, or what is to be compared.
enum Judged {
    Verbatim,
    Refused(Fault),
    Clauses(Vec<Passage>, Source),
}

fn judged(statement: &str, source: &str) -> Judged {
    if !statement.chars().any(char::is_alphanumeric) {
        return Judged::Refused(Fault::Empty);
    }
    if stands_verbatim(statement, source) {
        return Judged::Verbatim;
    }
    if statement.len() > LONGEST {
        return Judged::Refused(Fault::TooLong);
    }
    let clauses = clauses(statement);
    if clauses.is_empty() {
        return Judged::Refused(Fault::Unsupported { share: 0.0 });
    }
    Judged::Clauses(clauses, Source::read(source))
}

/// The clauses of a statement that say something. A `Yes.` or `Sorry:` in front is put to what follows.
fn clauses(statement: &str) -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let mut answer = None;
    for clause in split(statement).iter().flat_map(|sentence| sentence.split([';', '；'])) {
        let mut said = Passage::read(clause);
        if said.says_nothing() {
            answer = said.answer.or(answer);
            continue;
        }
        said.answer = said.answer.or(answer.take());
        found.push(said);
    }
    found
}

fn fault(said: &Passage, source: &Source) -> Option<Fault> {
    if said.asks {
        return Some(Fault::Question);
    }
    if said.values.len() > MOST_VALUES {
        return Some(Fault::TooLong);
    }
    Judge::of(said, source).fault()
}

fn strength(said: &Passage, source: &Source) -> f32 {
    let judge = Judge::of(said, source);
    let strength = judge.share() * (0.6 + 0.4 * judge.pairs());
    if fault(said, source).is_some() { WITH_FAULT * strength } else { strength }
}

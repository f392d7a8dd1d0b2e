//! What a knowledge base can rehearse by itself, before anybody has labelled a question: its own phrasings, asked while they are held out of the index, and
//! messages that no shop of its kind covers.
//!
//! It is easier than real shoppers are (who wrote one phrasing of an entry often wrote the others in the same breath), so what is learned from it is
//! provisional. Everything is chosen by hashes: the same knowledge base rehearses the same messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::attempt::{Attempt, embed_all};
use crate::confidence::Origin;
use crate::knowledge::{Entry, Knowledge};
use crate::retrieval::{Correction, Hit, Read, RetrievalError, Retriever};

/// Messages that a shop does not cover, one a line: see the head of the file.
pub const OUT_OF_SCOPE: &str = include_str!("out_of_scope.txt");

/// Phrasings for one out-of-scope message: about a third of what real shoppers write is covered by nothing.
const PHRASINGS_PER_OUT_OF_SCOPE: usize = 2;
/// From this mean number of phrasings an entry on, and so many in all, they teach how to weigh the signals.
const TEACHING: (usize, usize) = (8, 150);
/// Phrasings that are asked then.
const MOST_LESSONS: usize = 1_200;
/// Folds that together hold out everything. Each takes a new index.
const MOST_FOLDS: usize = 8;
/// From this cosine on, a message is nearly a phrasing of the shop.
const NEARLY_A_PHRASING: f32 = 0.8;
/// From this cosine of an answer on, with nearly all of the message's words in the entry, the shop speaks of the matter.
const NEARLY_AN_ANSWER: f32 = 0.7;
/// The share of the message's words, weighed by rarity, that an entry which speaks of the matter has.
const NEARLY_ALL_WORDS: f32 = 0.85;
/// From this share of letters on a text is Chinese.
const MOSTLY: f32 = 0.5;

/// What was rehearsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Held-out phrasings with the entry that they belong to, then messages of other matters with none.
    pub attempts: Vec<Attempt>,
    /// How many of them are messages of other matters.
    pub out_of_scope: usize,
    /// Whether there are so many phrasings of each entry that they can teach how to weigh the signals.
    pub teaches: bool,
    /// Whether the answers were read: then the signals weigh differently.
    pub read: Read,
}

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Messages that were embedded or asked.
    pub done: usize,
    /// Of so many.
    pub of: usize,
}

impl Rehearsal {
    /// What a calibration from it is called.
    pub fn origin(&self) -> Origin {
        Origin::Provisional { phrasings: self.attempts.len() - self.out_of_scope, out_of_scope: self.out_of_scope }
    }
}

/// Rehearses. Asks about 1400 messages at most, whatever the size of the knowledge base; `progress` is told after each batch.
pub fn rehearse(retriever: &Retriever, progress: &dyn Fn(Step)) -> Result<Rehearsal, RetrievalError> {
    let (frozen, memory) = retriever.frozen();
    // What an earlier rehearsal taught must not be learned twice.
    frozen.correct(Correction::default());
    let knowledge = frozen.knowledge();
    let mut others = out_of_scope(&knowledge);
    let all: usize = knowledge.entries.iter().map(|entry| texts(entry).len()).sum();
    let teaches = all >= TEACHING.0 * knowledge.entries.len() && all >= TEACHING.1;
    let plan = Plan::of(&knowledge, if teaches { MOST_LESSONS } else { PHRASINGS_PER_OUT_OF_SCOPE * others.len() });
    // As many as there are phrasings for; a very small shop gets a few all the same, for it must learn to refuse.
    others.truncate((plan.held_out.len() / PHRASINGS_PER_OUT_OF_SCOPE).max(FEWEST_OUT_OF_SCOPE));
    let of = others.len() + plan.held_out.len();
    embed_all(memory.as_ref(), &others, &|done| progress(Step { done, of }))?;

    let mut attempts = Vec::with_capacity(of);
    for fold in 0..plan.folds {
        let index = Retriever::open(Arc::new(plan.without(fold, &knowledge)), Arc::clone(&memory) as _, None)?.with_stages(frozen.stages());
        for held_out in plan.held_out.iter().filter(|held_out| held_out.fold == fold) {
            let entry = &knowledge.entries[held_out.entry];
            attempts.push(Attempt::search(&index, texts(entry)[held_out.text], Some(entry.id.clone()))?);
        }
        progress(Step { done: others.len() + attempts.len(), of });
    }
    let phrasings = attempts.len();
    for message in others {
        let hits = frozen.candidates(message)?;
        if !is_nearly_covered(&hits) {
            attempts.push(Attempt::of(message, None, &hits));
        }
    }
    let out_of_scope = attempts.len() - phrasings;
    Ok(Rehearsal { attempts, out_of_scope, teaches, read: frozen.read() })
}

/// Fewer messages of other matters would teach nothing.
const FEWEST_OUT_OF_SCOPE: usize = 20;

/// Whether the shop covers a message after all: it is nearly one of its phrasings, or one of its answers speaks of the same with the same words. Such a
/// message is not asked, for an answer to it may well be right. In Chinese, of which the sentence embeddings know little, words alone decide.
fn is_nearly_covered(hits: &[Hit]) -> bool {
    hits.iter().any(|hit| {
        let all_words = hit.signals.coverage >= NEARLY_ALL_WORDS;
        // Without a model that reads there is no more to go by than for Chinese.
        let speaks_of_it = hit.signals.sentence >= NEARLY_AN_ANSWER || hit.signals.sentence == 0.0;
        if hit.query.cjk >= MOSTLY { all_words } else { hit.signals.phrasing >= NEARLY_A_PHRASING || (all_words && speaks_of_it) }
    })
}

/// The messages in the shop's languages, in the order of their hashes: a beginning of them is a sample.
fn out_of_scope(knowledge: &Knowledge) -> Vec<&'static str> {
    let chinese = |text: &str| {
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count() as f32;
        text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count() as f32 >= MOSTLY * letters
    };
    let spoken: Vec<bool> = knowledge.entries.iter().map(|entry| chinese(&entry.question)).collect();
    let lines = OUT_OF_SCOPE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut messages: Vec<&str> = lines.filter(|line| spoken.contains(&chinese(line))).collect();
    messages.sort_by_key(|message| hash(message));
    messages
}

/// A phrasing that is held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldOut {
    /// Its entry's place.
    entry: usize,
    /// Its place among the entry's texts.
    text: usize,
    /// The fold that is without it.
    fold: usize,
}

/// Which phrasings are held out when.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    folds: usize,
    held_out: Vec<HeldOut>,
}

impl Plan {
    /// At most so many phrasings. An entry's texts are spread over the folds, and in each fold it keeps at least one.
    fn of(knowledge: &Knowledge, most: usize) -> Self {
        let mut candidates: Vec<([u8; 32], usize, usize)> = Vec::new();
        for (number, entry) in knowledge.entries.iter().enumerate() {
            let texts = texts(entry);
            if texts.len() > 1 {
                candidates.extend(texts.iter().enumerate().map(|(place, text)| (hash(text), number, place)));
            }
        }
        let all = candidates.len();
        // By hash, and by place where two entries share a phrasing.
        candidates.sort_unstable();
        candidates.truncate(most);
        // In a large knowledge base a sample is missing so little that one fold can do without all of it.
        let folds = (MOST_FOLDS * candidates.len()).div_ceil(all.max(1)).clamp(1, MOST_FOLDS);
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let mut held_out = Vec::with_capacity(candidates.len());
        for (_, entry, text) in candidates {
            let before = taken.entry(entry).or_default();
            let fold = (entry + *before) % folds;
            // The entry's share of this fold so far is `before / folds`; one text has to stay.
            if *before / folds + 1 < texts(&knowledge.entries[entry]).len() {
                held_out.push(HeldOut { entry, text, fold });
                *before += 1;
            }
        }
        Self { folds, held_out }
    }

    /// The knowledge of a fold.
    fn without(&self, fold: usize, knowledge: &Knowledge) -> Knowledge {
        let mut missing: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for held_out in self.held_out.iter().filter(|held_out| held_out.fold == fold) {
            missing.entry(held_out.entry).or_default().push(held_out.text);
        }
        let reduced = |(number, entry): (usize, &Arc<Entry>)| match missing.get(&number) {
            None => Arc::clone(entry),
            Some(missing) => {
                let kept = texts(entry).into_iter().enumerate().filter(|(place, _)| !missing.contains(place));
                let mut kept = kept.map(|(_, text)| text.to_owned());
                let question = kept.next().expect("a plan leaves one");
                Arc::new(Entry { question, phrasings: kept.collect(), ..entry.as_ref().clone() })
            }
        };
        let entries = knowledge.entries.iter().enumerate().map(reduced).collect();
        Knowledge { entries, hash: format!("{} without fold {fold} of {}", knowledge.hash, self.folds) }
    }
}

/// The ways to ask for an entry: its question, then its phrasings.
fn texts(entry: &Entry) -> Vec<&str> {
    std::iter::once(&entry.question).chain(&entry.phrasings).map(String::as_str).collect()
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
#[path = "rehearsal_tests.rs"]
mod tests;

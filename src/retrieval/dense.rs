//! The dense side: one row for each phrasing, compared with the query by the base model, and one reading of each entry by the adapted one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::inference::{Embed, InferenceError, Reading, VectorTable, dot};
use crate::knowledge::Entry;

use super::cache::{Key, Vectors};
use super::head;
use super::known::Known;

/// Texts that are given to the model at once.
const CHUNK: usize = 256;
/// Entries whose tokens are kept: 30 kB each. In a larger knowledge base those of the best candidates are read anew for each message.
const KEEP_TOKENS: usize = 2_000;
/// Phrasings that an entry's mean of the nearest is made of.
const NEAREST: usize = 3;

/// Vectors of all texts of a knowledge base.
pub(super) struct DenseIndex {
    vectors: Arc<Vectors>,
    /// The places of each entry's texts, the question first; several texts may share a place.
    texts: Vec<Vec<usize>>,
    head: Option<VectorTable>,
    /// Readings, where the embedder gives any.
    readings: Option<Readings>,
}

struct Readings {
    /// What is read for each entry.
    documents: Vec<String>,
    /// Where each entry's vector is.
    places: Vec<usize>,
    /// Of whole entries.
    vectors: Arc<Vectors>,
    /// Of their tokens.
    tokens: Arc<Vectors>,
    /// Where each entry's tokens are; empty where they are not kept.
    spans: Vec<std::ops::Range<usize>>,
}

/// What the head says of a phrasing that it was fitted on is about so much of its cosine; where a knowledge base is too large for a head, the nearest
/// phrasing stands in.
const STAND_IN: f32 = 0.6;

/// What the vectors say of one query, for one entry.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct DenseScore {
    /// Cosine of the nearest phrasing.
    pub(super) phrasing: f32,
    /// Which one it is; 0 is the question.
    pub(super) nearest: usize,
    /// Mean cosine of the three nearest, or of all where there are fewer.
    pub(super) phrasings: f32,
    /// What the linear head says.
    pub(super) head: f32,
    /// Cosine of the readings of message and entry.
    pub(super) answer: f32,
}

/// A query, embedded and read.
pub(super) struct Asked {
    vector: Vec<f32>,
    reading: Option<Reading>,
}

impl DenseIndex {
    /// Takes from `known` what it has and embeds the rest.
    pub(super) fn build<'a>(
        entries: impl Iterator<Item = &'a Entry> + Clone,
        known: &Known,
        embed: &dyn Embed,
    ) -> Result<Self, InferenceError> {
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut wanted: Vec<(Key, &str)> = Vec::new();
        let mut texts: Vec<Vec<usize>> = Vec::new();
        for entry in entries.clone() {
            let mut place = |text: &'a String| {
                let key = Key::of(text);
                *places.entry(key).or_insert_with(|| {
                    wanted.push((key, text));
                    wanted.len() - 1
                })
            };
            texts.push(std::iter::once(&entry.question).chain(&entry.phrasings).map(&mut place).collect());
        }
        let vectors = embedded(&wanted, &known.vectors, embed)?;
        let owned: Vec<(usize, usize)> =
            texts.iter().enumerate().flat_map(|(entry, texts)| texts.iter().map(move |place| (*place, entry))).collect();
        let head = head::fit(vectors.table(), &owned, texts.len())?;
        // Where no entry has an answer there is nothing to read that the phrasings do not say.
        let is_answered = entries.clone().any(|entry| entry.answer.chars().any(char::is_alphanumeric));
        let readings = if is_answered { Readings::build(entries.map(document).collect(), known, embed)? } else { None };
        Ok(Self { vectors: Arc::new(vectors), texts, head, readings })
    }

    /// What is known for the next index.
    pub(super) fn known(&self, dimensions: usize) -> Known {
        let none = || Arc::new(Vectors::none(dimensions));
        Known {
            vectors: Arc::clone(&self.vectors),
            entries: self.readings.as_ref().map_or_else(none, |readings| Arc::clone(&readings.vectors)),
            tokens: self.readings.as_ref().map_or_else(none, |readings| Arc::clone(&readings.tokens)),
        }
    }

    /// The vector of a text that is in the index.
    pub(super) fn vector(&self, key: &Key) -> Option<Vec<f32>> {
        self.vectors.get(key)
    }

    /// The reading of an entry's text, where its tokens are kept.
    pub(super) fn reading(&self, key: &Key) -> Option<Reading> {
        let readings = self.readings.as_ref()?;
        let vector = readings.vectors.get(key)?;
        let tokens: Vec<f32> = (0..).map_while(|number| readings.tokens.get(&key.of_token(number))).flatten().collect();
        (!tokens.is_empty()).then_some(Reading { vector, tokens, weights: Vec::new() })
    }

    /// Embeds and reads a query.
    pub(super) fn ask(&self, query: &str, embed: &dyn Embed) -> Result<Asked, InferenceError> {
        let vector = embed.embed(&[query])?.pop().unwrap_or_default();
        let reading = if self.readings.is_some() { embed.read(&[query])?.and_then(|mut read| read.pop()) } else { None };
        Ok(Asked { vector, reading })
    }

    /// Scores every entry.
    pub(super) fn search(&self, asked: &Asked) -> Vec<DenseScore> {
        let cosines = self.vectors.table().dots(&asked.vector);
        let heads = self.head.as_ref().map(|head| head.dots(&asked.vector));
        let answers =
            self.readings.as_ref().zip(asked.reading.as_ref()).map(|(readings, asked)| readings.vectors.table().dots(&asked.vector));
        let score = |(entry, texts): (usize, &Vec<usize>)| {
            let mut best = [f32::MIN; NEAREST];
            let mut nearest = 0;
            for (number, place) in texts.iter().enumerate() {
                let cosine = cosines[*place];
                if cosine > best[0] {
                    nearest = number;
                }
                if let Some(at) = best.iter().position(|other| cosine > *other) {
                    best[at..].rotate_right(1);
                    best[at] = cosine;
                }
            }
            let kept = texts.len().clamp(1, NEAREST);
            DenseScore {
                phrasing: best[0],
                nearest,
                phrasings: best[..kept].iter().sum::<f32>() / kept as f32,
                head: heads.as_ref().map_or(STAND_IN * best[0], |heads| heads[entry]),
                answer: self.readings.as_ref().zip(answers.as_ref()).map_or(0.0, |(readings, answers)| answers[readings.places[entry]]),
            }
        };
        self.texts.iter().enumerate().map(score).collect()
    }

    /// The phrasings of an entry (0 is the question) that are nearest to a query, at most so many.
    pub(super) fn nearest(&self, asked: &Asked, entry: usize, most: usize) -> Vec<usize> {
        let texts = &self.texts[entry];
        if texts.len() <= most {
            return (0..texts.len()).collect();
        }
        let table = self.vectors.table();
        let mut row = vec![0.0; table.width()];
        let mut scored: Vec<(f32, usize)> = texts
            .iter()
            .enumerate()
            .map(|(number, place)| {
                table.row(*place, &mut row);
                (dot(&row, &asked.vector), number)
            })
            .collect();
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(most).map(|(_, number)| number).collect()
    }

    /// How well the tokens of a query find theirs in each of these entries; `None` where there is no reading model.
    pub(super) fn read(&self, asked: &Asked, entries: &[usize], embed: &dyn Embed) -> Result<Option<Vec<f32>>, InferenceError> {
        let (Some(readings), Some(asked)) = (&self.readings, &asked.reading) else { return Ok(None) };
        let missing: Vec<usize> = entries.iter().copied().filter(|entry| readings.spans[*entry].is_empty()).collect();
        let texts: Vec<&str> = missing.iter().map(|entry| readings.documents[*entry].as_str()).collect();
        let fresh = if missing.is_empty() { Vec::new() } else { embed.read(&texts)?.unwrap_or_default() };
        let width = asked.vector.len();
        let mut kept = Vec::new();
        let score = |entry: &usize| match missing.iter().position(|other| other == entry) {
            Some(at) => fresh.get(at).map_or(0.0, |reading| found(asked, &reading.tokens)),
            None => {
                let span = readings.spans[*entry].clone();
                kept.resize(span.len() * width, 0.0);
                span.zip(kept.chunks_exact_mut(width)).for_each(|(place, row)| readings.tokens.table().row(place, row));
                found(asked, &kept)
            }
        };
        Ok(Some(entries.iter().map(score).collect()))
    }
}

impl Readings {
    fn build(documents: Vec<String>, known: &Known, embed: &dyn Embed) -> Result<Option<Self>, InferenceError> {
        let keys: Vec<Key> = documents.iter().map(|document| Key::of(document)).collect();
        let keep = documents.len() <= KEEP_TOKENS;
        let is_known = |key: &Key| known.entries.place(key).is_some() && (!keep || known.tokens.place(&key.of_token(0)).is_some());
        let mut order: Vec<(Key, &str)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for (key, document) in keys.iter().zip(&documents) {
            places.entry(*key).or_insert_with(|| {
                order.push((*key, document));
                order.len() - 1
            });
        }
        let (mut wholes, mut tokens): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
        for chunk in order.chunks(CHUNK) {
            let missing: Vec<&str> = chunk.iter().filter(|(key, _)| !is_known(key)).map(|(_, text)| *text).collect();
            let mut fresh = match embed.read(&missing)? {
                Some(read) => read.into_iter(),
                None => return Ok(None),
            };
            for (key, _) in chunk {
                if is_known(key) {
                    wholes.push(known.entries.get(key).unwrap_or_default());
                    let own = (0..).map_while(|number| known.tokens.get(&key.of_token(number)));
                    tokens.push(if keep { own.flatten().collect() } else { Vec::new() });
                } else {
                    let reading = fresh.next().ok_or_else(|| InferenceError::Failed { fault: "it returned too few readings".into() })?;
                    wholes.push(reading.vector);
                    tokens.push(if keep { reading.tokens } else { Vec::new() });
                }
            }
        }
        let width = embed.dimensions();
        let vectors =
            Vectors::build(order.iter().map(|(key, _)| *key).collect(), width, &mut |place, row| row.copy_from_slice(&wholes[place]))?;
        let mut starts = vec![0];
        tokens.iter().for_each(|own| starts.push(starts[starts.len() - 1] + own.len() / width));
        let token_keys =
            order.iter().zip(&tokens).flat_map(|((key, _), own)| (0..own.len() / width).map(move |number| key.of_token(number))).collect();
        let rows: Vec<&[f32]> = tokens.iter().flat_map(|own| own.chunks_exact(width)).collect();
        let tokens = Vectors::build(token_keys, width, &mut |place, row| row.copy_from_slice(rows[place]))?;
        let places: Vec<usize> = keys.iter().map(|key| places[key]).collect();
        let spans = places.iter().map(|place| starts[*place]..starts[place + 1]).collect();
        Ok(Some(Self { documents, places, vectors: Arc::new(vectors), tokens: Arc::new(tokens), spans }))
    }
}

/// What is read of an entry.
fn document(entry: &Entry) -> String {
    let document = format!("{} {}", entry.question, entry.answer);
    document.trim().to_owned()
}

/// Each token of the query finds its nearest; what is found, weighed by the token.
fn found(asked: &Reading, tokens: &[f32]) -> f32 {
    let width = asked.vector.len();
    let nearest = |token: &[f32]| tokens.chunks_exact(width).map(|other| dot(token, other)).fold(-1.0, f32::max);
    asked
        .tokens
        .chunks_exact(width)
        .zip(&asked.weights)
        .filter(|(_, weight)| **weight > 0.0)
        .map(|(token, weight)| weight * nearest(token))
        .sum()
}

fn embedded(wanted: &[(Key, &str)], known: &Vectors, embed: &dyn Embed) -> Result<Vectors, InferenceError> {
    let mut fresh: HashMap<Key, Vec<f32>> = HashMap::new();
    let missing: Vec<&(Key, &str)> = wanted.iter().filter(|(key, _)| known.place(key).is_none()).collect();
    for chunk in missing.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(|(_, text)| *text).collect();
        let vectors = embed.embed(&texts)?;
        if vectors.len() != texts.len() {
            return Err(InferenceError::Failed { fault: "it returned too few vectors".into() });
        }
        fresh.extend(chunk.iter().map(|(key, _)| *key).zip(vectors));
    }
    Vectors::build(wanted.iter().map(|(key, _)| *key).collect(), embed.dimensions(), &mut |place, row| {
        let key = &wanted[place].0;
        match known.place(key) {
            Some(place) => known.table().row(place, row),
            None => row.copy_from_slice(&fresh[key]),
        }
    })
}

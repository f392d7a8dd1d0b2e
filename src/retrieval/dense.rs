//! The dense side: one row for each phrasing, compared with the query by the base model, and one reading of each entry by the adapted one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::inference::{Embed, InferenceError, Reading, VectorTable, dot};
use crate::knowledge::{Entry, sentences};

use super::Read;
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
    documents: Vec<Document>,
    /// Of the sentences of answers.
    sentences: Arc<Vectors>,
    /// Where each entry's sentences are.
    sentence_spans: Vec<Range<usize>>,
    /// Of their tokens.
    tokens: Arc<Vectors>,
    /// Where each entry's tokens are; empty where they are not kept.
    spans: Vec<Range<usize>>,
    /// Where among its tokens each of an entry's sentences is; empty where they are not kept.
    passages: Vec<Vec<Range<usize>>>,
}

/// What is read of an entry: its question and its answer.
struct Document {
    text: String,
    /// Where the answer begins.
    answer: usize,
}

/// How well a query's tokens find their like in an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Found {
    /// In all of it.
    pub(super) anywhere: f32,
    /// In the sentence of the answer where they find most.
    pub(super) in_one_sentence: f32,
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
    /// Cosine of the readings of the message and the nearest sentence of the answer.
    pub(super) sentence: f32,
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
        let readings = if is_answered { Readings::build(entries.map(Document::of).collect(), known, embed)? } else { None };
        Ok(Self { vectors: Arc::new(vectors), texts, head, readings })
    }

    /// Whether there are readings of answers.
    pub(super) fn read_answers(&self) -> Read {
        if self.readings.is_some() { Read::Answers } else { Read::Nothing }
    }

    /// What is known for the next index.
    pub(super) fn known(&self, dimensions: usize) -> Known {
        let none = || Arc::new(Vectors::none(dimensions));
        Known {
            vectors: Arc::clone(&self.vectors),
            sentences: self.readings.as_ref().map_or_else(none, |readings| Arc::clone(&readings.sentences)),
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
        let tokens: Vec<f32> = (0..).map_while(|number| readings.tokens.get(&key.of_part(number))).flatten().collect();
        (!tokens.is_empty()).then(|| Reading { vector: middle(&tokens, readings.tokens.table().width()), tokens, weights: Vec::new() })
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
        let sentences = self.readings.as_ref().zip(asked.reading.as_ref()).map(|(readings, asked)| {
            let dots = readings.sentences.table().dots(&asked.vector);
            let nearest = |span: &Range<usize>| dots[span.clone()].iter().copied().reduce(f32::max).unwrap_or(0.0);
            readings.sentence_spans.iter().map(nearest).collect::<Vec<f32>>()
        });
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
                sentence: sentences.as_ref().map_or(0.0, |sentences| sentences[entry]),
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
    pub(super) fn read(&self, asked: &Asked, entries: &[usize], embed: &dyn Embed) -> Result<Option<Vec<Found>>, InferenceError> {
        let (Some(readings), Some(asked)) = (&self.readings, &asked.reading) else { return Ok(None) };
        let missing: Vec<usize> = entries.iter().copied().filter(|entry| readings.spans[*entry].is_empty()).collect();
        let texts: Vec<&str> = missing.iter().map(|entry| readings.documents[*entry].text.as_str()).collect();
        let fresh = if missing.is_empty() { Vec::new() } else { embed.read(&texts)?.unwrap_or_default() };
        let width = asked.vector.len();
        let mut kept = Vec::new();
        let mut score = |entry: &usize| match missing.iter().position(|other| other == entry) {
            Some(at) => match fresh.get(at) {
                Some(reading) => Ok(found(asked, &reading.tokens, &readings.documents[*entry].passages(embed)?)),
                None => Ok(Found::default()),
            },
            None => {
                let span = readings.spans[*entry].clone();
                kept.resize(span.len() * width, 0.0);
                span.zip(kept.chunks_exact_mut(width)).for_each(|(place, row)| readings.tokens.table().row(place, row));
                Ok(found(asked, &kept, &readings.passages[*entry]))
            }
        };
        entries.iter().map(&mut score).collect::<Result<Vec<_>, _>>().map(Some)
    }
}

impl Readings {
    fn build(documents: Vec<Document>, known: &Known, embed: &dyn Embed) -> Result<Option<Self>, InferenceError> {
        let keys: Vec<Key> = documents.iter().map(|document| Key::of(&document.text)).collect();
        let keep = documents.len() <= KEEP_TOKENS;
        let is_known =
            |key: &Key| known.sentences.place(&key.of_part(0)).is_some() && (!keep || known.tokens.place(&key.of_part(0)).is_some());
        let mut order: Vec<(Key, &Document)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for (key, document) in keys.iter().zip(&documents) {
            places.entry(*key).or_insert_with(|| {
                order.push((*key, document));
                order.len() - 1
            });
        }
        let (mut sentences, mut tokens): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
        for chunk in order.chunks(CHUNK) {
            let missing: Vec<&str> = chunk.iter().filter(|(key, _)| !is_known(key)).map(|(_, document)| document.text.as_str()).collect();
            let mut fresh = match embed.read(&missing)? {
                Some(read) => read.into_iter(),
                None => return Ok(None),
            };
            for (key, document) in chunk {
                if is_known(key) {
                    sentences.push(parts(&known.sentences, *key));
                    tokens.push(if keep { parts(&known.tokens, *key) } else { Vec::new() });
                } else {
                    let reading = fresh.next().ok_or_else(|| InferenceError::Failed { fault: "it returned too few readings".into() })?;
                    sentences.push(document.sentences(&reading, embed)?);
                    tokens.push(if keep { reading.tokens } else { Vec::new() });
                }
            }
        }
        let width = embed.dimensions();
        let keys_in_order: Vec<Key> = order.iter().map(|(key, _)| *key).collect();
        let (sentences, sentence_starts) = together(&keys_in_order, &sentences, width)?;
        let (tokens, token_starts) = together(&keys_in_order, &tokens, width)?;
        let spans = |starts: &[usize]| keys.iter().map(|key| starts[places[key]]..starts[places[key] + 1]).collect();
        let (sentence_spans, spans) = (spans(&sentence_starts), spans(&token_starts));
        let passages = if keep { documents.iter().map(|document| document.passages(embed)).collect::<Result<_, _>>()? } else { Vec::new() };
        Ok(Some(Self { documents, sentences: Arc::new(sentences), sentence_spans, tokens: Arc::new(tokens), spans, passages }))
    }
}

impl Document {
    fn of(entry: &Entry) -> Self {
        let question = entry.question.trim();
        Self { text: format!("{question} {}", entry.answer.trim()), answer: question.len() + 1 }
    }

    /// Where among the tokens of the text each sentence of the answer is, of those that are read to some part.
    fn passages(&self, embed: &dyn Embed) -> Result<Vec<Range<usize>>, InferenceError> {
        let starts = embed.token_starts(&self.text)?;
        // The model's own mark at the end stands for nothing that was written.
        let Some(last) = starts.iter().rposition(Option::is_some) else { return Ok(Vec::new()) };
        let starts = &starts[..=last];
        // What lies behind the last token need not be taken apart: an answer may have a megabyte.
        let read = self.text.ceil_char_boundary(starts[last].map_or(0, |start| start + 1));
        let answer = self.text[..read].get(self.answer..).unwrap_or_default();
        let token = |at: usize| starts.partition_point(|start| start.is_none_or(|start| start < at));
        let places = sentences(answer).into_iter().map(|range| token(range.start + self.answer)..token(range.end + self.answer));
        Ok(places.filter(|range| !range.is_empty()).collect())
    }

    /// A vector for each sentence of the answer; one for all of the document, where it has none.
    fn sentences(&self, reading: &Reading, embed: &dyn Embed) -> Result<Vec<f32>, InferenceError> {
        let width = reading.vector.len();
        let of = |range: Range<usize>| reading.tokens.get(range.start * width..range.end * width).map(|rows| middle(rows, width));
        let vectors: Vec<f32> = self.passages(embed)?.into_iter().filter_map(of).flatten().collect();
        Ok(if vectors.is_empty() { middle(&reading.tokens, width) } else { vectors })
    }
}

/// The mean of vectors, at unit length.
fn middle(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; width];
    rows.chunks_exact(width).for_each(|row| sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value));
    let length = dot(&sum, &sum).sqrt().max(f32::MIN_POSITIVE);
    sum.iter_mut().for_each(|value| *value /= length);
    sum
}

/// The rows of a text's parts, one after the other.
fn parts(vectors: &Vectors, key: Key) -> Vec<f32> {
    (0..).map_while(|number| vectors.get(&key.of_part(number))).flatten().collect()
}

/// The parts of all texts in one table, and where those of each begin; the last number is where all end.
fn together(keys: &[Key], parts: &[Vec<f32>], width: usize) -> Result<(Vectors, Vec<usize>), InferenceError> {
    let mut starts = vec![0];
    parts.iter().for_each(|own| starts.push(starts[starts.len() - 1] + own.len() / width));
    let part_keys = keys.iter().zip(parts).flat_map(|(key, own)| (0..own.len() / width).map(move |number| key.of_part(number))).collect();
    let rows: Vec<&[f32]> = parts.iter().flat_map(|own| own.chunks_exact(width)).collect();
    let vectors = Vectors::build(part_keys, width, &mut |place, row| row.copy_from_slice(rows[place]))?;
    Ok((vectors, starts))
}

/// Each token of the query finds its nearest; what is found, weighed by the token.
fn found(asked: &Reading, tokens: &[f32], passages: &[Range<usize>]) -> Found {
    let width = asked.vector.len();
    let mut anywhere = 0.0;
    let mut in_passage = vec![0.0; passages.len()];
    let mut dots = vec![0.0; tokens.len() / width];
    for (token, weight) in asked.tokens.chunks_exact(width).zip(&asked.weights).filter(|(_, weight)| **weight > 0.0) {
        dots.iter_mut().zip(tokens.chunks_exact(width)).for_each(|(found, other)| *found = dot(token, other));
        let nearest = |dots: &[f32]| dots.iter().copied().fold(-1.0, f32::max);
        anywhere += weight * nearest(&dots);
        in_passage.iter_mut().zip(passages).for_each(|(sum, range)| *sum += weight * dots.get(range.clone()).map_or(-1.0, nearest));
    }
    Found { anywhere, in_one_sentence: in_passage.into_iter().reduce(f32::max).unwrap_or(anywhere) }
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

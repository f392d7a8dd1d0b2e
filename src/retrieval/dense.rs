//! The dense side: one row for each phrasing, each answer and each sentence of an answer, compared with the query one by one.

use std::collections::HashMap;

use crate::inference::{Embed, InferenceError};
use crate::knowledge::Entry;

use super::cache::{Key, Vectors};

/// Sentences of an answer that get a row of their own; a longer answer has the whole of it beside.
const MAX_SENTENCES: usize = 8;
/// Texts that are given to the model at once.
const CHUNK: usize = 256;

/// Vectors of all texts of a knowledge base, in rows one after the other.
pub(super) struct DenseIndex {
    vectors: Vectors,
    /// Which entry and text a row is of; several may share a vector.
    rows: Vec<Row>,
    /// Of each entry, whether it has an answer.
    answered: Vec<bool>,
}

struct Row {
    entry: usize,
    vector: usize,
    text: Text,
}

#[derive(Clone, Copy)]
enum Text {
    /// 0 is the question, n the nth phrasing.
    Phrasing(usize),
    Answer,
    Sentence,
}

/// What the vectors say of one query, for one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct DenseScore {
    /// Cosine of the nearest phrasing.
    pub phrasing: f32,
    /// Which one it is; 0 is the question.
    pub nearest: usize,
    /// Cosine of the whole answer, or of what stands for it where there is none.
    pub answer: f32,
    /// Cosine of the answer's nearest sentence.
    pub sentence: f32,
}

impl DenseScore {
    /// Of an entry about which the vectors were not asked.
    pub(super) const NONE: Self = Self { phrasing: 0.0, nearest: 0, answer: 0.0, sentence: 0.0 };
}

impl DenseIndex {
    /// Takes from `known` what it has and embeds the rest.
    pub(super) fn build<'a>(entries: impl Iterator<Item = &'a Entry>, known: &Vectors, embed: &dyn Embed) -> Result<Self, InferenceError> {
        let mut texts: Vec<(Key, &str)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut rows = Vec::new();
        let mut answered = Vec::new();
        for (entry, value) in entries.enumerate() {
            let phrasings = std::iter::once(&value.question).chain(&value.phrasings).enumerate();
            let asked = phrasings.map(|(number, text)| (Text::Phrasing(number), text.as_str()));
            // The vector of nothing is near to anything short: an answer without a word gets none.
            let answer = Some(value.answer.as_str()).filter(|answer| answer.chars().any(char::is_alphanumeric));
            let said = sentences(&value.answer).into_iter().map(|text| (Text::Sentence, text));
            for (text, content) in asked.chain(answer.map(|answer| (Text::Answer, answer))).chain(said) {
                let key = Key::of(content);
                let vector = *places.entry(key).or_insert_with(|| {
                    texts.push((key, content));
                    texts.len() - 1
                });
                rows.push(Row { entry, vector, text });
            }
            answered.push(answer.is_some());
        }
        let mut vectors = Vectors::new(embed.dimensions());
        for chunk in texts.chunks(CHUNK) {
            let missing: Vec<&str> = chunk.iter().filter(|(key, _)| known.get(key).is_none()).map(|(_, text)| *text).collect();
            let mut fresh = embed.embed(&missing)?.into_iter();
            for (key, _) in chunk {
                match known.get(key) {
                    Some(vector) => vectors.push(*key, vector),
                    None => vectors
                        .push(*key, &fresh.next().ok_or_else(|| InferenceError::Failed { fault: "it returned too few vectors".into() })?),
                }
            }
        }
        Ok(Self { vectors, rows, answered })
    }

    /// Scores every entry.
    pub(super) fn search(&self, query: &[f32]) -> Vec<DenseScore> {
        let cosines: Vec<f32> = self.vectors.rows().map(|row| dot(row, query)).collect();
        let lowest = DenseScore { phrasing: -1.0, nearest: 0, answer: -1.0, sentence: -1.0 };
        let mut scores = vec![lowest; self.answered.len()];
        for row in &self.rows {
            let (score, cosine) = (&mut scores[row.entry], cosines[row.vector]);
            match row.text {
                Text::Phrasing(number) if cosine > score.phrasing => (score.phrasing, score.nearest) = (cosine, number),
                Text::Phrasing(_) => {}
                Text::Answer => score.answer = cosine,
                Text::Sentence => score.sentence = score.sentence.max(cosine),
            }
        }
        // Without an answer the phrasings are all that is known of an entry, and the nearest speaks for the answer too. Zero would say that the answer
        // is about something else, and rank the entry below every one that has any answer.
        let unanswered = scores.iter_mut().zip(&self.answered).filter(|(_, answered)| !**answered);
        unanswered.for_each(|(score, _)| score.answer = score.phrasing);
        // An answer of one sentence has no row for it.
        scores.iter_mut().filter(|score| score.sentence < -0.99).for_each(|score| score.sentence = score.answer);
        scores
    }

    /// The vectors, for the cache and for the next index.
    pub(super) fn vectors(&self) -> &Vectors {
        &self.vectors
    }
}

/// Sentences of an answer of at least two.
fn sentences(answer: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut letters = answer.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let end = at + c.len_utf8();
        let closes = match c {
            '\n' | '\u{3002}' | '\u{ff01}' | '\u{ff1f}' => true,
            '.' | '!' | '?' => letters.peek().is_none_or(|(_, next)| next.is_whitespace()),
            _ => false,
        };
        if closes || letters.peek().is_none() {
            let sentence = answer[start..end].trim();
            // "e.g. " and list marks are no sentences.
            if sentence.chars().filter(|c| c.is_alphanumeric()).count() >= 4 {
                found.push(sentence);
                start = end;
            }
        }
        if found.len() == MAX_SENTENCES {
            break;
        }
    }
    if found.len() < 2 { Vec::new() } else { found }
}

/// Eight sums side by side: one sum would force the additions into order and keep the compiler from vectorising them.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_parts.zip(b_parts) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    rest + sums.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_split_into_sentences() {
        let check = |answer: &str, expect: &[&str]| assert_eq!(sentences(answer), expect, "{answer}");
        check("We ship daily. Parcels take 2.5 days! Why?", &["We ship daily.", "Parcels take 2.5 days!"]);
        check("One only.", &[]);
        check("", &[]);
        check("Pay by:\n\n- card\n- cash", &["Pay by:", "- card", "- cash"]);
        check(
            "\u{53ef}\u{4ee5}\u{9000}\u{8d27}\u{3002}\u{8bf7}\u{5728}\u{4e03}\u{5929}\u{5185}",
            &["\u{53ef}\u{4ee5}\u{9000}\u{8d27}\u{3002}", "\u{8bf7}\u{5728}\u{4e03}\u{5929}\u{5185}"],
        );
        assert_eq!(sentences(&"A sentence. ".repeat(100)).len(), MAX_SENTENCES);
    }

    #[test]
    fn the_dot_product_of_any_length() {
        for length in [0, 1, 7, 8, 9, 384] {
            let ones = vec![1.0; length];
            assert_eq!(dot(&ones, &ones), length as f32);
        }
    }
}

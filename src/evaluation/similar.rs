//! The chooser that any other has to beat: it says what is most like the message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::error::EvaluationError;
use super::sentences::Choose;
use crate::inference::{Embed, dot};

/// A sentence is said whose likeness is at least this share of the likest one's.
const NEAR: f32 = 0.95;

/// Says the sentence that is most like the message, and those that are nearly as like, by the sentence model alone.
pub struct Similar {
    embed: Arc<dyn Embed>,
    /// The sentences of an entry come once for each of its messages.
    known: Mutex<HashMap<String, Vec<f32>>>,
}

impl Similar {
    /// With this model.
    pub fn new(embed: Arc<dyn Embed>) -> Self {
        Self { embed, known: Mutex::new(HashMap::new()) }
    }

    fn vectors(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EvaluationError> {
        // Nothing panics while it is held; what another thread left is whole either way.
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let new: Vec<&str> = texts.iter().copied().filter(|text| !known.contains_key(*text)).collect();
        if !new.is_empty() {
            let vectors = self.embed.embed(&new)?;
            known.extend(new.into_iter().map(str::to_owned).zip(vectors));
        }
        Ok(texts.iter().map(|text| known[*text].clone()).collect())
    }
}

impl Choose for Similar {
    fn choose(&self, message: &str, _entry_question: &str, sentences: &[&str]) -> Result<Vec<usize>, EvaluationError> {
        let vectors = self.vectors(sentences)?;
        let Some(own) = self.embed.embed(&[message])?.pop() else { return Ok(Vec::new()) };
        Ok(nearest(&vectors.iter().map(|vector| dot(&own, vector)).collect::<Vec<f32>>()))
    }
}

/// The places of the highest likeness and of those near it. Where nothing is alike at all, the first of the highest.
fn nearest(likeness: &[f32]) -> Vec<usize> {
    let best = likeness.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if best <= 0.0 {
        return likeness.iter().position(|one| *one >= best).into_iter().collect();
    }
    (0..likeness.len()).filter(|place| likeness[*place] >= NEAR * best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_and_what_is_nearly_as_like() {
        for (likeness, expected) in
            [(&[0.2, 0.9, 0.86][..], &[1, 2][..]), (&[0.2, 0.9, 0.85], &[1]), (&[-0.2, -0.1], &[1]), (&[0.5], &[0]), (&[], &[])]
        {
            assert_eq!(nearest(likeness), expected, "{likeness:?}");
        }
    }
}

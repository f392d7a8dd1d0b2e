//! What has been embedded already, for trying out other knowledge: nothing is embedded twice.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::cache::Key;
use super::retriever::Snapshot;
use crate::inference::{Embed, InferenceError, Reading};

/// An embedder that asks another one only for what neither a search's index nor itself has seen. Messages may be embedded in one batch before they are
/// searched for one by one.
pub struct Memory {
    embed: Arc<dyn Embed>,
    /// The index whose vectors are known; it is kept as it was even if the search goes on to another.
    snapshot: Arc<Snapshot>,
    fresh: RwLock<HashMap<Key, Vec<f32>>>,
    readings: RwLock<HashMap<Key, Reading>>,
}

impl Memory {
    pub(super) fn of(embed: Arc<dyn Embed>, snapshot: Arc<Snapshot>) -> Self {
        Self { embed, snapshot, fresh: RwLock::default(), readings: RwLock::default() }
    }

    /// The index whose vectors are known.
    pub(super) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn known(&self, key: &Key) -> Option<Vec<f32>> {
        let of_index = || self.snapshot.vector(key);
        of_index().or_else(|| self.fresh.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }
}

impl Embed for Memory {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let mut vectors: Vec<Option<Vec<f32>>> = texts.iter().map(|text| self.known(&Key::of(text))).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|index| vectors[*index].is_none()).collect();
        if !missing.is_empty() {
            let unknown: Vec<&str> = missing.iter().map(|index| texts[*index]).collect();
            let embedded = self.embed.embed(&unknown)?;
            let mut fresh = self.fresh.write().unwrap_or_else(PoisonError::into_inner);
            for (index, vector) in missing.into_iter().zip(embedded) {
                fresh.insert(Key::of(texts[index]), vector.clone());
                vectors[index] = Some(vector);
            }
        }
        let all: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
        all.ok_or_else(|| InferenceError::Failed { fault: "it returned too few vectors".into() })
    }

    fn read(&self, texts: &[&str]) -> Result<Option<Vec<Reading>>, InferenceError> {
        let known = |key: &Key| {
            let fresh = || self.readings.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
            self.snapshot.reading(key).or_else(fresh)
        };
        let mut readings: Vec<Option<Reading>> = texts.iter().map(|text| known(&Key::of(text))).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|index| readings[*index].is_none()).collect();
        let unknown: Vec<&str> = missing.iter().map(|index| texts[*index]).collect();
        // Also without a text: whether there is a model that reads is for it to say.
        let Some(read) = self.embed.read(&unknown)? else { return Ok(None) };
        let mut fresh = self.readings.write().unwrap_or_else(PoisonError::into_inner);
        for (index, reading) in missing.into_iter().zip(read) {
            fresh.insert(Key::of(texts[index]), reading.clone());
            readings[index] = Some(reading);
        }
        let all: Option<Vec<Reading>> = readings.into_iter().collect();
        all.map(Some).ok_or_else(|| InferenceError::Failed { fault: "it returned too few readings".into() })
    }

    fn token_starts(&self, text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        self.embed.token_starts(text)
    }

    fn dimensions(&self) -> usize {
        self.embed.dimensions()
    }

    fn fingerprint(&self) -> &str {
        self.embed.fingerprint()
    }

    fn knows(&self, word: &str) -> bool {
        self.embed.knows(word)
    }
}

//! What has been embedded already, for trying out other knowledge: nothing is embedded twice.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::cache::Key;
use super::retriever::Snapshot;
use crate::inference::{Embed, InferenceError};

/// An embedder that asks another one only for what neither a search's index nor itself has seen. Messages may be embedded in one batch before they are
/// searched for one by one.
pub struct Memory {
    embed: Arc<dyn Embed>,
    /// The index whose vectors are known; it is kept as it was even if the search goes on to another.
    snapshot: Arc<Snapshot>,
    fresh: RwLock<HashMap<Key, Vec<f32>>>,
}

impl Memory {
    pub(super) fn of(embed: Arc<dyn Embed>, snapshot: Arc<Snapshot>) -> Self {
        Self { embed, snapshot, fresh: RwLock::default() }
    }

    /// The index whose vectors are known.
    pub(super) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn known(&self, key: &Key) -> Option<Vec<f32>> {
        let of_index = || self.snapshot.vector(key).map(<[f32]>::to_vec);
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

    fn dimensions(&self) -> usize {
        self.embed.dimensions()
    }

    fn fingerprint(&self) -> &str {
        self.embed.fingerprint()
    }
}

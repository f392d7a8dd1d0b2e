//! What has been embedded and read before: of an earlier index, or of an earlier start.

use std::path::Path;
use std::sync::Arc;

use super::cache::Vectors;
use crate::inference::Embed;

/// The cache files, by their endings.
const PHRASINGS: &str = "bin";
const SENTENCES: &str = "sentences.bin";
const TOKENS: &str = "tokens.bin";

/// What is known before: an earlier index, or the cache files.
pub(super) struct Known {
    /// Of phrasings.
    pub(super) vectors: Arc<Vectors>,
    /// Of the sentences of answers.
    pub(super) sentences: Arc<Vectors>,
    /// Of entries' tokens.
    pub(super) tokens: Arc<Vectors>,
}

impl Known {
    /// Nothing.
    pub(super) fn nothing(dimensions: usize) -> Self {
        let none = || Arc::new(Vectors::none(dimensions));
        Self { vectors: none(), sentences: none(), tokens: none() }
    }

    /// What the cache files have.
    pub(super) fn load(path: &Path, embed: &dyn Embed) -> Self {
        let vectors = |kind| Arc::new(Vectors::load(&path.with_extension(kind), embed.fingerprint(), embed.dimensions()));
        Self { vectors: vectors(PHRASINGS), sentences: vectors(SENTENCES), tokens: vectors(TOKENS) }
    }

    /// Writes the files whose texts are others than `before`. One that cannot be written costs time at the next start, and nothing else.
    pub(super) fn save_changes(&self, before: &Self, path: &Path, fingerprint: &str) {
        let files = [
            (PHRASINGS, &self.vectors, &before.vectors),
            (SENTENCES, &self.sentences, &before.sentences),
            (TOKENS, &self.tokens, &before.tokens),
        ];
        for (kind, now, before) in files {
            let path = path.with_extension(kind);
            if !now.same_keys(before)
                && let Err(error) = now.save(&path, fingerprint)
            {
                tracing::warn!(cache.path = %path.display(), %error, "cannot write the embedding cache; the next start embeds everything again");
            }
        }
    }
}

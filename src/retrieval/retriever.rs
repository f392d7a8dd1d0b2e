//! The search over one knowledge base, replaceable while it is in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::cache::Vectors;
use super::dense::DenseIndex;
use super::lexical::LexicalIndex;
use super::{Hit, QuerySignals, RetrievalError, fusion, words};
use crate::inference::Embed;
use crate::knowledge::Knowledge;

/// Part of the fingerprint: to be raised when the same knowledge and model may give other scores.
const VERSION: &str = "retrieval v1";
/// Bytes of a query that are looked at.
const MAX_QUERY_BYTES: usize = 4096;

/// Finds entries for a shopper's message.
pub struct Retriever {
    embed: Arc<dyn Embed>,
    cache: Option<PathBuf>,
    current: ArcSwap<Snapshot>,
    /// Held while a new snapshot is built: two at once would let the older one win.
    replacing: Mutex<()>,
}

struct Snapshot {
    knowledge: Arc<Knowledge>,
    lexical: LexicalIndex,
    dense: DenseIndex,
    /// The share of Chinese letters in each entry's question.
    cjk: Vec<f32>,
}

impl Retriever {
    /// Indexes the knowledge. Vectors are taken from the cache file where it has them, and written to it where it did not.
    pub fn open(knowledge: Arc<Knowledge>, embed: Arc<dyn Embed>, cache: Option<&Path>) -> Result<Self, RetrievalError> {
        let known = match cache {
            Some(path) => Vectors::load(path, embed.fingerprint(), embed.dimensions()),
            None => Vectors::new(embed.dimensions()),
        };
        let snapshot = Snapshot::build(knowledge, &known, embed.as_ref())?;
        let retriever =
            Self { embed, cache: cache.map(Path::to_owned), current: ArcSwap::from_pointee(snapshot), replacing: Mutex::new(()) };
        retriever.save_unless_same(&known);
        Ok(retriever)
    }

    /// The best hits, at most `limit`, the best first; equal scores in the order of ids. A message without a letter or digit finds nothing.
    /// Blocks for some milliseconds.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>, RetrievalError> {
        let query = query[..query.floor_char_boundary(MAX_QUERY_BYTES)].trim();
        let snapshot = self.current.load_full();
        let entries = &snapshot.knowledge.entries;
        if entries.is_empty() || limit == 0 || !query.chars().any(char::is_alphanumeric) {
            return Ok(Vec::new());
        }
        let lexical = snapshot.lexical.search(query)?;
        let vector = self.embed.embed(&[query])?.pop().unwrap_or_default();
        let dense = snapshot.dense.search(&vector);
        let signals = QuerySignals { terms: lexical.terms, cjk: words::cjk_share(query) };
        let mut order: Vec<(f32, usize)> = (0..entries.len())
            .map(|index| (fusion::fuse(lexical.scores[index], &dense[index], signals.cjk, snapshot.cjk[index]), index))
            .collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| entries[a.1].id.cmp(&entries[b.1].id)));
        let hit = |(score, index): (f32, usize)| {
            let (entry, near) = (&entries[index], &dense[index]);
            let phrasing = near.nearest.checked_sub(1).and_then(|number| entry.phrasings.get(number)).unwrap_or(&entry.question);
            Hit {
                entry: Arc::clone(entry),
                lexical: lexical.scores[index],
                dense: near.phrasing,
                answer: near.answer.max(near.sentence),
                coverage: lexical.coverage[index],
                phrasing: phrasing.clone(),
                score,
                query: signals,
            }
        };
        Ok(order.into_iter().take(limit).map(hit).collect())
    }

    /// Indexes other knowledge and then searches that; until then, and if it fails, the old one is searched. Embeds only texts that are new.
    pub fn replace(&self, knowledge: Arc<Knowledge>) -> Result<(), RetrievalError> {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load_full();
        let snapshot = Snapshot::build(knowledge, before.dense.vectors(), self.embed.as_ref())?;
        self.current.store(Arc::new(snapshot));
        self.save_unless_same(before.dense.vectors());
        Ok(())
    }

    /// The knowledge that is searched now.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        Arc::clone(&self.current.load().knowledge)
    }

    /// Changes whenever the same message may get other scores: the knowledge, the embedding model or the fusion is another.
    pub fn fingerprint(&self) -> String {
        let parts = [VERSION, self.embed.fingerprint(), &self.current.load().knowledge.hash];
        hex::encode(Sha256::digest(parts.join("\n")))
    }

    /// A cache that cannot be written costs time at the next start, and nothing else.
    fn save_unless_same(&self, known: &Vectors) {
        let current = self.current.load();
        let vectors = current.dense.vectors();
        if let Some(path) = self.cache.as_ref().filter(|_| !vectors.same_keys(known))
            && let Err(error) = vectors.save(path, self.embed.fingerprint())
        {
            tracing::warn!(cache.path = %path.display(), %error, "cannot write the embedding cache; the next start embeds everything again");
        }
    }
}

impl Snapshot {
    fn build(knowledge: Arc<Knowledge>, known: &Vectors, embed: &dyn Embed) -> Result<Self, RetrievalError> {
        let entries = || knowledge.entries.iter().map(AsRef::as_ref);
        let lexical = LexicalIndex::build(entries())?;
        let dense = DenseIndex::build(entries(), known, embed)?;
        let cjk = entries().map(|entry| words::cjk_share(&entry.question)).collect();
        Ok(Self { knowledge, lexical, dense, cjk })
    }
}

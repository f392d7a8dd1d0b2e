//! The search over one knowledge base, replaceable while it is in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::cache::Vectors;
use super::dense::DenseIndex;
use super::lexical::LexicalIndex;
use super::spelling::Vocabulary;
use super::{Hit, QuerySignals, RetrievalError, fusion, words};
use crate::inference::Embed;
use crate::knowledge::Knowledge;

/// Part of the fingerprint: to be raised when the same knowledge and model may give other scores.
const VERSION: &str = "retrieval v2";
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
    vocabulary: Vocabulary,
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

    /// The query with slips of the pen put right by the words of the knowledge base; `None` where there are none. Whether that reading is the better
    /// one is for the caller to see from its hits: a word that is unknown here may be right.
    pub fn corrected(&self, query: &str) -> Option<String> {
        let query = &query[..query.floor_char_boundary(MAX_QUERY_BYTES)];
        self.current.load().vocabulary.corrected(query, &|word| self.embed.knows(word))
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
        let vocabulary = Vocabulary::of(entries());
        let cjk = entries().map(|entry| words::cjk_share(&entry.question)).collect();
        Ok(Self { knowledge, lexical, dense, vocabulary, cjk })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::inference::InferenceError;
    use crate::knowledge::{Entry, EntryId};

    /// Counts letters: alike texts get alike vectors, without a model.
    #[derive(Default)]
    struct Letters {
        embedded: AtomicUsize,
    }

    impl Embed for Letters {
        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
            self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
            let vector = |text: &&str| {
                let mut counts = [0.01_f32; 26];
                text.to_lowercase().bytes().filter(u8::is_ascii_lowercase).for_each(|b| counts[usize::from(b - b'a')] += 1.0);
                let length = counts.iter().map(|c| c * c).sum::<f32>().sqrt();
                counts.iter().map(|c| c / length).collect()
            };
            Ok(texts.iter().map(vector).collect())
        }

        fn dimensions(&self) -> usize {
            26
        }

        fn fingerprint(&self) -> &str {
            "letters"
        }
    }

    fn entry(id: &str, question: &str, phrasings: &[&str], answer: &str) -> Arc<Entry> {
        Arc::new(Entry {
            id: EntryId::parse(id).unwrap(),
            topic: "test".into(),
            locale: "en".into(),
            updated: None,
            question: question.into(),
            phrasings: phrasings.iter().map(|&p| p.into()).collect(),
            answer: answer.into(),
            file: "test.md".into(),
            line: 1,
        })
    }

    fn shop() -> Vec<Arc<Entry>> {
        vec![
            entry(
                "returns/how",
                "How do I return an item?",
                &["I want to send it back", "refund please"],
                "Print the label. Drop the parcel at any shop.",
            ),
            entry("delivery/time", "How long does delivery take?", &["When will my parcel arrive?"], "Two to four days."),
            entry(
                "zh/returns",
                "\u{600e}\u{4e48}\u{9000}\u{8d27}\u{ff1f}",
                &["\u{6211}\u{60f3}\u{9000}\u{8d27}"],
                "\u{4e03}\u{5929}\u{5185}\u{53ef}\u{4ee5}\u{9000}\u{8d27}\u{3002}",
            ),
            entry(
                "zh/invoice",
                "\u{5982}\u{4f55}\u{5f00}\u{53d1}\u{7968}\u{ff1f}",
                &[],
                "\u{8bf7}\u{8054}\u{7cfb}\u{5ba2}\u{670d}\u{3002}",
            ),
        ]
    }

    fn knowledge(entries: Vec<Arc<Entry>>) -> Arc<Knowledge> {
        let hash = entries.iter().map(|e| format!("{} {} ", e.id.as_str(), e.question)).collect();
        Arc::new(Knowledge { entries, hash })
    }

    fn open(entries: Vec<Arc<Entry>>) -> Retriever {
        Retriever::open(knowledge(entries), Arc::new(Letters::default()), None).unwrap()
    }

    #[test]
    fn the_right_entry_is_first() {
        let retriever = open(shop());
        let check = |query: &str, expect: &str| assert_eq!(retriever.search(query, 3).unwrap()[0].entry.id.as_str(), expect, "{query}");
        check("how can i RETURN items", "returns/how");
        check("how long does the delivery take", "delivery/time");
        check("\u{8bf7}\u{95ee}\u{9000}\u{8d27}\u{6d41}\u{7a0b}", "zh/returns");
        check("\u{53d1}\u{7968}", "zh/invoice");
        let hit = retriever.search("refund please", 1).unwrap().remove(0);
        assert_eq!((hit.phrasing.as_str(), hit.query.terms), ("refund please", 2));
        assert!(hit.dense > 0.999 && hit.coverage > 0.999 && hit.lexical > 0.0);
    }

    #[test]
    fn any_text_is_a_query() {
        let retriever = open(shop());
        for nothing in ["", "   ", "?!", "\u{1f600}\u{1f4e6}", "\u{0}\u{202e}"] {
            assert_eq!(retriever.search(nothing, 5).unwrap(), Vec::new(), "{nothing:?}");
        }
        let long = "return ".repeat(100_000);
        let unbroken = "\u{9000}".repeat(100_000);
        for hostile in [
            "text:* OR (",
            "\"return",
            "+id:returns/how^1e999 -",
            "' OR 1=1 --",
            long.as_str(),
            unbroken.as_str(),
            "e\u{301}\u{301}\u{301}",
        ] {
            assert_eq!(retriever.search(hostile, 2).unwrap().len(), 2);
        }
        assert!(open(Vec::new()).search("return", 5).unwrap().is_empty());
        assert!(retriever.search("return", 0).unwrap().is_empty());
    }

    #[test]
    fn equal_scores_stand_in_the_order_of_ids() {
        let same = |id: &str| entry(id, "Do you have a shop?", &[], "Yes, in Leeds.");
        for ids in [["a", "b", "c"], ["c", "a", "b"]] {
            let found = open(ids.map(same).to_vec()).search("a shop", 3).unwrap();
            assert_eq!(found.iter().map(|hit| hit.entry.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        }
    }

    #[test]
    fn a_replacement_is_searched_at_once_and_embeds_only_what_is_new() {
        let embed = Arc::new(Letters::default());
        let retriever = Retriever::open(knowledge(shop()), embed.clone(), None).unwrap();
        let (before, fingerprint) = (embed.embedded.load(Ordering::Relaxed), retriever.fingerprint());
        let mut edited = shop();
        edited.push(entry("gifts/wrap", "Do you wrap gifts?", &[], "Yes, for two pounds."));
        retriever.replace(knowledge(edited)).unwrap();
        assert_eq!(embed.embedded.load(Ordering::Relaxed) - before, 2, "a question and an answer of one sentence");
        assert_eq!(retriever.search("wrap my gifts", 1).unwrap()[0].entry.id.as_str(), "gifts/wrap");
        assert_eq!(retriever.knowledge().entries.len(), 5);
        assert_ne!(retriever.fingerprint(), fingerprint);
    }

    #[test]
    fn a_second_start_embeds_nothing_and_finds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("embeddings.bin");
        let start = || {
            let embed = Arc::new(Letters::default());
            let retriever = Retriever::open(knowledge(shop()), embed.clone(), Some(&path)).unwrap();
            (embed.embedded.load(Ordering::Relaxed), retriever.search("send back", 4).unwrap())
        };
        let (first, hits) = start();
        assert!(first > 0);
        assert_eq!(start(), (0, hits.clone()));
        std::fs::write(&path, "damaged").unwrap();
        assert_eq!(start(), (first, hits.clone()));
        assert_eq!(start(), (0, hits));
    }
}

//! The search over one knowledge base, replaceable while it is in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::cache::Key;
use super::dense::{Asked, DenseIndex, DenseScore};
use super::fusion::Scale;
use super::grams::{Grams, Spelling};
use super::known::Known;
use super::lexical::{LexicalIndex, LexicalScores};
use super::spelling::Vocabulary;
use super::{Correction, Hit, Memory, QuerySignals, Read, RetrievalError, Signals, Stages, words};
use crate::inference::{Embed, Reading};
use crate::knowledge::{Entry, Knowledge};

/// Part of the fingerprint: to be raised when the same knowledge and model may give other scores.
const VERSION: &str = "retrieval v4";
/// How many entries a decision is made from.
pub const CANDIDATES: usize = 10;
/// How many entries are compared by their spelling, which takes longer than a look at their vectors.
const SPELLED: usize = 24;
/// How many phrasings of each.
const SPELLED_PHRASINGS: usize = 12;
/// How many entries are read token by token, and together say how hard a query is. More than are given to the decision: what a reading moves up comes
/// from below.
pub const SHORTLIST: usize = 14;
/// Bytes of a query that are looked at.
const MAX_QUERY_BYTES: usize = 4096;

/// Finds entries for a shopper's message.
pub struct Retriever {
    embed: Arc<dyn Embed>,
    cache: Option<PathBuf>,
    stages: Stages,
    /// What this shop's own messages changed in the weights.
    correction: ArcSwap<Correction>,
    current: ArcSwap<Snapshot>,
    /// Held while a new snapshot is built: two at once would let the older one win.
    replacing: Mutex<()>,
}

pub(super) struct Snapshot {
    knowledge: Arc<Knowledge>,
    lexical: LexicalIndex,
    dense: DenseIndex,
    grams: Grams,
    vocabulary: Vocabulary,
    /// The share of Chinese letters in each entry's question.
    cjk: Vec<f32>,
}

/// A query, looked at from all sides.
struct Query<'a> {
    text: &'a str,
    asked: Option<Asked>,
    signals: QuerySignals,
    scale: Scale,
    correction: &'a Correction,
}

/// An entry on its way to becoming a hit.
struct Candidate {
    index: usize,
    nearest: usize,
    signals: Signals,
    score: f32,
}

impl Retriever {
    /// Indexes the knowledge. Vectors are taken from the cache file where it has them, and written to it where it did not.
    pub fn open(knowledge: Arc<Knowledge>, embed: Arc<dyn Embed>, cache: Option<&Path>) -> Result<Self, RetrievalError> {
        let known = match cache {
            Some(path) => Known::load(path, embed.as_ref()),
            None => Known::nothing(embed.dimensions()),
        };
        let snapshot = Snapshot::build(knowledge, &known, embed.as_ref())?;
        let retriever = Self {
            embed,
            cache: cache.map(Path::to_owned),
            stages: Stages::ALL,
            correction: ArcSwap::default(),
            current: ArcSwap::from_pointee(snapshot),
            replacing: Mutex::new(()),
        };
        retriever.save_unless_same(&known);
        Ok(retriever)
    }

    /// The same with only these stages: to measure what each is worth.
    pub fn with_stages(self, stages: Stages) -> Self {
        Self { stages, ..self }
    }

    /// Whether the answers of the knowledge that is searched now were read.
    pub fn read(&self) -> Read {
        self.current.load().dense.read_answers()
    }

    /// The stages that a search goes through.
    pub fn stages(&self) -> Stages {
        self.stages
    }

    /// Changes the weights of the signals for all searches from now on.
    pub fn correct(&self, correction: Correction) {
        self.correction.store(Arc::new(correction));
    }

    /// What the weights are changed by.
    pub fn correction(&self) -> Arc<Correction> {
        self.correction.load_full()
    }

    /// What a shopper's message is decided from, the best first. Whoever decides or measures decisions goes through here, so that both see the same.
    pub fn candidates(&self, message: &str) -> Result<Vec<Hit>, RetrievalError> {
        self.search(words::searched(message), CANDIDATES)
    }

    /// All entries for a shopper's message, the best first; the first [`CANDIDATES`] are its candidates.
    pub fn ranking(&self, message: &str) -> Result<Vec<Hit>, RetrievalError> {
        self.search(words::searched(message), usize::MAX)
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
        let correction = self.correction.load_full();
        let asked = if self.stages.dense { Some(snapshot.dense.ask(query, self.embed.as_ref())?) } else { None };
        let scale = Scale { read: snapshot.dense.read_answers(), cjk: words::cjk_share(query), terms: lexical.terms };
        let signals = QuerySignals { terms: lexical.terms, cjk: scale.cjk, none: 0.0 };
        let query = Query { text: query, asked, signals, scale, correction: &correction };
        let mut found = self.first_look(&snapshot, &query, &lexical);
        snapshot.sort(&query, &mut found);
        if self.stages.grams {
            snapshot.spell(&query, &mut found[..SPELLED.min(entries.len())]);
        }
        if self.stages.reader
            && let Some(asked) = &query.asked
        {
            let best = &mut found[..SHORTLIST.min(entries.len())];
            let indexes: Vec<usize> = best.iter().map(|candidate| candidate.index).collect();
            if let Some(tokens) = snapshot.dense.read(asked, &indexes, self.embed.as_ref())? {
                best.iter_mut().zip(tokens).for_each(|(candidate, found)| {
                    candidate.signals.tokens = found.anywhere;
                    candidate.signals.passage = found.in_one_sentence;
                });
                snapshot.sort(&query, best);
            }
        }
        let shortlist = found[..SHORTLIST.min(entries.len())].iter().map(|candidate| &candidate.signals);
        let none = query.scale.none(&Signals::mean(shortlist), &correction);
        let query = Query { signals: QuerySignals { none, ..query.signals }, ..query };
        Ok(found.into_iter().take(limit).map(|candidate| snapshot.hit(&query, candidate)).collect())
    }

    /// What costs little for each entry.
    fn first_look(&self, snapshot: &Snapshot, query: &Query<'_>, lexical: &LexicalScores) -> Vec<Candidate> {
        let count = snapshot.knowledge.entries.len();
        let dense = query.asked.as_ref().map_or_else(|| vec![DenseScore::default(); count], |asked| snapshot.dense.search(asked));
        let stages = self.stages;
        let kept = |stage: bool, value: f32| if stage { value } else { 0.0 };
        let candidate = |(index, dense): (usize, DenseScore)| Candidate {
            index,
            nearest: dense.nearest,
            signals: Signals {
                phrasing: dense.phrasing,
                phrasings: dense.phrasings,
                grams: 0.0,
                head: kept(stages.head, dense.head),
                sentence: kept(stages.adapter, dense.sentence),
                tokens: 0.0,
                passage: 0.0,
                lexical: kept(stages.lexical, lexical.scores[index].ln_1p() / 4.0),
                coverage: kept(stages.lexical, lexical.coverage[index]),
            },
            score: 0.0,
        };
        dense.into_iter().enumerate().map(candidate).collect()
    }

    /// Indexes other knowledge and then searches that; until then, and if it fails, the old one is searched. Embeds only texts that are new.
    pub fn replace(&self, knowledge: Arc<Knowledge>) -> Result<(), RetrievalError> {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load_full();
        let known = before.dense.known(self.embed.dimensions());
        let snapshot = Snapshot::build(knowledge, &known, self.embed.as_ref())?;
        self.current.store(Arc::new(snapshot));
        self.save_unless_same(&known);
        Ok(())
    }

    /// The query with slips of the pen put right by the words of the knowledge base; `None` where there are none. Whether that reading is the better
    /// one is for the caller to see from its hits: a word that is unknown here may be right.
    pub fn corrected(&self, query: &str) -> Option<String> {
        let query = &query[..query.floor_char_boundary(MAX_QUERY_BYTES)];
        self.current.load().vocabulary.corrected(query, &|word| self.embed.knows(word))
    }

    /// What it has embedded, to open others with for a trial. Nothing that those embed goes into the cache file.
    pub fn memory(&self) -> Arc<Memory> {
        Arc::new(Memory::of(Arc::clone(&self.embed), self.current.load_full()))
    }

    /// The same search with a memory of its own, over the index as it is now: a later [`Self::replace`] does not reach it.
    pub fn frozen(&self) -> (Self, Arc<Memory>) {
        let memory = self.memory();
        let current = ArcSwap::new(Arc::clone(memory.snapshot()));
        (
            Self {
                embed: memory.clone(),
                cache: None,
                stages: self.stages,
                correction: ArcSwap::new(self.correction.load_full()),
                current,
                replacing: Mutex::new(()),
            },
            memory,
        )
    }

    /// The knowledge that is searched now.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        Arc::clone(&self.current.load().knowledge)
    }

    /// Changes whenever the same message may get other scores: the knowledge, the embedding model or the fusion is another.
    pub fn fingerprint(&self) -> String {
        let current = self.current.load();
        let mut parts = vec![VERSION, self.embed.fingerprint(), &current.knowledge.hash];
        let left_out = self.stages.left_out();
        parts.extend(left_out.iter().map(|stage| stage.name()));
        hex::encode(Sha256::digest(parts.join("\n")))
    }

    /// A cache that cannot be written costs time at the next start, and nothing else.
    fn save_unless_same(&self, known: &Known) {
        let Some(path) = &self.cache else { return };
        let current = self.current.load().dense.known(self.embed.dimensions());
        current.save_changes(known, path, self.embed.fingerprint());
    }
}

impl Snapshot {
    /// The vector of a text that is in the index.
    pub(super) fn vector(&self, key: &Key) -> Option<Vec<f32>> {
        self.dense.vector(key)
    }

    /// The reading of an entry's text that is in the index, without the weights that only a message needs.
    pub(super) fn reading(&self, key: &Key) -> Option<Reading> {
        self.dense.reading(key)
    }

    fn build(knowledge: Arc<Knowledge>, known: &Known, embed: &dyn Embed) -> Result<Self, RetrievalError> {
        let entries = || knowledge.entries.iter().map(AsRef::as_ref);
        let lexical = LexicalIndex::build(entries())?;
        let dense = DenseIndex::build(entries(), known, embed)?;
        let grams = Grams::build(entries());
        let vocabulary = Vocabulary::of(entries());
        let cjk = entries().map(|entry| words::cjk_share(&entry.question)).collect();
        Ok(Self { knowledge, lexical, dense, grams, vocabulary, cjk })
    }

    /// Scores the candidates and sorts them, the best first; equal ones in the order of ids.
    fn sort(&self, query: &Query<'_>, candidates: &mut [Candidate]) {
        for candidate in candidates.iter_mut() {
            candidate.score =
                query.scale.score(&candidate.signals, self.cjk[candidate.index]) + candidate.signals.weighed(&query.correction.signals);
        }
        let id = |candidate: &Candidate| &self.knowledge.entries[candidate.index].id;
        candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| id(a).cmp(id(b))));
    }

    /// Compares spellings.
    fn spell(&self, query: &Query<'_>, candidates: &mut [Candidate]) {
        let spelling = Spelling::of_query(&self.grams, query.text);
        for candidate in candidates.iter_mut() {
            let entry = &self.knowledge.entries[candidate.index];
            let texts = match &query.asked {
                Some(asked) => self.dense.nearest(asked, candidate.index, SPELLED_PHRASINGS),
                None => (0..=entry.phrasings.len().min(SPELLED_PHRASINGS - 1)).collect(),
            };
            let alike = |number: usize| spelling.likeness(&self.grams.spelling(text(entry, number)));
            candidate.signals.grams = texts.into_iter().map(alike).fold(0.0, f32::max);
        }
        self.sort(query, candidates);
    }

    fn hit(&self, query: &Query<'_>, candidate: Candidate) -> Hit {
        let entry = &self.knowledge.entries[candidate.index];
        Hit {
            entry: Arc::clone(entry),
            signals: candidate.signals,
            phrasing: text(entry, candidate.nearest).clone(),
            score: candidate.score,
            query: query.signals,
        }
    }
}

/// 0 is the question.
fn text(entry: &Entry, number: usize) -> &String {
    number.checked_sub(1).and_then(|number| entry.phrasings.get(number)).unwrap_or(&entry.question)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::inference::InferenceError;
    use crate::knowledge::{Entry, EntryId, HandoffRule};

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
            handoff: HandoffRule::Never,
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
        let signals = hit.signals;
        assert!(signals.phrasing > 0.99 && signals.coverage > 0.999 && signals.lexical > 0.0 && signals.grams > 0.99, "{signals:?}");
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
        assert_eq!(embed.embedded.load(Ordering::Relaxed) - before, 1, "a question");
        assert_eq!(retriever.search("wrap my gifts", 1).unwrap()[0].entry.id.as_str(), "gifts/wrap");
        assert_eq!(retriever.knowledge().entries.len(), 5);
        assert_ne!(retriever.fingerprint(), fingerprint);
    }

    #[test]
    fn a_trial_of_other_knowledge_embeds_only_what_is_new() {
        let embed = Arc::new(Letters::default());
        let retriever = Retriever::open(knowledge(shop()), embed.clone(), None).unwrap();
        let before = embed.embedded.load(Ordering::Relaxed);
        let (frozen, memory) = retriever.frozen();
        assert_eq!(
            memory.embed(&["refund please", "a new message", "a new message"]).unwrap()[1],
            embed.embed(&["a new message"]).unwrap()[0]
        );
        let warm = embed.embedded.load(Ordering::Relaxed);
        let without_first = Retriever::open(knowledge(shop()[1..].to_vec()), memory, None).unwrap();
        retriever.replace(knowledge(shop()[1..].to_vec())).unwrap();
        for query in ["a new message", "I want to send it back"] {
            assert_eq!(without_first.search(query, 4).unwrap().len(), 3);
            assert_eq!(frozen.search(query, 4).unwrap().len(), 4);
        }
        assert_eq!(frozen.search("I want to send it back", 1).unwrap()[0].entry.id.as_str(), "returns/how");
        assert_eq!(embed.embedded.load(Ordering::Relaxed), warm, "all of it was known");
        assert_eq!(warm - before, 3, "two to remember, of one text, and one to compare with");
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

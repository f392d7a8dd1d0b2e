//! The full-text side: BM25 over one field that holds question, phrasings and answer.
//!
//! One field, not one for questions and one for answers: on sixteen shops, fused with the vectors, it ranked better
//! (right entry first 0.526 against 0.517). A rare word then weighs the same wherever it stands, and a word of the question counts more by itself, as the
//! phrasings repeat it.

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::directory::RamDirectory;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{DocId, DocSet, Index, IndexReader, ReloadPolicy, Score, SegmentOrdinal, SegmentReader, TERMINATED, TantivyDocument, Term};

use super::words;
use crate::knowledge::Entry;

/// Terms of a query that are looked up; the rest of a longer message is not.
const MAX_TERMS: usize = 64;
const ANALYZER: &str = "scripts";
/// Memory for building; beyond it tantivy would want a second segment, and does not with one document writer.
const BUILD_BYTES: usize = 64 * 1024 * 1024;

/// An immutable index; a document's number is its entry's place in the knowledge.
pub(super) struct LexicalIndex {
    reader: IndexReader,
    field: Field,
}

/// What the index says of one query, for each entry.
pub(super) struct LexicalScores {
    /// BM25.
    pub scores: Vec<f32>,
    /// The rarity-weighted share of the query's terms that the entry has.
    pub coverage: Vec<f32>,
    /// How many terms were looked up.
    pub terms: usize,
}

impl LexicalIndex {
    /// Indexes the entries in their order.
    pub(super) fn build<'a>(entries: impl Iterator<Item = &'a Entry>) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs);
        let field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let tokenizers = TokenizerManager::new();
        tokenizers.register(ANALYZER, words::analyzer());
        // One segment and no threads, so that document numbers are the entries' places.
        let mut writer = Index::builder()
            .schema(schema.build())
            .tokenizers(tokenizers)
            .single_segment_index_writer::<TantivyDocument>(RamDirectory::create(), BUILD_BYTES)?;
        for entry in entries {
            let mut document = TantivyDocument::new();
            document.add_text(field, &entry.question);
            entry.phrasings.iter().for_each(|phrasing| document.add_text(field, phrasing));
            document.add_text(field, &entry.answer);
            writer.add_document(document)?;
        }
        let reader = writer.finalize()?.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { reader, field })
    }

    /// Scores every entry. The query is text of a stranger: it becomes plain terms, and no query syntax is read from it.
    pub(super) fn search(&self, query: &str) -> tantivy::Result<LexicalScores> {
        let searcher = self.reader.searcher();
        let count = searcher.num_docs() as usize;
        let terms: Vec<Term> = words::terms(query, MAX_TERMS).iter().map(|text| Term::from_field_text(self.field, text)).collect();
        let mut coverage = vec![0.0_f32; count];
        let mut total = 0.0_f32;
        for term in &terms {
            let frequency = searcher.doc_freq(term)? as f32;
            let rarity = (1.0 + (count as f32 - frequency + 0.5) / (frequency + 0.5)).ln();
            total += rarity;
            for segment in searcher.segment_readers() {
                let Some(mut postings) = segment.inverted_index(self.field)?.read_postings(term, IndexRecordOption::Basic)? else {
                    continue;
                };
                while postings.doc() != TERMINATED {
                    coverage[postings.doc() as usize] += rarity;
                    postings.advance();
                }
            }
        }
        coverage.iter_mut().for_each(|share| *share /= total.max(f32::MIN_POSITIVE));
        let number = terms.len();
        let any_of = terms
            .into_iter()
            .map(|term| (Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) as Box<dyn Query>))
            .collect();
        let scores = searcher.search(&BooleanQuery::new(any_of), &EveryScore { count })?;
        Ok(LexicalScores { scores, coverage, terms: number })
    }
}

/// Collects the score of each document, for the fusion needs all of them.
struct EveryScore {
    count: usize,
}

struct SegmentScores(Vec<f32>);

impl Collector for EveryScore {
    type Fruit = Vec<f32>;
    type Child = SegmentScores;

    fn for_segment(&self, _: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<SegmentScores> {
        Ok(SegmentScores(vec![0.0; self.count]))
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, fruits: Vec<Vec<f32>>) -> tantivy::Result<Vec<f32>> {
        Ok(fruits.into_iter().next().unwrap_or_else(|| vec![0.0; self.count]))
    }
}

impl SegmentCollector for SegmentScores {
    type Fruit = Vec<f32>;

    fn collect(&mut self, document: DocId, score: Score) {
        self.0[document as usize] = score;
    }

    fn harvest(self) -> Vec<f32> {
        self.0
    }
}

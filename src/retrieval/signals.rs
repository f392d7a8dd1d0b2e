//! What speaks for an entry.

/// The signals of one entry for one query. Each is about 0 to 1; the higher, the more it speaks for the entry.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Signals {
    /// Cosine of the query and the nearest phrasing (the question counts as one), by the base model.
    pub phrasing: f32,
    /// Mean cosine of the three nearest phrasings.
    pub phrasings: f32,
    /// Likeness by spelling (character n-grams) of the nearest phrasing.
    pub grams: f32,
    /// What the linear head over all phrasings says.
    pub head: f32,
    /// Cosine of the query and the nearest sentence of the answer, by the adapted model.
    pub sentence: f32,
    /// How well each token of the query finds its like in the entry, by the adapted model.
    pub tokens: f32,
    /// The same within the one sentence of the answer where they find most.
    pub passage: f32,
    /// BM25 of question, phrasings and answer, as `ln(1 + x) / 4`.
    pub lexical: f32,
    /// The share of the query's words, weighed by their rarity, that occur in the entry.
    pub coverage: f32,
}

/// How many signals there are.
pub const SIGNALS: usize = 9;

impl Signals {
    /// Their names, in the order of [`Self::values`].
    pub const NAMES: [&'static str; SIGNALS] =
        ["phrasing", "phrasings", "grams", "head", "sentence", "tokens", "passage", "lexical", "coverage"];

    /// All of them.
    pub fn values(&self) -> [f32; SIGNALS] {
        [self.phrasing, self.phrasings, self.grams, self.head, self.sentence, self.tokens, self.passage, self.lexical, self.coverage]
    }

    /// Their sum, each times its weight.
    pub fn weighed(&self, weights: &[f32; SIGNALS]) -> f32 {
        self.values().iter().zip(weights).map(|(value, weight)| value * weight).sum()
    }

    /// The mean of several.
    pub fn mean<'a>(all: impl ExactSizeIterator<Item = &'a Self>) -> Self {
        let count = all.len().max(1) as f32;
        let mut sums = [0.0_f32; SIGNALS];
        all.for_each(|one| sums.iter_mut().zip(one.values()).for_each(|(sum, value)| *sum += value));
        let [phrasing, phrasings, grams, head, sentence, tokens, passage, lexical, coverage] = sums.map(|sum| sum / count);
        Self { phrasing, phrasings, grams, head, sentence, tokens, passage, lexical, coverage }
    }
}

//! Reading with the adapted model: a vector for the whole of a text, and one for each of its tokens.
//!
//! The tokens are for late interaction (ColBERT; Khattab and Zaharia 2020): each token of a message looks for its nearest token in an entry, and the
//! message's own tokens weigh how much each find counts. An entry is read once, when it is indexed, and not once for every message.

use std::path::Path;

use super::embed::{Embed, Embedder, Encoder, mean, to_unit_length};
use crate::inference::error::InferenceError;
use crate::inference::model::lora::{Adapter, Head};

/// What the adapted model makes of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text as a whole; unit length.
    pub vector: Vec<f32>,
    /// Its tokens, one after the other, each of unit length.
    pub tokens: Vec<f32>,
    /// How much each token counts when the text is a message; they add up to 1.
    pub weights: Vec<f32>,
}

/// The encoders of a search: the base model for what is like what, and the adapted one for what answers what.
pub struct Encoders {
    base: Embedder,
    adapted: Option<Adapted>,
    fingerprint: String,
}

struct Adapted {
    encoder: Encoder,
    head: Head,
}

impl Encoders {
    /// Reads the base's files and, where one is given, an adapter in safetensors, whose head weighs tokens.
    pub fn load(weights: &Path, tokenizer: &Path, adapter: Option<&[u8]>) -> Result<Self, InferenceError> {
        let base = Embedder::load(weights, tokenizer)?;
        let Some(bytes) = adapter else { return Ok(Self { fingerprint: base.fingerprint().to_owned(), base, adapted: None }) };
        let unfit = |fault: String| InferenceError::Failed { fault: format!("the reader's adapter: {fault}") };
        let adapter = Adapter::parse(bytes).map_err(unfit)?;
        let encoder = Encoder::load(weights, tokenizer, Some(&adapter))?;
        let Some(head) = adapter.head().filter(|head| head.weight.len() == encoder.width()).cloned() else {
            return Err(unfit(format!("it needs `head.weight` of {} numbers and `head.bias`", encoder.width())));
        };
        let fingerprint = format!("{}+{}", base.fingerprint(), encoder.fingerprint());
        Ok(Self { base, adapted: Some(Adapted { encoder, head }), fingerprint })
    }
}

impl Embed for Encoders {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        self.base.embed(texts)
    }

    fn read(&self, texts: &[&str]) -> Result<Option<Vec<Reading>>, InferenceError> {
        let Some(adapted) = &self.adapted else { return Ok(None) };
        let texts: Vec<(&str, Option<&str>)> = texts.iter().map(|text| (*text, None)).collect();
        adapted.encoder.map(&texts, |rows| adapted.reading(rows)).map(Some)
    }

    fn token_starts(&self, text: &str) -> Result<Vec<Option<usize>>, InferenceError> {
        self.adapted.as_ref().map_or_else(|| Ok(Vec::new()), |adapted| adapted.encoder.token_starts(text))
    }

    fn dimensions(&self) -> usize {
        self.base.dimensions()
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn knows(&self, word: &str) -> bool {
        self.base.knows(word)
    }
}

impl Adapted {
    fn reading(&self, rows: &[f32]) -> Reading {
        let width = self.encoder.width();
        // The first token is the model's own mark. It stands for nothing that was written.
        let logits: Vec<f32> =
            rows.chunks_exact(width).skip(1).map(|row| row.iter().zip(&self.head.weight).map(|(a, b)| a * b).sum()).collect();
        let highest = logits.iter().copied().fold(f32::MIN, f32::max);
        let exponentials: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
        let total: f32 = exponentials.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let weights = std::iter::once(0.0).chain(exponentials.iter().map(|value| value / total)).collect();
        let tokens = rows.chunks_exact(width).flat_map(|row| to_unit_length(row.to_vec())).collect();
        Reading { vector: to_unit_length(mean(rows, width)), tokens, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::files::manifest::{ModelRole, Profile};
    use crate::inference::files::models::repository_models;

    const SHIPPED: &[u8] = include_bytes!("../../../models/reader/reader.safetensors");

    fn encoders(adapter: Option<&[u8]>) -> Result<Encoders, InferenceError> {
        let store = repository_models(Profile::Default);
        Encoders::load(&store.path(ModelRole::EmbeddingWeights), &store.path(ModelRole::EmbeddingTokenizer), adapter)
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn a_message_is_nearer_to_what_answers_it() {
        let encoders = encoders(Some(SHIPPED)).unwrap();
        let texts = [
            "strap came off my rucksack after 8 months, do i still have any rights",
            "How long is the warranty? Every product has a warranty of two years from delivery.",
            "How do I pay? We take all cards and bank transfer.",
        ];
        let read = encoders.read(&texts).unwrap().unwrap();
        let near = |entry: usize| dot(&read[0].vector, &read[entry].vector);
        assert!(near(1) > near(2) + 0.1, "{} {}", near(1), near(2));
        let width = encoders.dimensions();
        for reading in &read {
            assert_eq!(reading.tokens.len(), reading.weights.len() * width);
            assert!((dot(&reading.vector, &reading.vector) - 1.0).abs() < 1e-4);
            assert!(reading.tokens.chunks_exact(width).all(|token| (dot(token, token) - 1.0).abs() < 1e-4));
            assert!(reading.weights[0] == 0.0 && (reading.weights.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
        for (text, reading) in texts.iter().zip(&read) {
            let starts = encoders.token_starts(text).unwrap();
            assert_eq!(starts.len(), reading.weights.len());
            assert_eq!((starts[0], starts[1], starts[starts.len() - 1]), (None, Some(0), None));
            assert!(starts.iter().flatten().is_sorted() && starts.iter().flatten().all(|start| text.is_char_boundary(*start)));
        }
        let alone = &encoders.read(&texts[..1]).unwrap().unwrap()[0];
        assert!(dot(&alone.vector, &read[0].vector) > 0.999, "what is read beside it does not matter");
    }

    #[test]
    fn without_an_adapter_nothing_is_read_and_a_damaged_one_says_so() {
        let plain = encoders(None).unwrap();
        assert_eq!(plain.read(&["where is my order"]).unwrap(), None);
        assert_ne!(plain.fingerprint(), encoders(Some(SHIPPED)).unwrap().fingerprint());
        for damaged in [&SHIPPED[..1000], b"".as_slice(), b"{}".as_slice()] {
            let fault = encoders(Some(damaged)).err().unwrap().to_string();
            assert!(fault.contains("the reader's adapter"), "{fault}");
        }
    }
}

//! The prompts: a shop's system message, an entry of its FAQ, a question; cut to a length in tokens.

use std::sync::Arc;

use anyhow::ensure;

use crate::inference::{ChatMessage, PromptReader};

const ENTRIES: &str = include_str!("entries.md");

/// About 120 tokens as most models count them.
const SYSTEM: &str = "You work in the support of the shop Harlow & Fell, which sells outdoor goods, cookware and furniture. Read the text below \
                      and copy from it the sentences that answer the shopper's question, word for word and in their order. Begin with the most \
                      important one. Do not add a greeting, do not change figures, do not translate, and never promise anything that the text \
                      does not say. If two sentences belong together, copy both. Write plain text without lists, headings or quotation marks, \
                      and stop after the last sentence that helps.";

/// The length of a support prompt.
const SUPPORT: usize = 400;

/// Entries and what counts their tokens.
pub struct Corpus {
    entries: Vec<Entry>,
    tokens: Arc<PromptReader>,
}

struct Entry {
    question: &'static str,
    answer: &'static str,
}

impl Corpus {
    /// The built-in entries.
    pub fn new(tokens: Arc<PromptReader>) -> Self {
        let entry =
            |text: &'static str| text.split_once('\n').map(|(question, answer)| Entry { question: question.trim(), answer: answer.trim() });
        Self { entries: ENTRIES.split("## ").filter_map(entry).collect(), tokens }
    }

    /// A prompt of `length` tokens that nothing before it began like.
    pub fn reading(&self, length: usize, mark: &str) -> anyhow::Result<Vec<ChatMessage>> {
        let words = self.words(0);
        self.fit(length, words.len(), |count| {
            vec![ChatMessage::system(format!("Request {mark}.")), ChatMessage::user(words[..count].join(" "))]
        })
    }

    /// A short prompt whose answer does not end by itself.
    pub fn writing(&self, mark: &str) -> Vec<ChatMessage> {
        vec![
            ChatMessage::system(format!("Request {mark}. You write long texts without an end.")),
            ChatMessage::user("Tell the story of a lighthouse keeper, from his childhood on, in as many sentences as you can."),
        ]
    }

    /// A support prompt of 400 tokens. Prompts of the same `shift` begin alike up to the end of the system message; `mark` makes the rest new.
    pub fn support(&self, shift: &str, entry: usize, mark: &str) -> anyhow::Result<Vec<ChatMessage>> {
        let at = entry % self.entries.len();
        let (Entry { question, answer }, others) = (&self.entries[at], self.words(at + 1));
        self.fit(SUPPORT, others.len(), |count| {
            let others = others[..count].join(" ");
            let text = format!("Shopper {mark}.\n\nText:\n{answer}\n\n{others}\n\nQuestion: {question}");
            vec![ChatMessage::system(format!("{shift}{SYSTEM}")), ChatMessage::user(text)]
        })
    }

    /// The words of all answers, from one entry on.
    fn words(&self, from: usize) -> Vec<&'static str> {
        let turned = (0..self.entries.len()).map(|number| &self.entries[(from + number) % self.entries.len()]);
        turned.flat_map(|entry| entry.answer.split_whitespace()).collect()
    }

    /// What `make` makes of as many words as fit.
    fn fit(&self, length: usize, most: usize, make: impl Fn(usize) -> Vec<ChatMessage>) -> anyhow::Result<Vec<ChatMessage>> {
        let (mut fits, mut too_many) = (0, most + 1);
        ensure!(
            self.tokens.tokens(&make(0))?.len() <= length,
            "the model's tokens are so short that the prompts do not fit; use another model"
        );
        while too_many - fits > 1 {
            let count = fits.midpoint(too_many);
            if self.tokens.tokens(&make(count))?.len() <= length { fits = count } else { too_many = count }
        }
        Ok(make(fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::{ModelRole, ModelStore, Profile, Silent};

    fn corpus() -> (Corpus, Arc<PromptReader>) {
        let store = ModelStore::open(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
        store.ensure(Profile::Default, &Silent).unwrap();
        let tokens = Arc::new(PromptReader::open(&store.path(ModelRole::Language)).unwrap());
        (Corpus::new(tokens.clone()), tokens)
    }

    #[test]
    fn there_are_sixteen_entries_of_a_real_length() {
        let entries: Vec<(&str, usize)> = ENTRIES
            .split("## ")
            .skip(1)
            .map(|text| text.split_once('\n').unwrap())
            .map(|(question, answer)| (question, answer.split_whitespace().count()))
            .collect();
        assert_eq!(entries.len(), 16);
        assert!(entries.iter().all(|(question, words)| question.ends_with('?') && (120..=200).contains(words)), "{entries:?}");
    }

    #[test]
    fn prompts_have_the_length_they_should() {
        let (corpus, tokens) = corpus();
        let length = |messages: &[ChatMessage]| tokens.tokens(messages).unwrap().len();
        for wanted in [256, 1024] {
            let found = length(&corpus.reading(wanted, "7").unwrap());
            assert!((wanted - 8..=wanted).contains(&found), "{found}");
        }
        let prompts: Vec<_> = (0..16).map(|entry| corpus.support("", entry, "1").unwrap()).collect();
        for prompt in &prompts {
            assert!((SUPPORT - 8..=SUPPORT).contains(&length(prompt)), "{}", length(prompt));
        }
        let (one, other) = (tokens.tokens(&prompts[0]).unwrap(), tokens.tokens(&corpus.support("", 1, "2").unwrap()).unwrap());
        let shared = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
        assert!((110..=135).contains(&shared), "{shared}");
        let shift = tokens.tokens(&corpus.support("Shift 4. ", 0, "1").unwrap()).unwrap();
        assert!(one.iter().zip(&shift).take_while(|(one, other)| one == other).count() < 10);
    }
}

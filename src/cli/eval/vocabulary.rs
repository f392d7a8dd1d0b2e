//! The shop's phrases in every language, as a reply is held against them.

use crate::evaluation::units::{MARK, Phrase};
use crate::prompt::Prompts;

/// The languages in which there are phrases.
const LANGUAGES: [&str; 2] = ["en", "zh"];

/// All phrases.
pub fn of(prompts: &Prompts) -> Vec<Phrase> {
    let shapes = LANGUAGES.iter().flat_map(|language| prompts.phrases(language).shapes(MARK));
    shapes.map(|(key, text)| Phrase::new(&key, &text)).collect()
}

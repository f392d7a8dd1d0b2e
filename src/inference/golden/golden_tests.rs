//! What independent programs make of the two models' files, for tests.
//!
//! `tokens`: llama.cpp's tokenizer (llama-cpp-python 0.3.36) with control tokens as plain text; left out are
//! two things that we do as the models' publishers and not as llama.cpp: Qwen's text is normalised (NFC), and `<tool_call>` in a text from outside
//! stays text. `prompts`: for each prompt the ten highest scores
//! behind it, and 24 tokens of the most likely continuation with the distance between the best and the second score at each, by a forward pass
//! in numpy, 32-bit floats, over the weights as the `gguf` package dequantizes them. That pass agrees with llama.cpp's own on the dequantized file
//! to 0.0006 in every score.

use serde::Deserialize;

use crate::inference::files::manifest::{ModelRole, Profile};
use crate::inference::files::models::repository_models;

/// The facts of one model.
#[derive(Deserialize)]
pub struct Golden {
    pub prompts: Vec<Prompt>,
    pub tokens: Vec<Tokens>,
}

/// A prompt and what follows it.
#[derive(Deserialize)]
pub struct Prompt {
    pub what: String,
    pub tokens: Vec<u32>,
    pub greedy: Vec<u32>,
    pub gaps: Vec<f32>,
    pub ids: Vec<usize>,
    pub logits: Vec<f32>,
}

/// A text and its tokens.
#[derive(Deserialize)]
pub struct Tokens {
    pub text: String,
    pub ids: Vec<u32>,
}

/// Each model's file and facts. The larger file is fetched only where `NIGHTDESK_TEST_REQUIRE` names `quality`; elsewhere it is used where it lies
/// in `models/` already, and otherwise its absence is said by name.
pub fn models() -> Vec<(std::path::PathBuf, Golden)> {
    let parse = |text: &str| serde_json::from_str::<Golden>(text).expect("the golden files are valid");
    let mut models = vec![(repository_models(Profile::Default).path(ModelRole::Language), parse(include_str!("smollm2.json")))];
    let store = repository_models(Profile::Default);
    let file = store.path_in(Profile::Quality, ModelRole::Language);
    if std::fs::exists(&file).unwrap_or(false) {
        models.push((file, parse(include_str!("qwen2.json"))));
    } else if required("quality") {
        models
            .push((repository_models(Profile::Quality).path_in(Profile::Quality, ModelRole::Language), parse(include_str!("qwen2.json"))));
    } else {
        eprintln!("skipped: the quality profile (its model is not in models/; run `nightdesk models fetch --profile quality`)");
    }
    models
}

fn required(part: &str) -> bool {
    let named = std::env::var_os("NIGHTDESK_TEST_REQUIRE").unwrap_or_default();
    named.to_string_lossy().split(',').any(|name| name.trim() == part)
}

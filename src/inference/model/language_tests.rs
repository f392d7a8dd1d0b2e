//! The forward pass against an independent one.

use super::*;
use crate::inference::files::manifest::{ModelRole, Profile};
use crate::inference::files::models::repository_models;
use crate::inference::model::causal::most_likely;

fn load(file: &Path, context: usize) -> Result<LanguageModel, InferenceError> {
    LanguageModel::load(file, LanguageOptions { context, threads: 2, adapter: None })
}

fn say(model: &mut LanguageModel, system: &str, user: &str, most: usize) -> (Vec<u32>, String) {
    let mut tokens = model.prompt(&[ChatMessage::system(system), ChatMessage::user(user)]).unwrap();
    let (begin, mut start) = (tokens.len(), 0);
    let mut cache = model.cache().unwrap();
    while tokens.len() < begin + most {
        let segment = Segment { cache: &mut cache, start, tokens: &tokens[start..], scored: 1 };
        let scores = model.forward(&mut [segment]).unwrap();
        start = tokens.len();
        match most_likely(&scores.rows) {
            token if model.ends(token) => break,
            token => tokens.push(token),
        }
    }
    let text = tokens[begin..].iter().flat_map(|&token| model.bytes(token)).collect();
    (tokens[begin..].to_vec(), String::from_utf8(text).unwrap())
}

/// Written down from a forward pass of its own: numpy in 32-bit floats over the weights as the `gguf` Python package dequantizes them, with
/// attention, rotary positions and SwiGLU spelled out from the papers, and no line of this program. Ours multiplies in 8 bits, so each
/// continuation ends before the first place where the reference's two best tokens were too close to call.
const CONTINUATIONS: &[(&str, &[u32], &str)] = &[
    (
        "What is the capital of France?",
        &[15319, 2849, 1558, 367, 4649, 28, 2618, 2849, 1558, 367, 4649, 28],
        "La femme de France, la femme de France,",
    ),
    (
        "Why is the sky blue?",
        &[504, 6376, 4541, 4461, 975, 282, 253, 980, 1217, 13739, 43464, 24484, 28, 527, 314, 253, 1782, 7613, 338, 4149, 645],
        "The sky appears blue because of a process called Rayleigh scattering, which is a natural phenomenon that occurs when",
    ),
];

#[test]
fn greedy_continuations_are_those_of_an_independent_forward() {
    let store = repository_models(Profile::Default);
    let mut model = load(&store.path(ModelRole::Language), 256).unwrap();
    for (question, tokens, text) in CONTINUATIONS {
        assert_eq!(say(&mut model, "You answer briefly.", question, tokens.len()), (tokens.to_vec(), (*text).to_owned()));
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_with_a_sentence() {
    let store = repository_models(Profile::Default);
    let bytes = std::fs::read(store.path(ModelRole::Language)).unwrap();
    let replaced = |from: &str, to: &str| {
        let mut bytes = bytes.clone();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    // A tensor's entry is its name, the number of its dimensions, each of them, and then its type.
    let name = b"blk.0.attn_q.weight";
    let mut retyped = bytes.clone();
    retyped[bytes.windows(name.len()).position(|window| window == name).unwrap() + name.len() + 4 + 16] = 39;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.gguf");
    let cases = [
        (b"PK not a model".to_vec(), "it is not a GGUF file"),
        (bytes[..100].to_vec(), "cannot be loaded"),
        (bytes[..bytes.len() / 2].to_vec(), "remaining in file"),
        (replaced("\u{5}\0\0\0\0\0\0\0llama", "\u{5}\0\0\0\0\0\0\0mamba"), "architecture `mamba`"),
        (retyped, "quantized in a way that is not supported"),
        (replaced("\u{6}\0\0\0\0\0\0\0smollm", "\u{6}\0\0\0\0\0\0\0gptneo"), "pre-tokenizer `gptneo`"),
    ];
    for (bytes, expected) in cases {
        std::fs::write(&file, bytes).unwrap();
        let fault = load(&file, 64).map(|_| ()).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
        assert!(fault.contains("other.gguf"), "{fault}");
    }
}

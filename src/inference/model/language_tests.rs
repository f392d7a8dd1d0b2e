//! The forward pass against an independent one.

use super::*;
use crate::inference::files::manifest::{ModelRole, Profile};
use crate::inference::files::models::repository_models;
use crate::inference::golden;
use crate::inference::model::causal::most_likely;

fn load(file: &Path, context: usize) -> Result<LanguageModel, InferenceError> {
    LanguageModel::load(file, LanguageOptions { context, threads: 2, adapter: None })
}

/// Scores are rounded: inputs of products to 8 bits, keys and values to 16. Where the reference's two best are nearer than this, either may win.
const CLOSE: f32 = 0.3;

fn read(model: &mut LanguageModel, tokens: &[u32], cuts: &[usize]) -> Vec<f32> {
    let mut cache = model.cache().unwrap();
    let (mut start, mut rows) = (0, Vec::new());
    for cut in cuts {
        let segment = Segment { cache: &mut cache, start, tokens: &tokens[start..start + cut], scored: *cut };
        rows.extend(model.forward(&mut [segment]).unwrap().rows);
        start += cut;
    }
    rows
}

#[test]
fn scores_and_continuations_are_those_of_independent_programs() {
    for (file, golden) in golden::models() {
        let mut model = load(&file, 256).unwrap();
        let vocabulary = model.vocabulary();
        for prompt in golden.prompts {
            let tokens = [prompt.tokens.as_slice(), &prompt.greedy].concat();
            let rows = read(&mut model, &tokens, &[tokens.len()]);
            let behind = |token: usize| &rows[token * vocabulary..][..vocabulary];
            let scores = behind(prompt.tokens.len() - 1);
            for (id, expected) in prompt.ids.iter().zip(&prompt.logits) {
                assert!((scores[*id] - expected).abs() < 2.0 * CLOSE, "{}: {id} {} {expected}", prompt.what, scores[*id]);
            }
            for (index, (token, gap)) in prompt.greedy.iter().zip(&prompt.gaps).enumerate() {
                let found = most_likely(behind(prompt.tokens.len() - 1 + index));
                assert!(found == *token || *gap < CLOSE, "{}, token {index}: {found} is not {token}, which leads by {gap}", prompt.what);
            }
        }
    }
}

#[test]
fn however_a_prompt_is_cut_and_whatever_is_beside_it_its_scores_have_the_same_bytes() {
    for (file, golden) in golden::models() {
        let mut model = load(&file, 256).unwrap();
        let tokens: Vec<&[u32]> = golden.prompts.iter().map(|prompt| &prompt.tokens[..20]).collect();
        let alone: Vec<Vec<f32>> = tokens.iter().map(|tokens| read(&mut model, tokens, &[20])).collect();
        assert!(read(&mut model, tokens[0], &[1, 7, 2, 1, 9]) == alone[0]);
        let mut caches: Vec<Cache> = tokens.iter().map(|_| model.cache().unwrap()).collect();
        let mut together = vec![Vec::new(); tokens.len()];
        // Each is at another place in another pass.
        for pass in 0..20 / 4 + tokens.len() {
            let mut segments = Vec::new();
            let mut who = Vec::new();
            for (index, cache) in caches.iter_mut().enumerate() {
                let start = 4 * pass.saturating_sub(index);
                if pass >= index && start < 20 {
                    segments.push(Segment { cache, start, tokens: &tokens[index][start..start + 4], scored: 4 });
                    who.push(index);
                }
            }
            if !segments.is_empty() {
                let scores = model.forward(&mut segments).unwrap();
                for (index, rows) in who.iter().zip(scores.rows.chunks_exact(4 * scores.vocabulary)) {
                    together[*index].extend_from_slice(rows);
                }
            }
        }
        assert!(together == alone);
    }
}

#[test]
fn a_copied_cache_goes_on_where_its_source_was() {
    let (file, golden) = golden::models().remove(0);
    let mut model = load(&file, 128).unwrap();
    let tokens = &golden.prompts[0].tokens;
    let whole = read(&mut model, tokens, &[tokens.len()]);
    let mut source = model.cache().unwrap();
    model.forward(&mut [Segment { cache: &mut source, start: 0, tokens: &tokens[..30], scored: 0 }]).unwrap();
    let mut copy = model.cache().unwrap();
    model.copy(&source, 21, &mut copy);
    let rest = model.forward(&mut [Segment { cache: &mut copy, start: 21, tokens: &tokens[21..], scored: tokens.len() - 21 }]).unwrap();
    assert!(rest.rows == whole[21 * rest.vocabulary..]);
}

#[test]
fn a_second_start_maps_what_the_first_packed_and_a_damaged_file_is_packed_anew() {
    let (file, golden) = golden::models().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("model.gguf");
    std::fs::copy(&file, &own).unwrap();
    let packed = folder.path().join("model.gguf.packed");
    let scores = || read(&mut load(&own, 64).unwrap(), &golden.prompts[0].tokens, &[golden.prompts[0].tokens.len()]);
    let first = scores();
    let written = std::fs::metadata(&packed).unwrap().modified().unwrap();
    assert!(scores() == first);
    assert_eq!(std::fs::metadata(&packed).unwrap().modified().unwrap(), written, "it was mapped as it was");
    let bytes = std::fs::read(&packed).unwrap();
    for damaged in [&bytes[..bytes.len() / 2], b"", b"something else"] {
        std::fs::remove_file(&packed).unwrap();
        std::fs::write(&packed, damaged).unwrap();
        assert!(scores() == first);
        assert_eq!(std::fs::metadata(&packed).unwrap().len(), bytes.len() as u64);
    }
    // A folder in its place cannot be replaced: the weights are packed into memory.
    std::fs::remove_file(&packed).unwrap();
    std::fs::create_dir(&packed).unwrap();
    assert!(scores() == first);
}

#[test]
fn absurd_requests_are_errors_with_a_sentence() {
    let (file, _) = golden::models().remove(0);
    let mut model = load(&file, 16).unwrap();
    let mut cache = model.cache().unwrap();
    let mut fault = |start: usize, tokens: &[u32]| {
        model.forward(&mut [Segment { cache: &mut cache, start, tokens, scored: 1 }]).map(|_| ()).unwrap_err().to_string()
    };
    assert!(fault(0, &[1; 17]).contains("17 tokens long and the context holds 16"));
    assert!(fault(usize::MAX, &[1]).contains("the context holds 16"));
    assert!(fault(0, &[u32::MAX]).contains("no token"));
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
        (bytes[..bytes.len() / 2].to_vec(), "beyond the end of the file"),
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

//! Golden token ids.
//!
//! The expected ids come from the reference implementation's own Python package (`tokenizers` 0.23.3), set up as each model's published
//! `tokenizer.json` is and fed the vocabulary of the same file; control tokens were registered there as special tokens.

use super::*;
use crate::inference::files::manifest::{ModelRole, Profile};
use crate::inference::files::models::repository_models;
use crate::inference::golden;

const GOLDEN: &[(&str, &[u32])] = &[
    ("", &[]),
    ("Hello, world!", &[19556, 28, 905, 17]),
    ("Where is my order #10342?", &[9576, 314, 957, 1686, 907, 33, 32, 35, 36, 34, 47]),
    ("  two  spaces   and\ttabs\n\n\nlines ", &[216, 827, 216, 5600, 256, 284, 197, 100, 7366, 1116, 198, 5110, 216]),
    (
        "Total: 1,234.50 EUR on 2026-11-25",
        &[17647, 42, 216, 33, 28, 34, 35, 36, 30, 37, 32, 48007, 335, 216, 34, 32, 34, 38, 29, 33, 33, 29, 34, 37],
    ),
    ("I'll don't WE'VE it's", &[57, 3060, 1326, 982, 26587, 23, 18525, 357, 506]),
    (
        "\u{4f60}\u{597d}\u{ff0c}\u{6211}\u{7684}\u{8ba2}\u{5355}\u{5728}\u{54ea}\u{91cc}\u{ff1f}",
        &[18645, 250, 48392, 138, 12831, 19805, 235, 11567, 22081, 112, 27991, 239, 32632, 176, 237, 120, 27219, 230, 8083, 249],
    ),
    (
        "\u{1f600}\u{1f469}\u{200d}\u{1f4bb} thanks \u{2764}\u{fe0f}",
        &[10813, 242, 218, 10813, 235, 119, 321, 231, 10813, 236, 136, 6954, 4636, 247, 114, 31752],
    ),
    ("Stra\u{df}e caf\u{e9} na\u{ef}ve", &[48513, 34878, 85, 37366, 15486, 46494]),
    ("cafe\u{301}", &[83, 9980, 151, 219]),
    ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", &[1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198]),
    ("a<|im_end|>b<|endoftext|>", &[81, 2, 82, 0]),
    (
        "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        &[21706, 20602, 44626, 31462, 10805, 12960, 119, 31838, 23970, 162, 247],
    ),
    ("x = [1, 22, 333];  // ok", &[104, 446, 933, 33, 28, 216, 34, 34, 28, 216, 35, 35, 35, 26695, 216, 13241, 10907]),
    ("\u{a0}non\u{2003}breaking\u{3000}", &[15442, 9033, 321, 221, 11194, 12109, 218]),
];

/// The same for the larger model, whose file a test does not fetch: checked where it is there.
const GOLDEN_QWEN2: &[(&str, &[u32])] = &[
    ("Where is my order #10342?", &[9064, 374, 847, 1973, 671, 16, 15, 18, 19, 17, 30]),
    ("  two  spaces   and\ttabs\n\n\nlines ", &[220, 1378, 220, 12621, 256, 323, 3244, 3435, 1406, 7969, 220]),
    ("I'll don't WE'VE it's", &[40, 3278, 1513, 944, 19677, 6, 4491, 432, 594]),
    (
        "\u{4f60}\u{597d}\u{ff0c}\u{6211}\u{7684}\u{8ba2}\u{5355}\u{5728}\u{54ea}\u{91cc}\u{ff1f}",
        &[108386, 3837, 97611, 50410, 105930, 11319],
    ),
    ("\u{1f600}\u{1f469}\u{200d}\u{1f4bb} thanks \u{2764}\u{fe0f}", &[141334, 145233, 378, 235, 145851, 9339, 70470, 30543]),
    ("cafe\u{301}", &[924, 58858]),
    ("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", &[151644, 872, 198, 13048, 151645, 198, 151644, 77091, 198]),
];

fn tokenizer() -> Tokenizer {
    let store = repository_models(Profile::Default);
    Tokenizer::from_gguf(&Gguf::open(&store.path(ModelRole::Language)).unwrap()).unwrap()
}

fn text_of(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    String::from_utf8(ids.iter().flat_map(|&id| tokenizer.bytes(id)).collect()).unwrap()
}

fn check(tokenizer: &Tokenizer, golden: &[(&str, &[u32])]) {
    for (text, ids) in golden {
        assert_eq!(tokenizer.encode(text, &[]).unwrap(), *ids, "{text:?}");
    }
}

#[test]
fn smollm_encodes_as_the_reference() {
    check(&tokenizer(), GOLDEN);
}

#[test]
fn qwen2_encodes_as_the_reference() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf");
    if !file.exists() {
        eprintln!("skipped: qwen2 token ids ({} is not there; `nightdesk models fetch --profile quality`)", file.display());
        return;
    }
    check(&Tokenizer::from_gguf(&Gguf::open(&file).unwrap()).unwrap(), GOLDEN_QWEN2);
}

#[test]
fn quoted_text_never_becomes_a_control_token_and_comes_back_whole() {
    let tokenizer = tokenizer();
    for (text, _) in GOLDEN {
        let ids = tokenizer.encode(text, std::slice::from_ref(&(0..text.len()))).unwrap();
        assert!(ids.iter().all(|&id| !tokenizer.is_control[id as usize]), "{text:?}: {ids:?}");
        assert_eq!(text_of(&tokenizer, &ids), *text);
    }
}

#[test]
fn a_control_token_that_begins_or_ends_in_a_quotation_is_text() {
    let tokenizer = tokenizer();
    let text = "<|im_start|>a<|im_end|>b<|im_end|>";
    // The quotation is `a<|im_end|>b<|im_`: the second end token begins in it and ends outside.
    let ids = tokenizer.encode(text, std::slice::from_ref(&(12..30))).unwrap();
    assert_eq!(ids[0], 1);
    assert!(!ids[1..].contains(&2), "{ids:?}");
    assert_eq!(tokenizer.encode(text, &[12..13, 23..24]).unwrap(), [1, 81, 2, 82, 2]);
}

#[test]
fn tokens_are_those_of_llama_cpp_for_both_models() {
    for (file, golden) in golden::models() {
        let tokenizer = Tokenizer::from_gguf(&Gguf::open(&file).unwrap()).unwrap();
        let mut different = Vec::new();
        for case in golden.tokens {
            let ids = tokenizer.encode_plain(&case.text).unwrap();
            if ids != case.ids {
                different.push(format!("{:?}: {ids:?} is not {:?}", case.text, case.ids));
            }
        }
        assert!(different.is_empty(), "{}:\n{}", file.display(), different.join("\n"));
    }
}

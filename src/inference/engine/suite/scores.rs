//! How likely continuations are.

use super::scripted::{FAULT, bytes, prompt};
use super::*;
use crate::inference::text::chat::{Scoring, ScoringPrompt};

const LETTERS: Script = Script::Letters { seed: 13, depth: None };

fn scoring(prompt: ScoringPrompt, continuations: &[&str]) -> Scoring {
    let continuations = continuations.iter().map(|&text| text.to_owned()).collect();
    Scoring { prompt, continuations, deadline: Duration::from_secs(60) }
}

fn plain(text: impl Into<String>) -> ScoringPrompt {
    ScoringPrompt::Text(text.into())
}

impl Bench {
    fn score(&self, request: Scoring) -> Result<Vec<Vec<f32>>, InferenceError> {
        self.engine.score(self.engine.admit(Class::Agent).unwrap(), request).blocking_recv().unwrap()
    }
}

/// The same, one token after the other.
fn expected(prompt: &[u32], continuation: &str) -> Vec<f32> {
    let mut tokens = prompt.to_vec();
    let score = |token: u32| {
        let row = LETTERS.row(&tokens);
        tokens.push(token);
        let total: f64 = row.iter().map(|&score| f64::from(score).exp()).sum();
        (f64::from(row[token as usize]).exp() / total).ln() as f32
    };
    bytes(continuation).into_iter().map(score).collect()
}

fn check(scores: &[Vec<f32>], prompt: &[u32], continuations: &[&str]) {
    assert_eq!(scores.len(), continuations.len());
    for (scores, continuation) in scores.iter().zip(continuations) {
        let expected = expected(prompt, continuation);
        assert_eq!(scores.len(), expected.len());
        assert!(scores.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "{scores:?} {expected:?}");
    }
}

#[test]
fn continuations_are_scored_as_if_each_were_read_alone() {
    let entry = "Returns are free within thirty days of delivery. ".repeat(3);
    let mut continuations = vec!["abc", "", "a", "headache", "abcdefgh?", "bad", "cab", "face", "deaf", "hedge", "abc", "ab"];
    let long = "cabbage ".repeat(30);
    continuations.push(&long);
    let bench = bench(LETTERS);
    check(&bench.score(scoring(plain(&entry), &continuations)).unwrap(), &bytes(&entry), &continuations);
    // The prompt was read once, and its last token, whose scores are wanted, with each continuation.
    assert_eq!(bench.rows(), entry.len() - 1 + continuations.iter().map(|text| text.len()).sum::<usize>());
    let chat = vec![ChatMessage::system("Say which."), ChatMessage::user("This one?")];
    let scores = bench.score(scoring(ScoringPrompt::Chat(chat.clone()), &["yes", "no"])).unwrap();
    check(&scores, &prompt(&chat), &["yes", "no"]);
}

#[test]
fn what_cannot_be_scored_is_refused_and_nothing_is_nothing() {
    let bench = bench(LETTERS);
    assert_eq!(bench.score(scoring(plain("abc"), &[])).unwrap(), Vec::<Vec<f32>>::new());
    assert_eq!(bench.score(scoring(plain("abc"), &["", ""])).unwrap(), vec![Vec::<f32>::new(); 2]);
    assert!(matches!(bench.score(scoring(plain(""), &["abc"])), Err(InferenceError::EmptyPrompt)));
    let long = "x".repeat(CONTEXT);
    assert!(matches!(bench.score(scoring(plain("abc"), &["a", &long])), Err(InferenceError::PromptTooLong { .. })));
    let late = Scoring { deadline: Duration::ZERO, ..scoring(plain("abc"), &["a"]) };
    assert!(matches!(bench.score(late), Err(InferenceError::DeadlinePassed { .. })));
    let fault = format!("b{FAULT}d");
    assert!(bench.score(scoring(plain("abc"), &["a", &fault, "c"])).unwrap_err().to_string().contains("scripted fault"));
    check(&bench.score(scoring(plain("abc"), &["a"])).unwrap(), &bytes("abc"), &["a"]);
    assert_eq!(bench.engine.tokens(vec!["ab".into(), String::new()]).blocking_recv().unwrap().unwrap(), [vec![97, 98], vec![]]);
}

#[test]
fn scores_that_nobody_waits_for_give_their_place_back() {
    let bench = bench_with(LETTERS, EngineOptions { queue: 1, ..options() });
    let turn = bench.turn.lock().unwrap();
    drop(bench.engine.score(bench.engine.admit(Class::Shopper).unwrap(), scoring(plain("abc"), &["a", "b"])));
    drop(turn);
    let permit = std::iter::repeat_with(|| bench.engine.admit(Class::Shopper)).find_map(Result::ok).unwrap();
    assert_eq!(text(bench.engine.generate(permit, request("hello"))), LETTERS.says("hello", 50));
}

#[test]
fn interrupted_scores_are_begun_anew() {
    let bench = bench_with(LETTERS, EngineOptions { sequences: 1, ..options() });
    let long = "cabbage ".repeat(30);
    let ask = || bench.engine.score(bench.engine.admit(Class::Background).unwrap(), scoring(plain("abc"), &[&long, "bad"]));
    let (scores, shopper) = bench.ask_during(ask, request("hello"));
    assert_eq!(text(shopper), LETTERS.says("hello", 50));
    check(&scores.blocking_recv().unwrap().unwrap(), &bytes("abc"), &[&long, "bad"]);
    let names: String = bench.passes().iter().map(|pass| pass[0].name).collect();
    assert!(names.starts_with("ah") && names.ends_with('a') && !names.trim_matches('a').contains('a'), "{names}");
}

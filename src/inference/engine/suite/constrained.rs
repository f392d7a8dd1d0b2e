//! Replies that may be made of certain texts only.

use proptest::prelude::*;

use super::scripted::{bytes, prompt};
use super::*;
use crate::inference::engine::constraint::{Allowed, Constraint, End, Next, Trie, Units};

fn choices(texts: &[&str], units: Units) -> Option<Arc<dyn Constraint>> {
    Some(Arc::new(Trie::new(texts.iter().map(|text| bytes(text)), units)))
}

#[test]
fn the_best_of_the_choices_is_said() {
    for seed in 0..20 {
        let script = Script::Letters { seed, depth: None };
        let row = script.row(&prompt(&[ChatMessage::user("hello")]));
        let best = ["alpha", "beta", "cat"]
            .into_iter()
            .max_by(|a, b| row[usize::from(a.as_bytes()[0])].total_cmp(&row[usize::from(b.as_bytes()[0])]));
        let bench = bench(script);
        let constraint = choices(&["alpha", "beta", "cat"], Units::One);
        assert_eq!(text(bench.ask(Generation { constraint, ..request("hello") })), best.unwrap());
        // Once the first letter is chosen nothing is left to ask.
        assert_eq!(bench.passes().len(), 1);
    }
}

#[test]
fn a_single_choice_needs_no_model_and_a_forced_run_goes_in_one_pass() {
    let bench = bench(Script::Letters { seed: 1, depth: None });
    let only = Generation { constraint: choices(&["only"], Units::One), ..request("hello") };
    assert_eq!(text(bench.ask(only)), "only");
    assert_eq!(bench.passes().len(), 0);
    let forked = Generation { constraint: choices(&["aforced run then a", "aforced run then b"], Units::One), ..request("hello") };
    assert!(text(bench.ask(forked)).starts_with("aforced run then "));
    assert_eq!(bench.passes().len(), 1);
    let cut = Generation { constraint: choices(&["only"], Units::One), max_tokens: 2, ..request("hello") };
    assert_eq!(text(bench.ask(cut)), "on");
}

#[test]
fn several_units_follow_until_the_model_ends() {
    let bench = bench(Script::Text("no. yes. no."));
    let constraint = choices(&["yes. ", "no. "], Units::UpTo(5));
    // What the script says after the blank is no choice of the trie's: the best that is permitted goes on, here the end.
    let reply = text(bench.ask(Generation { constraint, ..request("hello") }));
    assert_eq!(reply, "no. yes. no. ");
}

/// Lets nothing follow, and does not let the reply end.
#[derive(Debug)]
struct DeadEnd;

impl Constraint for DeadEnd {
    fn after(&self, reply: &[u32]) -> Next {
        assert!(reply.len() < 3, "a mistake of the constraint");
        let allowed = if reply.is_empty() { Allowed::Anything } else { Allowed::Only(vec![9_999_999, 9_999_998]) };
        Next { allowed, end: End::Forbidden }
    }
}

/// Panics after a few tokens.
#[derive(Debug)]
struct Broken;

impl Constraint for Broken {
    fn after(&self, reply: &[u32]) -> Next {
        assert!(reply.len() < 3, "a mistake of the constraint");
        Next { allowed: Allowed::Anything, end: End::Permitted }
    }
}

#[test]
fn a_constraint_at_fault_fails_its_own_reply() {
    let script = Script::Letters { seed: 2, depth: None };
    let bench = bench(script);
    let turn = bench.turn.lock().unwrap();
    let with = |constraint: Arc<dyn Constraint>| bench.ask(Generation { constraint: Some(constraint), ..request("hello") });
    let (dead, broken, plain) = (with(Arc::new(DeadEnd)), with(Arc::new(Broken)), bench.ask(request("hello")));
    drop(turn);
    assert!(all(dead).unwrap_err().to_string().contains("lets nothing follow"));
    assert!(all(broken).unwrap_err().to_string().contains("a mistake of the constraint"));
    assert_eq!(text(plain), script.says("hello", 50));
}

/// What the model says one token after the other, each the best that is permitted.
fn plain(script: Script, content: &str, trie: &Trie, most: usize) -> String {
    let mut tokens = prompt(&[ChatMessage::user(content)]);
    let mut reply = Vec::new();
    while reply.len() < most {
        let next = trie.after(&reply);
        let row = script.row(&tokens);
        let Allowed::Only(allowed) = next.allowed else { unreachable!() };
        let ends = (next.end == End::Permitted).then_some(super::scripted::END);
        let score = |token: &u32| row[*token as usize];
        let best = allowed.into_iter().chain(ends).reduce(|best, next| if score(&next) > score(&best) { next } else { best });
        match best {
            None | Some(super::scripted::END) => break,
            Some(token) => {
                reply.push(token);
                tokens.push(token);
            }
        }
    }
    reply.iter().map(|&token| char::from_u32(token).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_constrained_reply_is_the_plain_one_with_guesses_or_without(
        seed: u64,
        depth in 1..4usize,
        units in proptest::collection::vec("[a-d]{1,6}", 0..5),
        count in 0..12usize,
        most in 0..60usize,
    ) {
        let script = Script::Letters { seed, depth: Some(depth) };
        let trie = || Trie::new(units.iter().map(|unit| bytes(unit)), Units::UpTo(count));
        let content = units.concat() + "?";
        let expected = plain(script, &content, &trie(), most);
        let bench = bench(script);
        let request = Generation { max_tokens: most, constraint: Some(Arc::new(trie())), ..request(&content) };
        prop_assert_eq!(text(bench.ask(request)), expected);
    }
}

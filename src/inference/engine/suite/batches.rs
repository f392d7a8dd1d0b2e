//! Many replies at once.

use proptest::prelude::*;

use super::scripted::{FAULT, PANIC};
use super::*;

const LETTERS: Script = Script::Letters { seed: 7, depth: None };

/// Asks for all of them before the model may begin.
fn together(bench: &Bench, requests: Vec<Generation>) -> Vec<Pieces> {
    let _turn = bench.turn.lock().unwrap();
    requests.into_iter().map(|request| bench.ask(request)).collect()
}

#[test]
fn a_reply_has_the_same_bytes_alone_and_among_eight_others() {
    for depth in [None, Some(1), Some(2), Some(4)] {
        let script = Script::Letters { seed: 3, depth };
        let instructions = "You answer briefly and stay with the shop's answers. ";
        let contents: Vec<String> = (0..9).map(|n| format!("{instructions}{}", format!("{n} question ").repeat(n + 1))).collect();
        let alone = text(bench(script).ask(request(&contents[4])));
        let bench = bench(script);
        let replies = together(&bench, contents.iter().map(|content| request(content)).collect());
        let replies: Vec<String> = replies.into_iter().map(text).collect();
        assert_eq!(replies[4], alone);
        for (content, reply) in contents.iter().zip(replies) {
            assert_eq!(reply, script.says(content, 50));
        }
        assert_eq!(bench.passes().iter().map(Vec::len).max(), Some(8));
    }
}

#[test]
fn a_new_sequence_joins_between_two_steps() {
    let bench = bench(LETTERS);
    let (first, second) = bench.ask_during(|| bench.ask(request("first")), request("second"));
    assert_eq!(text(second), LETTERS.says("second", 50));
    assert_eq!(text(first), LETTERS.says("first", 50));
    let sizes: Vec<usize> = bench.passes().iter().map(Vec::len).collect();
    assert_eq!(sizes[..3], [1, 2, 2]);
}

#[test]
fn a_prompt_beside_a_reply_is_read_in_pieces() {
    let bench = bench(LETTERS);
    let long = "long ".repeat(80);
    let (first, second) = bench.ask_during(|| bench.ask(request("first")), request(&long));
    assert_eq!(text(second), LETTERS.says(&long, 50));
    assert_eq!(text(first), LETTERS.says("first", 50));
    let beside: Vec<usize> = bench.passes().iter().filter(|pass| pass.len() == 2).map(|pass| pass[1].tokens).collect();
    assert_eq!(beside[..4], [128, 128, 128, 17]);
}

#[test]
fn one_panic_or_fault_does_not_stop_the_others() {
    let bench = bench(LETTERS);
    let replies = together(&bench, vec![request("a"), request(&format!("b{FAULT}")), request("c"), request("d")]);
    let replies: Vec<_> = replies.into_iter().map(all).collect();
    assert!(replies[1].as_ref().unwrap_err().to_string().contains("scripted fault"));
    for (name, at) in [("a", 0), ("c", 2), ("d", 3)] {
        assert_eq!(replies[at].as_ref().unwrap().concat(), LETTERS.says(name, 50));
    }
    let replies = together(&bench, vec![request(&format!("e{PANIC}")), request("f")]);
    let failed = replies.into_iter().map(all).filter(Result::is_err).count();
    assert!(failed >= 1);
    assert_eq!(text(bench.ask(request("g"))), LETTERS.says("g", 50));
}

#[test]
fn a_shopper_takes_the_place_of_less_urgent_work_which_goes_on_later() {
    let bench = bench_with(LETTERS, EngineOptions { sequences: 1, ..options() });
    let content = "background, a prompt of some length";
    let (background, shopper) = bench.ask_during(|| bench.ask_as(Class::Background, request(content)), request("shopper"));
    assert_eq!(text(shopper), LETTERS.says("shopper", 50));
    assert_eq!(text(background), LETTERS.says(content, 50));
    let names: String = bench.passes().iter().map(|pass| pass[0].name).collect();
    let shopper = names.find('s').unwrap();
    assert!(names[shopper..].trim_start_matches('s').chars().all(|name| name == 'b'), "{names}");
    assert!(names[shopper..].contains('b'), "the background work was interrupted: {names}");
}

#[test]
fn memory_decides_how_many_run() {
    let bench = bench_with(LETTERS, EngineOptions { memory: 0, kept: 0, ..options() });
    let most = |content: &str| Generation { max_tokens: 300, ..request(content) };
    let replies = together(&bench, vec![most("one"), most("two"), most("three")]);
    for (name, reply) in ["one", "two", "three"].into_iter().zip(replies) {
        assert_eq!(text(reply), LETTERS.says(name, 300));
    }
    assert!(bench.passes().iter().all(|pass| pass.len() == 1));
}

#[test]
fn where_the_system_has_no_memory_for_one_more_it_waits_or_is_told() {
    let bench = bench(LETTERS);
    bench.room.store(2, Ordering::SeqCst);
    let names = ["one", "two", "three", "four"];
    for (name, reply) in names.into_iter().zip(together(&bench, names.map(request).into())) {
        assert_eq!(text(reply), LETTERS.says(name, 50));
    }
    assert!(bench.passes().iter().all(|pass| pass.len() <= 2));
    bench.room.store(0, Ordering::SeqCst);
    // The caches there are serve again.
    assert_eq!(text(bench.ask(request("five"))), LETTERS.says("five", 50));
    let none = bench_with(LETTERS, options());
    none.room.store(0, Ordering::SeqCst);
    assert!(all(none.ask(request("six"))).unwrap_err().to_string().contains("want of memory"));
}

#[test]
fn a_deadline_passes_while_waiting_too() {
    let bench = bench_with(Script::Slow, EngineOptions { sequences: 1, ..options() });
    let endless = Generation { stop: vec!["never".into()], max_tokens: usize::MAX, ..request("first") };
    let hurried = Generation { deadline: Duration::from_millis(60), ..request("second") };
    let (first, second) = bench.ask_during(|| bench.ask(endless), hurried);
    assert!(matches!(all(second), Err(InferenceError::DeadlinePassed { .. })));
    assert!(!first.is_closed(), "the second did not wait for the first to end");
    assert!(bench.passes().iter().flatten().all(|read| read.name == 'f'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn guesses_change_nothing(seed: u64, depth in 1..4usize, content in "[a-h]{1,60}", most in 1..120usize) {
        let script = Script::Letters { seed, depth: Some(depth) };
        let bench = bench(script);
        prop_assert_eq!(text(bench.ask(Generation { max_tokens: most, ..request(&content) })), script.says(&content, most));
        let passes = bench.passes().len();
        prop_assert!(passes <= most, "{} passes for {} tokens", passes, most);
    }
}

#[test]
fn a_reply_that_repeats_itself_takes_fewer_passes_than_tokens() {
    let script = Script::Letters { seed: 5, depth: Some(1) };
    let bench = bench(script);
    assert_eq!(text(bench.ask(Generation { max_tokens: 200, ..request("hello") })), script.says("hello", 200));
    assert!(bench.passes().len() < 80, "{} passes", bench.passes().len());
}

//! One reply: how it begins and ends, and what can go wrong.

use super::scripted::PANIC;
use super::*;

#[test]
fn an_answer_comes_in_pieces_of_whole_characters_and_ends_with_the_model() {
    let bench = bench(Script::Text("d\u{e9}j\u{e0}"));
    assert_eq!(all(bench.ask(request("hello"))).unwrap(), ["d", "\u{e9}", "j", "\u{e0}"]);
}

#[test]
fn an_answer_ends_at_a_stop_text_or_at_the_most_tokens() {
    let bench = bench(Script::Text("One.\nTwo."));
    let stop = Generation { stop: vec!["\n".into()], ..request("hello") };
    assert_eq!(text(bench.ask(stop)), "One.");
    let short = Generation { max_tokens: 2, ..request("hello") };
    assert_eq!(text(bench.ask(short)), "On");
    let held_back = Generation { max_tokens: 2, stop: vec!["no".into()], ..request("hello") };
    assert_eq!(text(bench.ask(held_back)), "On");
}

#[test]
fn absurd_limits_are_answered_or_refused() {
    let bench = bench(Script::Text("fine"));
    let none = Generation { max_tokens: 0, ..request("hello") };
    assert_eq!(all(bench.ask(none)).unwrap(), [""; 0]);
    let most = Generation { max_tokens: usize::MAX, deadline: Duration::MAX, ..request("hello") };
    assert_eq!(text(bench.ask(most)), "fine");
    let nothing = Generation { messages: Vec::new(), ..request("") };
    assert!(matches!(all(bench.ask(nothing)), Err(InferenceError::EmptyPrompt)));
    let late = Generation { deadline: Duration::ZERO, ..request("hello") };
    assert!(matches!(all(bench.ask(late)), Err(InferenceError::DeadlinePassed { .. })));
    let long = |length| all(bench.ask(Generation { max_tokens: usize::MAX, ..request(&"x".repeat(length)) }));
    assert!(matches!(long(CONTEXT - 1), Err(InferenceError::PromptTooLong { tokens: CONTEXT, context: CONTEXT })));
    assert_eq!(long(CONTEXT - 2).unwrap().concat(), "f");
    assert_eq!(long(CONTEXT - 4).unwrap().concat(), "fin");
}

#[test]
fn an_endless_reply_ends_with_the_context() {
    let script = Script::Letters { seed: 1, depth: None };
    let endless = Generation { max_tokens: usize::MAX, ..request("hello") };
    assert_eq!(text(bench(script).ask(endless)), script.says("hello", CONTEXT - "hello".len() - 1));
}

#[test]
fn a_panic_fails_its_request_and_the_engine_goes_on() {
    let bench = bench(Script::Text("fine"));
    let fault = all(bench.ask(request(&format!("{PANIC}")))).unwrap_err().to_string();
    assert!(fault.contains("scripted panic"), "{fault}");
    assert_eq!(text(bench.ask(request("hello"))), "fine");
}

#[test]
fn a_full_queue_refuses_and_a_cancelled_request_gives_its_place_back() {
    let bench = bench_with(Script::Text("fine"), EngineOptions { queue: 4, ..options() });
    let turn = bench.turn.lock().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| bench.ask(request("hello"))).collect();
    assert!(bench.engine.admit(Class::Shopper).is_err());
    // The first is at work and will go on; the other three are given up by their callers.
    waiting.truncate(1);
    drop(turn);
    assert_eq!(text(waiting.remove(0)), "fine");
    // The channel of the last request closes only when its place is free again or about to be: ask until there is one.
    let permit = std::iter::repeat_with(|| bench.engine.admit(Class::Background)).find_map(Result::ok).unwrap();
    assert_eq!(text(bench.engine.generate(permit, request("hello"))), "fine");
}

#[test]
fn dropping_the_engine_ends_what_is_under_way_with_an_error() {
    let bench = bench(Script::Text("a long answer"));
    let turn = bench.turn.lock().unwrap();
    let pieces: Vec<_> = (0..20).map(|_| bench.ask(request("hello"))).collect();
    bench.engine.inbox.close();
    let late = bench.ask(request("hello"));
    drop(turn);
    drop(bench.engine);
    for pieces in pieces.into_iter().chain([late]) {
        assert!(matches!(all(pieces), Err(InferenceError::ShuttingDown)));
    }
}

//! What prompts share is read once.

use super::*;

const LETTERS: Script = Script::Letters { seed: 11, depth: None };
const INSTRUCTIONS: &str = "You are the shop's assistant. Answer from the entry below, and from nothing else. ";

#[test]
fn the_same_prompt_again_is_not_read_again() {
    let bench = bench(LETTERS);
    let short = |content: &str| Generation { max_tokens: 1, ..request(content) };
    text(bench.ask(short(INSTRUCTIONS)));
    let read = bench.rows();
    assert_eq!(text(bench.ask(short(INSTRUCTIONS))), LETTERS.says(INSTRUCTIONS, 1));
    assert_eq!(bench.rows(), read + 1);
    let longer = format!("{INSTRUCTIONS}More.");
    assert_eq!(text(bench.ask(short(&longer))), LETTERS.says(&longer, 1));
    assert_eq!(bench.rows(), read + 1 + "More.".len() + 1);
}

#[test]
fn requests_that_come_together_wait_for_what_they_share() {
    let bench = bench(LETTERS);
    let contents: Vec<String> = (0..6).map(|n| format!("{INSTRUCTIONS}{n}")).collect();
    let turn = bench.turn.lock().unwrap();
    let replies: Vec<_> = contents.iter().map(|content| bench.ask(Generation { max_tokens: 1, ..request(content) })).collect();
    drop(turn);
    for (content, reply) in contents.iter().zip(replies) {
        assert_eq!(text(reply), LETTERS.says(content, 1));
    }
    // The instructions once, and then a digit and the beginning of the reply each.
    assert_eq!(bench.rows(), INSTRUCTIONS.len() + 6 * 2);
}

#[test]
fn instructions_stay_although_the_prompts_behind_them_go() {
    let room = 3 * INSTRUCTIONS.len();
    let bench = bench_with(LETTERS, EngineOptions { kept: room, ..options() });
    let content = |n: usize| format!("{INSTRUCTIONS}{}", format!("{n}").repeat(40));
    for n in 0..30 {
        assert_eq!(text(bench.ask(Generation { max_tokens: 3, ..request(&content(n)) })), LETTERS.says(&content(n), 3));
    }
    let first: Vec<usize> = bench.passes().iter().map(|pass| pass[0].start).filter(|start| *start <= INSTRUCTIONS.len()).collect();
    assert_eq!(first[0], 0);
    assert!(first[1..].iter().all(|start| *start == INSTRUCTIONS.len()), "{first:?}");
}

#[test]
fn nothing_that_was_said_is_kept() {
    let bench = bench(LETTERS);
    let said = text(bench.ask(request(INSTRUCTIONS)));
    let read = bench.rows();
    let quoting = vec![ChatMessage::user(INSTRUCTIONS), ChatMessage::user(said.clone())];
    let again = Generation { messages: quoting, max_tokens: 1, ..request("") };
    text(bench.ask(again));
    assert_eq!(bench.rows(), read + said.len() + 1);
}

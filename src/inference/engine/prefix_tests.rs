//! Kept beginnings against a model that only remembers what went in.

use proptest::prelude::*;

use super::*;

/// A cache that is what was read into it.
fn slot(tokens: &[u32]) -> Slot<Vec<u32>> {
    Slot { cache: tokens.to_vec(), written: tokens.len() }
}

fn numbers(range: std::ops::Range<u32>) -> Vec<u32> {
    range.collect()
}

fn shared(prefixes: &mut Prefixes<Vec<u32>>, prompt: &[u32]) -> Option<(usize, Parting)> {
    prefixes.longest(prompt).map(|found| {
        assert!(found.cache.starts_with(&prompt[..found.shared]));
        (found.shared, found.parting)
    })
}

#[test]
fn the_longest_beginning_is_found_and_short_ones_are_not_worth_it() {
    let mut prefixes = Prefixes::new(1_000);
    assert_eq!(shared(&mut prefixes, &numbers(0..50)), None);
    assert_eq!(prefixes.keep(&numbers(0..15), slot(&numbers(0..15))).len(), 1);
    assert!(prefixes.keep(&numbers(0..40), slot(&numbers(0..45))).is_empty());
    assert_eq!(shared(&mut prefixes, &numbers(0..50)), Some((40, Parting::Known)));
    assert_eq!(shared(&mut prefixes, &numbers(0..30)), Some((30, Parting::Known)));
    let parting = [numbers(0..30), numbers(100..130)].concat();
    assert_eq!(shared(&mut prefixes, &parting), Some((30, Parting::New)));
    assert!(prefixes.keep_shared(&parting[..30], slot(&parting[..30])).is_empty());
    assert_eq!(shared(&mut prefixes, &parting), Some((30, Parting::Known)));
    assert_eq!(shared(&mut prefixes, &numbers(200..300)), None);
}

#[test]
fn a_longer_prompt_takes_the_place_of_its_beginning_but_not_of_what_is_shared() {
    let mut prefixes = Prefixes::new(1_000);
    prefixes.keep(&numbers(0..40), slot(&numbers(0..40)));
    prefixes.keep_shared(&numbers(0..20), slot(&numbers(0..20)));
    assert_eq!(prefixes.keep(&numbers(0..60), slot(&numbers(0..60))).len(), 1);
    assert_eq!(prefixes.written(), 80);
    assert_eq!(prefixes.keep(&numbers(0..60), slot(&numbers(0..60))).len(), 1);
}

#[test]
fn the_shared_part_outlives_the_prompts_behind_it() {
    let mut prefixes = Prefixes::new(100);
    let prompt = |n: u32| [numbers(0..20), numbers(n * 100..n * 100 + 20)].concat();
    for n in 1..50 {
        let prompt = prompt(n);
        if shared(&mut prefixes, &prompt).is_some_and(|(_, parting)| parting == Parting::New) {
            prefixes.keep_shared(&prompt[..20], slot(&prompt[..20]));
        }
        prefixes.keep(&prompt, slot(&prompt));
        assert!(prefixes.written() <= 100);
    }
    assert_eq!(shared(&mut prefixes, &prompt(3)), Some((20, Parting::Known)));
    assert_eq!(shared(&mut prefixes, &prompt(49)), Some((40, Parting::Known)));
    assert!(prefixes.keep(&numbers(0..200), slot(&numbers(0..200))).len() == 1);
}

#[derive(Debug, Clone)]
enum Act {
    Keep(Vec<u32>),
    KeepShared(Vec<u32>),
    Longest(Vec<u32>),
    Evict,
}

fn act() -> impl Strategy<Value = Act> {
    // Few different beginnings, so that many are shared.
    let part = || proptest::sample::select(vec![1u32, 2, 3]).prop_map(|n| vec![n; 9]);
    let prompt = || proptest::collection::vec(part(), 0..6).prop_map(|parts| parts.concat());
    prop_oneof![prompt().prop_map(Act::Keep), prompt().prop_map(Act::KeepShared), prompt().prop_map(Act::Longest), Just(Act::Evict),]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_a_search_of_everything_finds(acts in proptest::collection::vec(act(), 0..60)) {
        let mut prefixes = Prefixes::new(150);
        // What is kept, the least recently used first, each with its slot's tokens.
        let mut naive: Vec<Vec<u32>> = Vec::new();
        for act in acts {
            match act {
                Act::Keep(tokens) | Act::KeepShared(tokens) if tokens.len() < SHORTEST => {
                    prop_assert_eq!(prefixes.keep(&tokens, slot(&tokens)).len(), 1);
                }
                Act::Keep(tokens) => {
                    let before = naive.len();
                    let known = naive.iter().any(|kept| kept.starts_with(&tokens));
                    let free = prefixes.keep(&tokens, slot(&tokens));
                    naive.push(tokens);
                    for gone in &free {
                        let at = if known { naive.len() - 1 } else { naive.iter().position(|kept| *kept == gone.cache).unwrap() };
                        prop_assert_eq!(naive.remove(at), gone.cache.clone());
                    }
                    prop_assert!(!known || before == naive.len());
                }
                Act::KeepShared(tokens) => {
                    let known = naive.contains(&tokens);
                    let free = prefixes.keep_shared(&tokens, slot(&tokens));
                    if known {
                        prop_assert_eq!(free.len(), 1);
                    } else {
                        for gone in free {
                            // The least recently used goes first.
                            prop_assert_eq!(naive.remove(0), gone.cache);
                        }
                        naive.push(tokens);
                    }
                }
                Act::Longest(prompt) => {
                    let expected = naive.iter().map(|kept| common(kept, &prompt)).max().filter(|&shared| shared >= SHORTEST);
                    prop_assert_eq!(shared(&mut prefixes, &prompt).map(|(shared, _)| shared), expected);
                    if let Some(shared) = expected {
                        let used = (0..naive.len()).filter(|&at| common(&naive[at], &prompt) == shared).min_by_key(|&at| naive[at].len()).unwrap();
                        let used = naive.remove(used);
                        naive.push(used);
                    }
                }
                Act::Evict => {
                    let gone = prefixes.evict().map(|slot| slot.cache);
                    prop_assert_eq!(gone, (!naive.is_empty()).then(|| naive.remove(0)));
                }
            }
            prop_assert_eq!(prefixes.written(), naive.iter().map(Vec::len).sum::<usize>());
            prop_assert!(prefixes.written() <= 150);
        }
    }
}

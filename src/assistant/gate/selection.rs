//! The sentences of a source that a statement is held against.

use std::collections::{HashMap, HashSet};

use super::passage::Passage;
use super::source::Source;
use super::value::Sort;

/// How many sentences a statement may be made of.
const MOST_SENTENCES: usize = 3;

/// The sentences from each order of the statement to the next order of the source; nothing where the source has no other order. A sentence with two
/// orders is about neither: it is said word for word or not at all.
pub fn about(said: &Passage, source: &Source) -> Option<HashSet<u32>> {
    let orders = |passage: &'_ Passage| {
        passage.values.iter().filter(|value| value.sort == Sort::Order).map(|value| value.text.clone()).collect::<Vec<_>>()
    };
    let own = orders(said);
    // Numbers of one kind have the same letters in the same places.
    let shape = |text: &str| text.chars().map(|c| if c.is_numeric() { '0' } else { c }).collect::<String>();
    let shapes: HashSet<String> = own.iter().map(|text| shape(text)).collect();
    let (mut found, mut is_own, mut others) = (HashSet::new(), false, 0);
    for (place, passage) in (0_u32..).zip(&source.passages) {
        let named: Vec<String> = orders(passage).into_iter().filter(|text| shapes.contains(&shape(text))).collect();
        let foreign = named.iter().filter(|text| !own.contains(text)).count();
        others += foreign;
        if !named.is_empty() {
            is_own = foreign == 0;
        }
        if is_own {
            found.insert(place);
        }
    }
    (others > 0).then_some(found)
}

/// The sentence that says most of it, then those that say most of the rest. Each list of places is walked once a round.
pub fn choose(said: &Passage, source: &Source) -> Vec<u32> {
    let mut open: HashMap<&str, f32> = HashMap::new();
    for word in said.words.iter().filter(|word| word.weight > 0.0) {
        *open.entry(&word.stem).or_insert(0.0) += word.weight;
    }
    let all: f32 = open.values().sum();
    let mut chosen = Vec::new();
    while chosen.len() < MOST_SENTENCES && !open.is_empty() {
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut stems: Vec<&&str> = open.keys().collect();
        stems.sort_unstable();
        for stem in stems {
            for place in source.with(stem) {
                *scores.entry(*place).or_insert(0.0) += open[*stem];
            }
        }
        // Of two that say as much, the one that says less beside it.
        let length = |place: u32| source.passages[place as usize].words.len();
        let best = scores.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| length(b.0).cmp(&length(a.0))).then(b.0.cmp(&a.0)));
        let Some((place, score)) = best else { break };
        // A single word in common is no reason to take a sentence with its conditions in.
        if !chosen.is_empty() && (score < 1.9 || score < 0.2 * all) {
            break;
        }
        open.retain(|stem, _| source.with(stem).binary_search(&place).is_err());
        chosen.push(place);
    }
    chosen
}

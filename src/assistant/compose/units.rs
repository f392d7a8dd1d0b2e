//! What of an answer may be said by itself: its sentences, each with those that it must not be said without. Pure.
//!
//! A sentence that leans on the one before ('Otherwise …', 'It …', 'After that …') comes with it; one that the next takes something back from
//! ('However …', 'Except …') comes with that; a line of a list comes with the words that lead it in, and those with their lines. A short list is whole.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::knowledge::sentences;

/// Beginnings that lean on the sentence before.
const LEANING: [&str; 44] = [
    "it",
    "its",
    "this",
    "that",
    "these",
    "those",
    "they",
    "their",
    "them",
    "he",
    "she",
    "otherwise",
    "however",
    "but",
    "if not",
    "if so",
    "then",
    "so",
    "also",
    "instead",
    "except",
    "for others",
    "the same",
    "such",
    "both",
    "neither",
    "either",
    "without either",
    "without it",
    "without them",
    "without one",
    "all of them",
    "none of them",
    "each of them",
    "one of them",
    "the others",
    "the other",
    "the rest",
    "the latter",
    "in both cases",
    "in all other cases",
    "as soon as it",
    "once it",
    "when it",
];

/// The same in Chinese, which has no blanks behind a word.
const LEANING_ZH: [&str; 16] =
    ["否则", "但", "不过", "然而", "它", "这", "那", "其", "如果不", "如不", "若不", "此外", "同时", "另外", "因此", "除此"];

/// Beginnings of a sentence that takes something back from the one before it.
const EXCEPTIONS: [&str; 16] = [
    "otherwise",
    "however",
    "but",
    "except",
    "if not",
    "instead",
    "only",
    "unless",
    "this does not",
    "these do not",
    "that does not",
    "exceptions",
    "the exception",
    "the only exception",
    "not included",
    "excluded",
];

/// The same in Chinese.
const EXCEPTIONS_ZH: [&str; 6] = ["否则", "但", "不过", "然而", "除", "例外"];

/// What with the word behind it points back: 'after that', 'until then', 'for these'.
const PREPOSITIONS: [&str; 17] = [
    "after", "before", "until", "since", "in", "on", "for", "with", "without", "from", "by", "to", "at", "of", "during", "within",
    "besides",
];

/// The word behind it.
const POINTING: [&str; 9] = ["that", "this", "these", "those", "then", "it", "them", "both", "each"];

/// A list of so many lines is said whole: one line too many is read over, the wrong one alone is a wrong answer.
const SHORT_LIST: usize = 5;

/// A sentence of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The units that it is not said without, itself not among them.
    needs: Vec<usize>,
    /// Of words that lead a list in: its lines, at least one of which is said with them.
    lines: Range<usize>,
}

/// The sentences of an answer, in order.
pub fn units(answer: &str) -> Vec<Unit> {
    let ranges = sentences(answer);
    let said = |place: usize| &answer[ranges[place].clone()];
    let in_list = |place: usize| line_of(answer, ranges[place].start).trim_start().starts_with("- ");
    let begins_line = |place: usize| is_line(said(place));
    let leads_in = |place: usize| !in_list(place) && said(place).trim_end().ends_with([':', '：']);
    let mut units: Vec<Unit> = ranges.iter().map(|range| Unit { range: range.clone(), needs: Vec::new(), lines: 0..0 }).collect();
    for place in 0..units.len() {
        if in_list(place) {
            if !begins_line(place) {
                // A line of several sentences is said from its beginning.
                let first = (0..place).rev().find(|before| begins_line(*before));
                units[place].needs.extend(first);
            } else if let Some(before) = (0..place).rev().find(|before| !in_list(*before)) {
                units[place].needs.push(before);
            }
            continue;
        }
        if place > 0 && leans(said(place)) {
            // Behind a list it leans on what the list is about.
            let before = (0..place).rev().find(|before| !in_list(*before)).unwrap_or(place - 1);
            units[place].needs.push(before);
        }
        if place + 1 < units.len() && !in_list(place + 1) && takes_back(said(place + 1)) {
            units[place].needs.push(place + 1);
        }
        if leads_in(place) {
            let behind = (place + 1..units.len()).take_while(|line| in_list(*line)).count();
            let lines = place + 1..place + 1 + behind;
            if lines.clone().filter(|line| begins_line(*line)).count() <= SHORT_LIST {
                lines.clone().for_each(|line| units[line].needs.extend(lines.clone()));
            }
            units[place].lines = lines;
        }
    }
    units
}

/// The chosen units with all that they are not said without.
pub fn closed(units: &[Unit], chosen: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut all: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = chosen.into_iter().filter(|place| *place < units.len()).collect();
    loop {
        while let Some(place) = open.pop() {
            if all.insert(place) {
                open.extend(&units[place].needs);
            }
        }
        let lines = |place: &usize| {
            let lines = units[*place].lines.clone();
            if lines.clone().any(|line| all.contains(&line)) { 0..0 } else { lines }
        };
        open = all.iter().flat_map(lines).collect();
        if open.is_empty() {
            return all;
        }
    }
}

/// The line of a text in which a byte stands.
fn line_of(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..].lines().next().unwrap_or_default()
}

/// Whether a sentence begins a line of a list.
fn is_line(sentence: &str) -> bool {
    sentence.trim_start().starts_with("- ")
}

fn leans(sentence: &str) -> bool {
    let plain = plain(sentence);
    let mut words = plain.split_whitespace();
    let points_back = match (words.next(), words.next()) {
        (Some(first), Some(second)) => PREPOSITIONS.contains(&first) && POINTING.contains(&second.trim_end_matches([',', ';', ':'])),
        _ => false,
    };
    points_back || begins_with(&plain, &LEANING) || LEANING_ZH.iter().any(|word| plain.starts_with(word))
}

fn takes_back(sentence: &str) -> bool {
    let plain = plain(sentence);
    begins_with(&plain, &EXCEPTIONS) || EXCEPTIONS_ZH.iter().any(|word| plain.starts_with(word))
}

fn plain(sentence: &str) -> String {
    sentence.trim_start_matches(['"', '“', '(', ' ']).to_lowercase()
}

fn begins_with(lower: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|word| lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, chosen: &[usize], expect: &[usize]) {
        let units = units(answer);
        assert_eq!(closed(&units, chosen.iter().copied()).into_iter().collect::<Vec<_>>(), expect, "{answer}");
    }

    #[test]
    fn a_sentence_brings_what_it_leans_on_and_what_takes_it_back() {
        let returns = "Returns are free for orders over $50. Otherwise $4.95 is deducted. Refunds take 5 days.";
        check(returns, &[0], &[0, 1]);
        check(returns, &[1], &[0, 1]);
        check(returns, &[2], &[2]);
        check("The tent weighs 2 kg. It packs small. It is grey.", &[2], &[0, 1, 2]);
        check("Order by noon. After that cutoff it is packed. Call us.", &[1], &[0, 1]);
        check("Until then we keep it. Ask.", &[0], &[0]);
        check("Its colour is red.", &[0], &[0]);
        check("Itinerary. Italy is included.", &[1], &[1]);
        check("可以退货。否则收取运费。请联系我们。", &[0], &[0, 1]);
        check("可以退货。请联系我们。", &[1], &[1]);
        check("", &[0], &[]);
    }

    #[test]
    fn a_line_comes_with_what_leads_it_in() {
        let list = "It costs:\n\n- UK: $5\n- US: $9. Two days.\n\nNo Sundays. They are rest days.";
        check(list, &[1], &[0, 1, 2, 3]);
        check(list, &[3], &[0, 1, 2, 3]);
        check(list, &[0], &[0, 1, 2, 3]);
        check(list, &[4], &[4]);
        check(list, &[5], &[4, 5]);
        check(list, &[1, 4], &[0, 1, 2, 3, 4]);
        let table = "It costs:\n- A: $1\n- B: $2\n- C: $3. Two days.\n- D: $4\n- E: $5\n- F: $6";
        check(table, &[2], &[0, 2]);
        check(table, &[4], &[0, 3, 4]);
        check(table, &[0], &[0, 1, 2, 3, 4, 5, 6, 7]);
        check("Bring\n- a\n- b", &[2], &[0, 2]);
        check("- a\n- b", &[1], &[1]);
        check("It costs:", &[0], &[0]);
    }

    #[test]
    fn every_choice_is_closed_once() {
        let answer = "A. But b. It c:\n- d. E.\n- f\nHowever g. Then h.";
        let units = units(answer);
        for first in 0..units.len() {
            for second in 0..units.len() {
                let once = closed(&units, [first, second]);
                assert!(once.contains(&first) && once.contains(&second));
                assert_eq!(closed(&units, once.iter().copied()), once);
            }
        }
    }
}

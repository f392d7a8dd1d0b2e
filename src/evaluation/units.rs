//! What a reply may consist of: sentences of its sources word for word, and the shop's phrases with values in their places. Held against the words alone,
//! whatever composed them. Pure.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::knowledge;

/// Stands on both sides of a variable's name in the text of a phrase.
pub const MARK: char = '\u{fffc}';
/// No value of a phrase is longer, in bytes: whoever matches more has matched something else.
const LONGEST_VALUE: usize = 1_000;
/// Phrases under this key open a reply and state nothing, whatever they repeat.
const OPENING: &str = "opening";

/// A phrase of the shop's: words, and places for values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Its key in `prompts/phrases`.
    pub key: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Words(String),
    Place(String),
}

impl Phrase {
    /// A phrase whose variables are names between two [`MARK`]s.
    pub fn new(key: &str, text: &str) -> Self {
        let text = plain(text);
        let pieces = text.split(MARK).enumerate().filter(|(_, piece)| !piece.is_empty());
        let piece = |(number, piece): (usize, &str)| if number % 2 == 0 { Piece::Words(piece.into()) } else { Piece::Place(piece.into()) };
        Self { key: key.to_owned(), pieces: pieces.map(piece).collect() }
    }

    /// Whether it says nothing that could be wrong: it has no place for a value, or only opens a reply.
    pub fn states_nothing(&self) -> bool {
        let opens = self.key.split('.').next() == Some(OPENING);
        opens || self.pieces.iter().all(|piece| matches!(piece, Piece::Words(_)))
    }

    /// The names of its places, in order.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(name) => Some(name.as_str()),
            Piece::Words(_) => None,
        })
    }

    /// Its words, where it has no place for a value.
    pub fn words(&self) -> Option<String> {
        let words = self.pieces.iter().map(|piece| match piece {
            Piece::Words(words) => Some(words.as_str()),
            Piece::Place(_) => None,
        });
        words.collect()
    }

    /// Where it may end that begins at the head of `text`, with the values that it then holds.
    fn ends<'r>(&self, text: &'r str, may_be: &ValueRule<'_>) -> Vec<(usize, Vec<&'r str>)> {
        let mut found = Vec::new();
        if !self.pieces.is_empty() {
            walk(&self.pieces, text, 0, &mut Vec::new(), &mut |end, values| found.push((end, values.to_vec())), may_be);
        }
        found
    }
}

/// Whether a phrase's variable of this name may have this value.
pub type ValueRule<'a> = dyn Fn(&str, &str) -> bool + 'a;

fn walk<'r>(
    pieces: &[Piece],
    text: &'r str,
    at: usize,
    values: &mut Vec<&'r str>,
    found: &mut dyn FnMut(usize, &[&'r str]),
    may_be: &ValueRule<'_>,
) {
    match pieces.split_first() {
        None => found(at, values),
        Some((Piece::Words(words), rest)) => {
            if text[at..].starts_with(words.as_str()) {
                walk(rest, text, at + words.len(), values, found, may_be);
            }
        }
        Some((Piece::Place(name), rest)) => {
            for end in value_ends(&text[at..], rest).map(|length| at + length) {
                let value = &text[at..end];
                if may_be(name, value) {
                    values.push(value);
                    walk(rest, text, end, values, found, may_be);
                    values.pop();
                }
            }
        }
    }
}

/// Where a value may end: before the words that follow it; where none follow, anywhere on its line.
fn value_ends<'t>(text: &'t str, rest: &'t [Piece]) -> Box<dyn Iterator<Item = usize> + 't> {
    let sane = |length: &usize| (1..=LONGEST_VALUE).contains(length);
    match rest.first() {
        Some(Piece::Words(words)) => Box::new(text.match_indices(words.as_str()).map(|(at, _)| at).filter(sane)),
        _ => {
            let line = text.split('\n').next().unwrap_or_default();
            Box::new(line.char_indices().map(|(at, c)| at + c.len_utf8()).filter(sane))
        }
    }
}

/// What a part of a reply is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A sentence of a source, word for word.
    Sentence,
    /// A phrase of the shop's, with the values in it.
    Phrase(&'a Phrase, Vec<&'a str>),
    /// Neither.
    Outside,
}

/// A part of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its words.
    pub text: &'a str,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What may be said.
pub struct Allowed<'a> {
    /// Sentences of the sources, as [`sentences_of`] gives them.
    pub sentences: &'a [String],
    /// The shop's phrases.
    pub phrases: &'a [Phrase],
    /// What may stand in their places.
    pub may_be: &'a ValueRule<'a>,
}

impl<'a> Allowed<'a> {
    /// A reply as [`plain`] gives it, in parts, with as few characters outside of what is allowed as can be.
    pub fn parts(&self, reply: &'a str) -> Vec<Part<'a>> {
        let ends: Vec<usize> = knowledge::sentences(reply).into_iter().map(|range| range.end).collect();
        let start = skip(reply, 0);
        // Each place that is reached, with the cheapest way to it: from where, and by what.
        let mut reached: BTreeMap<usize, Way<'a>> = BTreeMap::from([(start, Way { cost: (0, 0), step: None })]);
        let mut at = start;
        loop {
            let cost = reached[&at].cost;
            for (end, kind) in self.steps(reply, at, &ends) {
                let outside = if kind == Kind::Outside { end - at } else { 0 };
                let way = Way { cost: (cost.0 + outside, cost.1 + 1), step: Some((at, end, kind)) };
                let next = skip(reply, end);
                if reached.get(&next).is_none_or(|known| way.cost < known.cost) {
                    reached.insert(next, way);
                }
            }
            match reached.range((Bound::Excluded(at), Bound::Unbounded)).next() {
                Some((next, _)) => at = *next,
                None => break,
            }
        }
        let mut parts = Vec::new();
        while let Some(Way { step: Some((from, end, kind)), .. }) = reached.remove(&at) {
            parts.push(Part { text: reply[from..end].trim_end(), kind });
            at = from;
        }
        parts.reverse();
        parts
    }

    /// What the text may go on with at a place, and where that ends.
    fn steps(&self, reply: &'a str, at: usize, ends: &[usize]) -> Vec<(usize, Kind<'a>)> {
        let text = &reply[at..];
        if text.is_empty() {
            return Vec::new();
        }
        let sentences = self.sentences.iter().filter(|sentence| text.starts_with(sentence.as_str()) && is_whole(text, sentence.len()));
        let mut steps: Vec<(usize, Kind<'a>)> = sentences.map(|sentence| (at + sentence.len(), Kind::Sentence)).collect();
        for phrase in self.phrases {
            let ends = phrase.ends(text, self.may_be).into_iter().filter(|(end, _)| is_whole(text, *end));
            steps.extend(ends.map(|(end, values)| (at + end, Kind::Phrase(phrase, values))));
        }
        let end = ends.iter().copied().find(|end| *end > at).unwrap_or(reply.len());
        steps.push((end, Kind::Outside));
        steps
    }
}

struct Way<'a> {
    /// Characters outside of what is allowed, then the number of parts.
    cost: (usize, usize),
    step: Option<(usize, usize, Kind<'a>)>,
}

/// Whether a part that ends here is not the beginning of a longer word.
fn is_whole(text: &str, end: usize) -> bool {
    let last = text[..end].chars().next_back();
    last.is_none_or(|last| !last.is_alphanumeric()) || !text[end..].chars().next().is_some_and(char::is_alphanumeric)
}

/// Behind white space and the marks of a list.
fn skip(reply: &str, at: usize) -> usize {
    let rest = reply[at..].trim_start();
    let rest = unmarked(rest);
    reply.len() - rest.len()
}

fn unmarked(text: &str) -> &str {
    ["- ", "* ", "\u{2022} "].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start()
}

/// The lines of a text without blank ones, runs of white space being one blank: how replies and sources are compared.
pub fn plain(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The sentences of an answer, as parts of a reply are compared with them. One that begins with 'Yes,' or 'No,' stands there without it as well: the word
/// answers the entry's question, and what is behind it says the rest.
pub fn sentences_of(answer: &str) -> Vec<String> {
    let text = plain(answer);
    let mut all: Vec<String> = knowledge::sentences(&text).into_iter().map(|range| unmarked(&text[range]).to_owned()).collect();
    let bare = |sentence: &String| ["Yes, ", "No, "].iter().find_map(|lead| sentence.strip_prefix(lead)).map(capitalized);
    let bare: Vec<String> = all.iter().filter_map(bare).collect();
    all.extend(bare);
    all
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases() -> Vec<Phrase> {
        let hole = |name: &str| format!("{MARK}{name}{MARK}");
        vec![
            Phrase::new("greeting", "Hello!  What can I do for you?"),
            Phrase::new("order.total", &format!("The total is {}.", hole("amount"))),
            Phrase::new("order.refunded", &format!("{} was refunded.", hole("amount"))),
            Phrase::new("part_unknown", &format!("I do not know \"{}\". Ask a person?", hole("question"))),
            Phrase::new("opening.sorry", &format!("Sorry about the {}.", hole("item"))),
        ]
    }

    fn parts(reply: &str) -> Vec<(String, &'static str)> {
        let sentences =
            sentences_of("It takes 2 to 3 days.\n\n- In Germany 2 days\n- In Spain 5 days. Not on Sundays!\n\n可以退货。请联系我们。");
        let phrases = phrases();
        let may_be = |name: &str, value: &str| match name {
            "amount" => value.starts_with('$') && !value.contains(' '),
            "question" => "what about <b>cats</b>\". Ask a person? or dogs. Really?".contains(value),
            _ => true,
        };
        let reply = plain(reply);
        let allowed = Allowed { sentences: &sentences, phrases: &phrases, may_be: &may_be };
        let name = |kind: &Kind<'_>| match kind {
            Kind::Sentence => "sentence",
            Kind::Phrase(..) => "phrase",
            Kind::Outside => "outside",
        };
        allowed.parts(&reply).iter().map(|part| (part.text.to_owned(), name(&part.kind))).collect()
    }

    #[test]
    fn each_part_is_a_sentence_a_phrase_or_outside() {
        let check = |reply: &str, expect: &[(&str, &str)]| {
            let found = parts(reply);
            let found: Vec<(&str, &str)> = found.iter().map(|(text, kind)| (text.as_str(), *kind)).collect();
            assert_eq!(found, expect, "{reply}");
        };
        check("It takes  2 to 3 days.", &[("It takes 2 to 3 days.", "sentence")]);
        check("it takes 2 to 3 days.", &[("it takes 2 to 3 days.", "outside")]);
        check("It takes 2 to 3 days", &[("It takes 2 to 3 days", "outside")]);
        check("- In Germany 2 days\n- Not on Sundays!", &[("In Germany 2 days", "sentence"), ("Not on Sundays!", "sentence")]);
        check("In Germany 2 daysies are rare.", &[("In Germany 2 daysies are rare.", "outside")]);
        check("Hello! What can I do for you?", &[("Hello! What can I do for you?", "phrase")]);
        check("The total is $49.00. $5.00 was refunded.", &[("The total is $49.00.", "phrase"), ("$5.00 was refunded.", "phrase")]);
        check("The total is 49 dollars.", &[("The total is 49 dollars.", "outside")]);
        check("可以退货。请联系我们。", &[("可以退货。", "sentence"), ("请联系我们。", "sentence")]);
        check(
            "It takes 2 to 3 days. But cats are free. Not on Sundays!",
            &[("It takes 2 to 3 days.", "sentence"), ("But cats are free.", "outside"), ("Not on Sundays!", "sentence")],
        );
        check("...", &[("...", "outside")]);
        check("", &[]);
    }

    #[test]
    fn a_value_may_hold_what_looks_like_the_end() {
        let question = "what about <b>cats</b>\". Ask a person? or dogs. Really?";
        let reply = format!("It takes 2 to 3 days.\n\nI do not know \"{question}\". Ask a person?");
        let found = parts(&reply);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1].1, "phrase");
        assert_eq!(parts("I do not know \"your password\". Ask a person?")[0].1, "outside", "that was not asked");
    }

    #[test]
    fn openings_and_bare_words_state_nothing() {
        let states: Vec<bool> = phrases().iter().map(Phrase::states_nothing).collect();
        assert_eq!(states, [true, false, false, false, true]);
        assert_eq!(phrases()[0].words().as_deref(), Some("Hello! What can I do for you?"));
        assert_eq!(phrases()[1].words(), None);
    }

    #[test]
    fn a_long_reply_takes_no_long_time() {
        for part in ["a. ", "The total is $1. ", "$", "- ", "I do not know \"", "?"] {
            let reply = part.repeat(8_000 / part.len());
            let found = parts(&reply);
            assert!(found.len() <= 4_000, "{part}");
        }
    }
}

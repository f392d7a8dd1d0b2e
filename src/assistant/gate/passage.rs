//! One sentence, read for what it states: words with their denials, values, names, states, limits and conditions.

use super::condition::{Condition, conditions, limits};
use super::denial::{Denial, denials, free_of_charge};
use super::lexicon::{
    Class, STATUS_PHRASES, Status, denied_part, denies, denies_han, is_empty, is_empty_han, is_reached, is_weak, status, weekday,
};
use super::measure::measure;
use super::name::{chinese_names, name_of};
use super::segment::{parts, segments};
use super::stem::stem;
use super::token::{Kind, Token, tokens};
use super::value::{Value, values};

/// A word that says something.
#[derive(Debug, Clone)]
pub struct Word {
    /// By what it is compared.
    pub stem: String,
    /// As it is written.
    pub raw: String,
    /// Its token.
    pub at: usize,
    /// Its part of the sentence.
    pub segment: usize,
    /// The denial that it stands under.
    pub denial: Option<usize>,
    /// How much it says.
    pub weight: f32,
    /// What it names, if it does.
    pub name: Option<Class>,
}

/// A sentence.
#[derive(Debug, Clone, Default)]
pub struct Passage {
    /// Its words.
    pub words: Vec<Word>,
    /// Its values.
    pub values: Vec<Value>,
    /// The part of each token: commas, colons and a few conjunctions part them.
    pub segments: Vec<usize>,
    /// Smaller parts, also those without a value of their own: `Sweden, Denmark and Finland` are three.
    pub parts: Vec<usize>,
    /// What denies, a scope each.
    pub denials: Vec<Denial>,
    /// States, and whether they are said to be reached.
    pub statuses: Vec<(Status, String, bool)>,
    /// `only`, `unless`, `except`, with their tokens.
    pub limits: Vec<(&'static str, usize)>,
    /// What it holds under.
    pub conditions: Vec<Condition>,
    /// A `yes` or `no` in front.
    pub answer: Option<bool>,
    /// The first token behind it.
    pub answer_end: usize,
    /// It is a question.
    pub asks: bool,
    /// It leans on the sentence before it.
    pub leans: bool,
    /// Its tokens, one blank between two: to find addresses in.
    pub line: String,
    /// Its tokens.
    pub tokens: Vec<Token>,
}

impl Passage {
    /// Reads a sentence.
    pub fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let values = values(&tokens);
        let (segments, parts) = (segments(&tokens, &values), parts(&tokens));
        let mut passage = Self { values, segments, parts, ..Self::default() };
        if let Some((answer, end)) = answer(&tokens) {
            (passage.answer, passage.answer_end) = (Some(answer), end);
        }
        passage.asks = tokens.last().is_some_and(|last| last.is("?")) || matches!(&tokens[..], [.., one, _] if one.is("?"));
        passage.leans = leans(&tokens);
        passage.line = tokens.iter().fold(String::from(" "), |line, token| line + &token.lower + " ");
        let free = free_of_charge(&tokens);
        let (denials, scopes) = denials(&tokens, &free, passage.answer_end);
        passage.denials = denials;
        passage.words = passage.words(&tokens, &free, &scopes);
        passage.statuses(&tokens);
        passage.limits = limits(&tokens);
        passage.conditions = conditions(&tokens, &passage.values);
        passage.tokens = tokens;
        passage
    }

    fn words(&self, tokens: &[Token], free: &[Option<usize>], scopes: &[Option<usize>]) -> Vec<Word> {
        let mut words = Vec::new();
        let mut in_value = vec![false; tokens.len()];
        for value in &self.values {
            in_value[value.from..value.to.min(tokens.len())].iter_mut().for_each(|inside| *inside = !value.loose);
            words.push(Word {
                stem: value.key(),
                raw: String::new(),
                at: value.from,
                segment: self.segments[value.from],
                denial: None,
                weight: if value.loose { 0.0 } else { 1.0 },
                name: None,
            });
        }
        let mut skip_until = 0;
        let mut starts = true;
        for (at, token) in tokens.iter().enumerate() {
            let is_first = starts && !matches!(token.kind, Kind::Mark);
            starts = if matches!(token.kind, Kind::Mark) {
                starts || matches!(token.raw.as_str(), ":" | "\"" | "(" | "?" | "!" | ".")
            } else {
                false
            };
            let push = |words: &mut Vec<Word>, stem: String, weight: f32, name: Option<Class>| {
                let word = Word { stem, raw: token.raw.clone(), at, segment: self.segments[at], denial: scopes[at], weight, name };
                words.push(word);
            };
            if let Some(end) = free[at] {
                push(&mut words, "free".to_owned(), 1.0, None);
                skip_until = end;
            }
            if at < skip_until || in_value[at] {
                continue;
            }
            match token.kind {
                Kind::Han => {
                    let c = token.raw.chars().next().unwrap_or(' ');
                    if !is_empty_han(c) && !denies_han(c) {
                        push(&mut words, token.raw.clone(), 0.5, None);
                    }
                }
                Kind::Word => {
                    let lower = token.lower.trim_end_matches("'ll").trim_end_matches("'re");
                    let capital = token.is_capital();
                    let known_name = if capital { name_of(token, is_first) } else { None };
                    if let Some((name, class)) = known_name {
                        push(&mut words, name, 1.5, Some(class));
                    } else if let Some(part) = denied_part(lower) {
                        push(&mut words, stem(part), 1.0, None);
                    } else if let Some(day) = weekday(lower).filter(|_| lower.len() > 3) {
                        push(&mut words, day.to_owned(), 1.5, Some(Class::Weekday));
                    } else if is_empty(lower)
                        || denies(lower)
                        || (lower.len() == 1 && lower.is_ascii())
                        || measure(lower).is_some_and(|_| lower.len() < 3)
                    {
                        if matches!(lower, "i" | "my" | "me" | "i'm" | "i've" | "i'd" | "i'll") && !is_polite(tokens, at) {
                            push(&mut words, "=i".to_owned(), 1.0, None);
                        }
                    } else {
                        let is_name = capital && (!is_first || token.raw.chars().all(char::is_uppercase));
                        let is_working = at > 0 && matches!(tokens[at - 1].lower.as_str(), "working" | "business");
                        if matches!(lower, "day" | "days") {
                            push(&mut words, if is_working { "=working day" } else { "=day" }.to_owned(), 1.0, None);
                            continue;
                        }
                        let weight = if is_name {
                            1.5
                        } else if is_weak(lower) {
                            0.4
                        } else {
                            1.0
                        };
                        push(&mut words, stem(lower), weight, is_name.then_some(Class::Other));
                    }
                }
                _ => {}
            }
        }
        for (from, length, name) in chinese_names(tokens) {
            let word = Word {
                stem: name.to_owned(),
                raw: tokens[from..from + length].iter().map(|token| token.raw.as_str()).collect(),
                at: from,
                segment: self.segments[from],
                denial: scopes[from],
                weight: 1.0,
                name: Some(Class::Place),
            };
            words.push(word);
        }
        words.sort_by_key(|word| word.at);
        self.deny_before(&mut words);
        words
    }

    /// In `hampers cannot` the denial has nothing behind it: it is of the words in front, in the same part.
    fn deny_before(&self, words: &mut [Word]) {
        for (scope, denial) in self.denials.iter().enumerate() {
            if words.iter().any(|word| word.denial == Some(scope) && word.weight > 0.0) {
                continue;
            }
            let part = self.parts[denial.at];
            let before = words.iter_mut().filter(|word| word.at < denial.at && self.parts[word.at] == part && word.denial.is_none());
            before.for_each(|word| word.denial = Some(scope));
        }
    }

    fn statuses(&mut self, tokens: &[Token]) {
        for token in tokens.iter().filter(|token| token.kind == Kind::Word) {
            if let Some(found) = status(&token.lower) {
                self.statuses.push((found, token.raw.clone(), is_reached(&token.lower)));
            }
        }
        let han: String = tokens.iter().filter(|token| token.kind == Kind::Han).map(|token| token.raw.as_str()).collect();
        let may_be_phrase = tokens.iter().any(|token| matches!(token.lower.as_str(), "on" | "under" | "not" | "being" | "sent" | "called"));
        for (phrase, found) in STATUS_PHRASES {
            if phrase.is_ascii() {
                if may_be_phrase && self.line.contains(phrase) {
                    self.statuses.push((found, phrase.trim().to_owned(), true));
                }
            } else if !han.is_empty() && han.contains(phrase) {
                let reached = ["已", "被", "了"]
                    .iter()
                    .any(|mark| han.contains(&format!("{mark}{phrase}")) || han.contains(&format!("{phrase}{mark}")));
                self.statuses.push((found, phrase.to_owned(), reached || phrase.starts_with('待') || phrase.ends_with('中')));
            }
        }
    }

    /// Whether nothing is in it that could be true or false: `Yes.`, `I'm sorry:`.
    pub fn says_nothing(&self) -> bool {
        self.words.iter().all(|word| word.weight == 0.0) && self.denials.is_empty() && self.limits.is_empty()
    }

    /// What a sign says by which equal words are found.
    pub fn has(&self, stem: &str) -> bool {
        self.words.iter().any(|word| word.stem == stem)
    }
}

/// Beginnings that lean on the sentence before.
fn leans(tokens: &[Token]) -> bool {
    tokens.first().is_some_and(|first| {
        matches!(
            first.lower.as_str(),
            "it" | "its"
                | "this"
                | "that"
                | "these"
                | "those"
                | "they"
                | "otherwise"
                | "however"
                | "but"
                | "then"
                | "so"
                | "also"
                | "instead"
                | "such"
                | "both"
                | "neither"
                | "their"
                | "each"
                | "after"
                | "in"
                | "order"
                | "there"
                | "the"
                | "它"
                | "否"
                | "但"
                | "该"
                | "这"
                | "此"
        )
    })
}

/// A `yes` or `no` in front, and the token behind it. `Not quite: …` and `I'm afraid not: …` are a no.
fn answer(tokens: &[Token]) -> Option<(bool, usize)> {
    let first = tokens.first()?;
    let lower = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let parted = |at: usize| tokens.get(at).is_none_or(|next| next.kind == Kind::Mark && next.raw != "-");
    match first.lower.as_str() {
        "yes" | "yep" | "yeah" | "sure" | "absolutely" | "certainly" | "definitely" => return Some((true, 1)),
        "no" | "nope" | "不" if parted(1) => return Some((false, 1)),
        "是" if lower(1) == "的" => return Some((true, 2)),
        "可" if lower(1) == "以" && parted(2) => return Some((true, 2)),
        "不" if (lower(1) == "可" && lower(2) == "以" && parted(3)) || (matches!(lower(1), "能" | "行" | "是") && parted(2)) => {
            return Some((false, if parted(2) { 2 } else { 3 }));
        }
        _ => {}
    }
    let end = tokens.iter().take(6).position(|token| token.kind == Kind::Mark)?;
    let opening = &tokens[..end];
    let says_nothing = opening.iter().all(|token| is_empty(&token.lower) || token.lower == "full");
    (says_nothing && opening.iter().any(|token| token.lower == "not")).then_some((false, end))
}

/// `I'm sorry`, `I'm afraid`, `I see`: what is polite states nothing.
fn is_polite(tokens: &[Token], at: usize) -> bool {
    tokens[at + 1..]
        .iter()
        .take(3)
        .any(|token| matches!(token.lower.as_str(), "sorry" | "afraid" | "apologise" | "apologize" | "understand" | "see"))
}

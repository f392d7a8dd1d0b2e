//! Names that the gate knows: places, weekdays, months.

use super::lexicon::{Class, chinese_places, month, place, weekday};
use super::token::{Kind, Token};

/// The common name of what a word with a capital names, if the gate knows it.
pub fn name_of(token: &Token, is_first: bool) -> Option<(String, Class)> {
    let lower = token.lower.as_str();
    if let Some(day) = weekday(lower) {
        return Some((day.to_owned(), Class::Weekday));
    }
    if let Some(month) = month(lower).filter(|_| !is_first || !matches!(lower, "may" | "march")) {
        return Some((format!("=month{month}"), Class::Month));
    }
    place(lower).filter(|_| lower.len() > 3 || token.raw.chars().all(char::is_uppercase)).map(|name| (name.to_owned(), Class::Place))
}

/// Places in a Chinese text: the first token, how many there are, and the common name.
pub fn chinese_names(tokens: &[Token]) -> Vec<(usize, usize, &'static str)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let known = if tokens[at].kind == Kind::Han { chinese_places(tokens[at].raw.chars().next().unwrap_or(' ')) } else { &[] };
        if known.is_empty() {
            continue;
        }
        let near: String =
            tokens[at..].iter().take(5).take_while(|token| token.kind == Kind::Han).map(|token| token.raw.as_str()).collect();
        if let Some((name, common)) = known.iter().find(|(name, _)| near.starts_with(name)) {
            found.push((at, name.chars().count(), *common));
        }
    }
    found
}

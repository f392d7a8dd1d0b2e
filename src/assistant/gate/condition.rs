//! What a sentence holds under: clauses, values with a bound, and words such as `only`.

use super::bound::Bound;
use super::denial::starts_anew;
use super::lexicon::{begins_condition, limit};
use super::token::{Kind, Token};
use super::value::Value;

/// A condition of a sentence.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What begins it.
    pub marker: String,
    /// Its tokens.
    pub from: usize,
    /// The token behind it.
    pub to: usize,
}

/// `only`, `unless`, `except`, with their tokens.
pub fn limits(tokens: &[Token]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |place| tokens[place].lower.as_str());
        let next = tokens.get(at + 1).map_or("", |next| next.lower.as_str());
        match token.kind {
            Kind::Word if before != "not" => found.extend(limit(&token.lower).map(|name| (name, at))),
            Kind::Han => {
                let name = match (token.raw.as_str(), next) {
                    ("只", "有" | "能" | "限" | "可" | "支" | "在" | "接") | ("仅", _) => Some("only"),
                    ("除", "非") => Some("unless"),
                    ("除", _) => Some("except"),
                    _ => None,
                };
                found.extend(name.filter(|_| before != "不").map(|name| (name, at)));
            }
            _ => {}
        }
    }
    found
}

/// Clauses under which the sentence holds: `if …`, `unless …`, and values with a bound: `over $50`, `within 30 days`.
pub fn conditions(tokens: &[Token], values: &[Value]) -> Vec<Condition> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let next = tokens.get(at + 1).map_or("", |next| next.lower.as_str());
        let begins = match token.kind {
            Kind::Word => begins_condition(&token.lower) || (token.lower == "long" && next == "as"),
            Kind::Han => matches!((token.raw.as_str(), next), ("如", "果") | ("若", _) | ("除", "非") | ("只", "要") | ("假", "如")),
            _ => false,
        };
        if !begins {
            at += 1;
            continue;
        }
        // In front it ends with its comma; behind, a comma may be inside of it: `if it is used for racing, competition or taxi rides`.
        let is_front = at == 0 || tokens[at - 1].kind == Kind::Mark;
        let ends = |place: &usize| match (tokens[*place].kind, tokens[*place].raw.as_str()) {
            (Kind::Mark, ";" | ":" | ")" | "." | "。") => true,
            (Kind::Mark, ",") => {
                is_front || tokens.get(place + 1).is_none_or(|next| starts_anew(&next.lower) || next.lower == "and" || next.lower == "but")
            }
            _ => false,
        };
        let to = (at + 1..tokens.len()).find(ends).unwrap_or(tokens.len());
        found.push(Condition { marker: token.raw.clone(), from: at, to });
        at = to.max(at + 1);
    }
    for value in values {
        let inside = found.iter().any(|own| (own.from..own.to).contains(&value.from));
        if value.bound != Bound::At && !value.loose && !inside {
            let marker =
                tokens[value.from.saturating_sub(1)..value.to].iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ");
            found.push(Condition { marker, from: value.from, to: value.to });
        }
    }
    found
}

//! The parts of a sentence: what belongs to one value and what to the next.

use super::token::{Kind, Token};
use super::value::Value;

/// The part of the sentence that each token is in. A comma or an `and` parts only what has a value on both sides: `Sweden and Denmark cost $4 and
/// take 2 days` has two parts, not three.
pub fn segments(tokens: &[Token], values: &[Value]) -> Vec<usize> {
    let mut has_value = vec![false; tokens.len()];
    values.iter().filter(|value| !value.loose).for_each(|value| has_value[value.from] = true);
    let parts: Vec<Parting> = tokens.iter().map(parting).collect();
    // Whether a value comes before the next sign or word that parts.
    let mut ahead = vec![false; tokens.len() + 1];
    for at in (0..tokens.len()).rev() {
        ahead[at] = has_value[at] || (ahead[at + 1] && parts.get(at + 1).is_none_or(|next| *next == Parting::None));
    }
    let (mut part, mut behind) = (0, false);
    let mut found = Vec::with_capacity(tokens.len());
    for at in 0..tokens.len() {
        let parts_it = match parts[at] {
            Parting::None => false,
            Parting::Always => true,
            Parting::BetweenValues => behind && ahead[at + 1],
        };
        if parts_it {
            part += 1;
            behind = false;
        }
        behind |= has_value[at];
        found.push(part);
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parting {
    None,
    BetweenValues,
    Always,
}

fn parting(token: &Token) -> Parting {
    match token.kind {
        Kind::Mark if matches!(token.raw.as_str(), ";" | ":" | "(" | ")" | "。" | "?") => Parting::Always,
        Kind::Mark if matches!(token.raw.as_str(), "," | "/" | "、") => Parting::BetweenValues,
        Kind::Word => match token.lower.as_str() {
            "but" | "while" | "because" | "although" | "whereas" | "so" | "which" | "otherwise" => Parting::Always,
            "and" | "or" => Parting::BetweenValues,
            _ => Parting::None,
        },
        _ => Parting::None,
    }
}

/// The smallest parts.
pub fn parts(tokens: &[Token]) -> Vec<usize> {
    let mut part = 0;
    let next = |token: &Token| {
        part += usize::from(parting(token) != Parting::None);
        part
    };
    tokens.iter().map(next).collect()
}

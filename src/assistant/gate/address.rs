//! Postal addresses among tokens.

use super::lexicon::is_street;
use super::token::{Kind, Token};

/// The most words that the name of a street has here.
const LONGEST: usize = 4;

/// Each address as its lower-cased tokens with blanks between: a house number in front of a street (`12 Baker Street`) or behind one
/// (`Hoofdstraat 5`), and in Chinese a street with its number (`南京路100号`).
pub fn addresses(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_named = token.kind == Kind::Word && token.is_capital() && is_street(&token.lower);
        let is_road = token.kind == Kind::Han && matches!(token.raw.as_str(), "路" | "街" | "道" | "巷");
        let number_behind = tokens.get(at + 1).filter(|next| next.kind == Kind::Digits);
        if is_road && number_behind.is_some() && tokens.get(at + 2).is_some_and(|next| next.raw == "号") {
            let han = tokens[..at].iter().rev().take(2).take_while(|token| token.kind == Kind::Han).count();
            found.push(line(&tokens[at - han..at + 3]));
        } else if is_named {
            let name = tokens[..at].iter().rev().take(LONGEST).take_while(|word| word.kind == Kind::Word && word.is_capital()).count();
            let first = at - name;
            let number_before = first.checked_sub(1).filter(|place| tokens[*place].kind == Kind::Digits);
            if let Some(place) = number_before.filter(|_| name > 0) {
                found.push(line(&tokens[place..=at]));
            } else if number_behind.is_some() {
                found.push(line(&tokens[first..at + 2]));
            }
        }
    }
    found
}

fn line(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.lower.as_str()).collect::<Vec<_>>().join(" ")
}

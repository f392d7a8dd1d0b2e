//! Numbers of orders, parcels and articles among tokens.

use super::measure::measure;
use super::token::{Kind, Token};
use super::value::{Sort, Value};

/// `#AP10042`, `AP10042`, `AB-1234`, `3S1ABC9`: letters and digits that touch, capitals, or behind a number sign.
pub fn order(tokens: &[Token], at: usize) -> Option<Value> {
    let marked = tokens[at].is("#");
    let first = if marked { at + 1 } else { at };
    if !marked
        && tokens[at].kind == Kind::Word
        && (tokens[at].raw.len() > 6 || !tokens[at].raw.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return None;
    }
    let mut text = String::new();
    let (mut digits, mut runs, mut letters, mut to) = (0, 0, 0, first);
    while let Some(token) = tokens.get(to).filter(|token| to == first && !marked || token.glued) {
        match token.kind {
            Kind::Digits if !token.raw.contains(['.', ',']) => {
                digits += token.raw.chars().count();
                runs += 1;
                text.push_str(&token.raw);
            }
            Kind::Word if marked || token.raw.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                letters += token.raw.len();
                text.push_str(&token.lower);
            }
            Kind::Mark
                if token.raw == "-"
                    && tokens.get(to + 1).is_some_and(|next| next.glued && matches!(next.kind, Kind::Digits | Kind::Word)) => {}
            _ => break,
        }
        to += 1;
    }
    let is_one = if marked {
        digits > 0
    } else {
        letters > 0 && (digits >= 3 || (runs >= 2 && digits >= 2)) && measure(text.trim_start_matches(char::is_numeric)).is_none()
    };
    is_one.then_some(Value::new(Sort::Order, text, at, to))
}

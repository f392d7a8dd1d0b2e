//! What a sentence denies: where a denial begins, and how far it reaches.

use super::lexicon::{NO_DENIAL, begins_condition, denied_part, denies, denies_han, ends_denial};
use super::token::{Kind, Token};

/// A denial.
#[derive(Debug, Clone)]
pub struct Denial {
    /// The word.
    pub mark: String,
    /// Its token.
    pub at: usize,
    /// How many words deny here: `none is not suitable` takes back what it says.
    pub marks: usize,
}

/// The denials, and of each token the one that it stands under. What stands before `from` only answers.
pub fn denials(tokens: &[Token], free: &[Option<usize>], from: usize) -> (Vec<Denial>, Vec<Option<usize>>) {
    let mut denials: Vec<Denial> = Vec::new();
    let mut scopes = vec![None; tokens.len()];
    let mut open: Option<usize> = None;
    let mut in_condition = false;
    for (at, token) in tokens.iter().enumerate() {
        let lower = token.lower.as_str();
        let next = tokens.get(at + 1).map_or("", |next| next.lower.as_str());
        let is_end = match token.kind {
            Kind::Mark if token.raw == "," || token.raw == "、" => token.raw == "," && (in_condition || starts_anew(next)),
            Kind::Mark => matches!(lower, ";" | ":" | "." | "!" | "?" | "(" | ")" | "。" | "…"),
            Kind::Word => ends_denial(lower),
            _ => lower == "但" || lower == "而",
        };
        if is_end {
            open = None;
        }
        in_condition = (in_condition || begins_condition(lower)) && !(token.kind == Kind::Mark && matches!(lower, "," | ";" | ":"));
        if denies_here(tokens, at) && free[at].is_none() && at >= from {
            match open {
                Some(scope) => denials[scope].marks += usize::from(!matches!(lower, "nor" | "neither")),
                None => {
                    denials.push(Denial { mark: token.raw.clone(), at, marks: 1 });
                    open = Some(denials.len() - 1);
                }
            }
            if denied_part(lower).is_some() {
                scopes[at] = open;
            }
            continue;
        }
        scopes[at] = open;
    }
    (denials, scopes)
}

/// Words after a comma that begin another clause, so that what was denied before it is not denied behind it.
pub fn starts_anew(word: &str) -> bool {
    matches!(
        word,
        "we" | "you"
            | "they"
            | "it"
            | "he"
            | "she"
            | "i"
            | "which"
            | "where"
            | "only"
            | "just"
            | "so"
            | "the"
            | "this"
            | "that"
            | "these"
            | "those"
            | "your"
            | "our"
            | "please"
            | "there"
            | "also"
            | "who"
            | "as"
            | "even"
            | "whatever"
            | "unless"
            | "for"
    )
}

/// Whether a denial begins at this token.
fn denies_here(tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let word = |on: usize| tokens.get(at + on).map_or("", |token| token.lower.as_str());
    match token.kind {
        Kind::Word if matches!(token.lower.as_str(), "no" | "not") => {
            let is_bound = matches!(word(1), "more" | "less" | "later" | "fewer" | "longer" | "earlier" | "older") && word(2) == "than";
            let is_other = matches!(word(1), "only" | "just")
                || (token.lower == "no" && matches!(word(1), "problem" | "matter" | "worries" | "doubt"))
                || word(1) == ".";
            !is_bound && !is_other
        }
        Kind::Word => denies(&token.lower),
        Kind::Han => {
            let c = token.raw.chars().next().unwrap_or(' ');
            if !denies_han(c) {
                return false;
            }
            // The words of the table are at most four characters long, and the denial is among the first two or the last.
            let from = at.saturating_sub(2);
            let near: String = tokens[from..].iter().take(6).map(|token| token.raw.as_str()).collect();
            let place: usize = tokens[from..at].iter().map(|token| token.raw.len()).sum();
            let inside = |phrase: &&str| near.match_indices(*phrase).any(|(start, _)| (start..start + phrase.len()).contains(&place));
            !NO_DENIAL.iter().filter(|phrase| phrase.contains(c)).any(inside)
        }
        _ => false,
    }
}

/// `at no extra cost`, `no charge`, `costs nothing`, `free of charge`: of each token that begins such a phrase the place behind it.
pub fn free_of_charge(tokens: &[Token]) -> Vec<Option<usize>> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    let is_price = |word: &str| matches!(word, "cost" | "costs" | "charge" | "charges" | "fee" | "fees");
    (0..tokens.len())
        .map(|at| match word(at) {
            "no" if is_price(word(at + 1)) => Some(at + 2),
            "no" if matches!(word(at + 1), "extra" | "additional" | "further" | "added") && is_price(word(at + 2)) => Some(at + 3),
            "without" if is_price(word(at + 1)) => Some(at + 2),
            "without" if matches!(word(at + 1), "extra" | "additional" | "any" | "a") && is_price(word(at + 2)) => Some(at + 3),
            "cost" | "costs" if word(at + 1) == "nothing" => Some(at + 2),
            "nothing" if at > 0 && matches!(word(at - 1), "cost" | "costs") => Some(at + 1),
            "free" if word(at + 1) == "of" && is_price(word(at + 2)) => Some(at + 3),
            "免" if matches!(word(at + 1), "费" | "邮") => Some(at + 2),
            "包" if word(at + 1) == "邮" => Some(at + 2),
            _ => None,
        })
        .collect()
}

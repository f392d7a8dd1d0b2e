//! On which side of a value a statement holds.

use super::token::Token;
use super::value::Value;

/// On which side of a value what is said holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Just there.
    At,
    /// From it upwards.
    Over {
        /// It cannot be left out: `over $50` is not `$50`.
        hard: bool,
    },
    /// Up to it.
    Under {
        /// It cannot be left out.
        hard: bool,
    },
}

/// The side of a value, from the words around it.
pub fn bound(tokens: &[Token], value: &Value, in_range: bool) -> Bound {
    const OVER: Bound = Bound::Over { hard: true };
    const UNDER: Bound = Bound::Under { hard: true };
    let word = |back: usize| value.from.checked_sub(back).and_then(|place| tokens.get(place)).map_or("", |token| token.lower.as_str());
    let ahead = |on: usize| tokens.get(value.to + on).map_or("", |token| token.lower.as_str());
    let skip = usize::from(matches!(word(1), "of" | "the" | "a" | "about"));
    let (one, two, three) = (word(1 + skip), word(2 + skip), word(3 + skip));
    let before = match (two, one) {
        ("more" | "longer" | "older" | "later" | "greater" | "higher" | "larger", "than") if matches!(three, "no" | "not") => Some(UNDER),
        ("less" | "fewer" | "lower" | "earlier", "than") if matches!(three, "no" | "not") => Some(OVER),
        ("more" | "longer" | "older" | "greater" | "higher" | "larger", "than") | ("at", "least") => Some(OVER),
        ("less" | "fewer" | "lower" | "shorter" | "younger" | "smaller", "than") | ("at", "most") | ("up", "to") => Some(UNDER),
        (_, "over" | "above" | "exceeding" | "minimum" | "min" | "beyond") => Some(OVER),
        (_, "under" | "below" | "maximum" | "max") => Some(UNDER),
        (_, "after" | "since") => Some(Bound::Over { hard: false }),
        (_, "from") if !in_range => Some(Bound::Over { hard: false }),
        (_, "within" | "until" | "till" | "before" | "by") => Some(Bound::Under { hard: false }),
        ("超", "过") | ("高", "于") | ("多", "于") if three == "不" => Some(UNDER),
        ("少", "于") | ("低", "于") if three == "不" => Some(OVER),
        ("超", "过") | ("高", "于") | ("多", "于") | ("至", "少") | ("最", "少") | ("最", "低") => Some(OVER),
        ("少", "于") | ("低", "于") | ("至", "多") | ("最", "多") | ("最", "高") | ("不", "足") | ("不", "满") => Some(UNDER),
        (_, "满") => Some(OVER),
        _ => None,
    };
    let after = match (ahead(0), ahead(1)) {
        ("or" | "and", "more" | "over" | "above" | "up" | "older" | "longer" | "upwards" | "higher") | ("以", "上") => Some(OVER),
        ("or" | "and", "less" | "under" | "below" | "fewer" | "younger" | "shorter" | "lower") | ("以", "下") => Some(UNDER),
        ("以", "内") | ("之", "内" | "前") | ("内" | "前", _) => Some(Bound::Under { hard: false }),
        ("以", "后") | ("之", "后") | ("后", _) | ("起", _) => Some(Bound::Over { hard: false }),
        _ => None,
    };
    after.or(before).unwrap_or(Bound::At)
}

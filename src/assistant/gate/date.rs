//! Days and times of day among tokens.

use super::lexicon::month;
use super::token::{Kind, Token};
use super::value::{Sort, Value};

fn small(token: &Token, limit: u32) -> Option<u32> {
    if token.kind != Kind::Digits || token.raw.len() > 2 {
        return None;
    }
    token.raw.parse().ok().filter(|number| (1..=limit).contains(number))
}

fn year(token: &Token) -> Option<String> {
    (token.kind == Kind::Digits && token.raw.len() == 4 && matches!(token.raw.as_bytes(), [b'1' | b'2', ..])).then(|| token.raw.clone())
}

/// `2026-12-24`, `24/12/2026`, `24.12.2026`, `24 Dec 2026`, `December 24th`, `2026年12月24日`.
pub fn date(tokens: &[Token], at: usize) -> Option<Value> {
    let made = |year: Option<String>, month: u32, day: u32, to: usize| Some(Value::new(Sort::Date(year), format!("{month}-{day}"), at, to));
    let get = |place: usize| tokens.get(place);
    let mark = |place: usize, sign: &str| get(place).is_some_and(|token| token.is(sign) && token.glued);
    let first = get(at)?;
    if let Some(named) = year(first) {
        if mark(at + 1, "-") && mark(at + 3, "-") {
            return made(Some(named), small(get(at + 2)?, 12)?, small(get(at + 4)?, 31)?, at + 5);
        }
        if get(at + 1).is_some_and(|token| token.lower == "年") && get(at + 3).is_some_and(|token| token.lower == "月") {
            return made(Some(named), small(get(at + 2)?, 12)?, small(get(at + 4)?, 31)?, at + 6);
        }
    }
    if first.kind == Kind::Digits && first.raw.matches('.').count() == 2 {
        let mut parts = first.raw.split('.').map(str::parse::<u32>);
        let (day, month, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        return if (1..=31).contains(&day) && (1..=12).contains(&month) { made(Some(year.to_string()), month, day, at + 1) } else { None };
    }
    if mark(at + 1, "/") && mark(at + 3, "/") {
        let (one, two, year) = (small(first, 31)?, small(get(at + 2)?, 31)?, year(get(at + 4)?)?);
        return match (one > 12, two > 12) {
            (true, false) => made(Some(year), two, one, at + 5),
            (false, true) => made(Some(year), one, two, at + 5),
            // Which of the two is the month is not known: it stands only for itself.
            _ => Some(Value::new(Sort::Date(Some(year)), format!("{one}/{two}"), at, at + 5)),
        };
    }
    if let (Some(number), Some("月")) = (small(first, 12), get(at + 1).map(|token| token.lower.as_str())) {
        let day = get(at + 2).and_then(|token| small(token, 31))?;
        return matches!(get(at + 3).map(|token| token.lower.as_str()), Some("日" | "号"))
            .then(|| made(None, number, day, at + 4))
            .flatten();
    }
    let ordinal = |place: usize| {
        usize::from(get(place).is_some_and(|token| token.glued && matches!(token.lower.as_str(), "st" | "nd" | "rd" | "th")))
    };
    let with_year = |place: usize| {
        let place = place + usize::from(get(place).is_some_and(|token| token.is(",")));
        get(place).and_then(year).map(|year| (year, place + 1))
    };
    let (named, day, to) = if let Some(day) = small(first, 31) {
        let mut next = at + 1 + ordinal(at + 1);
        next += usize::from(get(next).is_some_and(|token| token.lower == "of"));
        (month(&get(next)?.lower)?, day, next + 1)
    } else {
        let named = month(&first.lower)?;
        let next = at + 1 + usize::from(get(at + 1).is_some_and(|token| token.is(".")));
        let day = small(get(next)?, 31)?;
        if first.lower == "may" && !first.is_capital() {
            return None;
        }
        (named, day, next + 1 + ordinal(next + 1))
    };
    match with_year(to) {
        Some((year, to)) => made(Some(year), u32::from(named), day, to),
        None => made(None, u32::from(named), day, to),
    }
}

/// `9 pm`, `11:59 p.m.`, `21:00`.
pub fn time(tokens: &[Token], at: usize) -> Option<Value> {
    let first = tokens.get(at).filter(|token| token.kind == Kind::Digits && token.raw.len() <= 5)?;
    let get = |place: usize| tokens.get(place);
    let (mut hour, mut minutes, mut to, mut sure) = (first.raw.parse::<u32>().ok(), 0, at + 1, false);
    if get(to).is_some_and(|token| token.is(":") && token.glued) && get(to + 1).is_some_and(|token| token.glued && token.raw.len() == 2) {
        minutes = tokens[to + 1].raw.parse().ok()?;
        to += 2;
        sure = true;
    } else if let Some((one, two)) = first.raw.split_once('.') {
        (hour, minutes) = (one.parse().ok(), two.parse().unwrap_or(60));
    }
    let hour = hour.filter(|hour| *hour <= 24 && minutes < 60)?;
    let dotted = |letter: &str| {
        let part = |place: usize, text: &str| get(place).is_some_and(|token| token.lower == text);
        part(to, letter) && part(to + 1, ".") && part(to + 2, "m")
    };
    let word = get(to).map(|token| token.lower.as_str());
    let (half, to) = match word {
        Some("am") => (Some(0), to + 1),
        Some("pm") => (Some(12), to + 1),
        _ if dotted("a") => (Some(0), to + 3),
        _ if dotted("p") => (Some(12), to + 3),
        _ => (None, to),
    };
    if half.is_none() && !sure {
        return None;
    }
    let hour = half.map_or(hour, |half| hour % 12 + half);
    Some(Value::new(Sort::Time, (hour * 60 + minutes).to_string(), at, to))
}

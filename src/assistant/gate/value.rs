//! The values in a text: numbers with what they count, amounts, dates, times, addresses of mail and web, numbers of orders.

use super::bound::{Bound, bound};
use super::date::{date, time};
use super::fault::Fault;
use super::lexicon::is_empty;
use super::measure::{HAN_CURRENCIES, HAN_MEASURES, currency, dollar_of, measure, number, number_han, number_word};
use super::order::order;
use super::stem::stem;
use super::token::{Kind, Token};

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// A number that counts or measures.
    Number(Unit),
    /// An amount in a currency.
    Amount(&'static str),
    /// A day of a year, which may be named.
    Date(Option<String>),
    /// A time of day, in minutes after midnight.
    Time,
    /// The number of an order, a parcel or an article.
    Order,
    /// An e-mail address.
    Email,
    /// An address in the web.
    Url,
}

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// It does not say.
    None,
    /// A measure: `day`, `working day`, `%`.
    Measure(String),
    /// Things, by the stem of their name.
    Thing(String),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub sort: Sort,
    /// By what it is compared.
    pub text: String,
    /// Its side.
    pub bound: Bound,
    /// Its first token.
    pub from: usize,
    /// The token behind it, units included.
    pub to: usize,
    /// It may be no value: `a week` is one week, and also any week. It supports, and needs no support.
    pub loose: bool,
    /// The end of a range that begins with it: `2 to 4`.
    pub range: Option<String>,
    /// A range ends with it.
    pub ends_range: bool,
}

impl Sort {
    /// The fault of a value of this sort that its source does not have.
    pub fn missing(&self, said: String) -> Fault {
        match self {
            Self::Number(_) => Fault::Number { said },
            Self::Amount(_) => Fault::Amount { said },
            Self::Date(_) => Fault::Date { said },
            Self::Time => Fault::Time { said },
            Self::Order => Fault::OrderNumber { said },
            Self::Email => Fault::Email { said },
            Self::Url => Fault::Url { said },
        }
    }
}

impl Value {
    /// One that stands alone.
    pub fn new(sort: Sort, text: String, from: usize, to: usize) -> Self {
        Self { sort, text, bound: Bound::At, from, to, loose: false, range: None, ends_range: false }
    }

    /// By what equal values are found, whatever they count.
    pub fn key(&self) -> String {
        match &self.sort {
            Sort::Amount(currency) => format!("={currency}{}", self.text),
            Sort::Number(_) => format!("={}", self.text),
            Sort::Date(_) => format!("=d{}", self.text),
            Sort::Time => format!("=t{}", self.text),
            Sort::Order => format!("=o{}", self.text),
            Sort::Email | Sort::Url => format!("=@{}", self.text),
        }
    }

    /// Whether another one could stand in its place: two prices, two terms in days.
    pub fn is_rival(&self, other: &Value) -> bool {
        let same_sort = match (&self.sort, &other.sort) {
            (Sort::Number(Unit::Measure(a)), Sort::Number(Unit::Measure(b))) => {
                a.trim_start_matches("working ") == b.trim_start_matches("working ")
            }
            (Sort::Number(Unit::Thing(a)), Sort::Number(Unit::Thing(b))) => a == b,
            (Sort::Amount(a), Sort::Amount(b)) => a == b,
            (Sort::Date(_), Sort::Date(_)) | (Sort::Time, Sort::Time) => true,
            _ => false,
        };
        same_sort && self.text != other.text
    }

    /// Whether both are prices, of whatever currency: in two countries a shop has two.
    pub fn is_other_price(&self, other: &Value) -> bool {
        matches!((&self.sort, &other.sort), (Sort::Amount(_), Sort::Amount(_))) && self.key() != other.key()
    }
}

/// The values among tokens, in their order.
pub fn values(tokens: &[Token]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match value(tokens, at) {
            Some(value) => {
                at = value.to.max(at + 1);
                found.push(value);
            }
            None => at += 1,
        }
    }
    share_units(tokens, &mut found);
    for index in 0..found.len() {
        let in_range =
            found.get(index + 1).is_some_and(|next| joined(tokens, found[index].to, next.from, &["to", "through", "-", "~", "至", "到"]));
        if matches!(found[index].sort, Sort::Number(_) | Sort::Amount(_) | Sort::Date(_) | Sort::Time) {
            found[index].bound = bound(tokens, &found[index], in_range);
        }
        if in_range {
            found[index].range = found.get(index + 1).map(|next| next.text.clone());
            found[index + 1].ends_range = true;
        }
    }
    // Who was born on the eighth of January 1935 was born in 1935.
    let years: Vec<Value> = found.iter().filter_map(year_of).collect();
    found.extend(years);
    found
}

fn year_of(value: &Value) -> Option<Value> {
    let Sort::Date(Some(year)) = &value.sort else { return None };
    Some(Value { sort: Sort::Number(Unit::None), text: year.clone(), loose: true, range: None, ends_range: false, ..value.clone() })
}

/// Whether a number is a year more likely than a count.
fn is_year(value: &Value) -> bool {
    value.text.len() == 4
        && matches!(value.text.as_bytes(), [b'1', b'0'..=b'9', ..] | [b'2', b'0', ..])
        && value.sort == Sort::Number(Unit::None)
}

/// In `2 to 4 working days` both numbers count working days.
fn share_units(tokens: &[Token], found: &mut [Value]) {
    for index in (1..found.len()).rev() {
        let (before, after) = found.split_at_mut(index);
        let (first, second) = (&mut before[index - 1], &after[0]);
        let joined = joined(tokens, first.to, second.from, &["to", "or", "and", "through", "-", "~", "/", "至", "到", "或", "、", ","]);
        if joined && first.sort == Sort::Number(Unit::None) && !is_year(first) && matches!(second.sort, Sort::Number(_) | Sort::Amount(_)) {
            first.sort = second.sort.clone();
        }
    }
    // `within 2 working days and photo books within 4`: a number without a unit has the one before it.
    let mut last = None;
    for value in found.iter_mut() {
        match &value.sort {
            Sort::Number(Unit::Measure(unit)) => last = Some(unit.clone()),
            Sort::Number(Unit::None) if !is_year(value) => {
                if let Some(unit) = &last {
                    value.sort = Sort::Number(Unit::Measure(unit.clone()));
                }
            }
            _ => {}
        }
    }
}

fn joined(tokens: &[Token], from: usize, to: usize, by: &[&str]) -> bool {
    to == from + 1 && by.contains(&tokens[from].lower.as_str())
}

fn value(tokens: &[Token], at: usize) -> Option<Value> {
    let token = &tokens[at];
    let made = |sort, text: String, to| Some(Value::new(sort, text, at, to));
    match token.kind {
        Kind::Email => made(Sort::Email, token.lower.clone(), at + 1),
        Kind::Url => made(Sort::Url, bare_url(&token.lower), at + 1),
        Kind::Digits => order(tokens, at).or_else(|| date(tokens, at)).or_else(|| time(tokens, at)).or_else(|| counted(tokens, at)),
        Kind::Mark if token.raw == "#" => order(tokens, at),
        Kind::Mark => money(tokens, at, currency(&token.raw)?, at + 1),
        Kind::Word => {
            let next = tokens.get(at + 1);
            if next.is_some_and(|next| next.is("$") && next.glued)
                && let Some(currency) = dollar_of(&token.lower)
            {
                return money(tokens, at, currency, at + 2);
            }
            if next.is_some_and(|next| next.kind == Kind::Digits)
                && let Some(currency) = currency(&token.lower)
            {
                return money(tokens, at, currency, at + 1);
            }
            match token.lower.as_str() {
                "noon" | "midday" => made(Sort::Time, "720".to_owned(), at + 1),
                "midnight" => made(Sort::Time, "0".to_owned(), at + 1),
                _ => order(tokens, at).or_else(|| date(tokens, at)).or_else(|| spelled(tokens, at)),
            }
        }
        Kind::Han => han_number(tokens, at),
    }
}

fn bare_url(url: &str) -> String {
    let url = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
    url.strip_prefix("www.").unwrap_or(url).trim_end_matches('/').to_owned()
}

/// A currency in front, the digits at `digits`.
fn money(tokens: &[Token], at: usize, currency: &'static str, digits: usize) -> Option<Value> {
    let found = tokens.get(digits).filter(|token| token.kind == Kind::Digits)?;
    Some(Value::new(Sort::Amount(currency), number(&found.raw), at, digits + 1))
}

/// Digits with what they count behind them.
fn counted(tokens: &[Token], at: usize) -> Option<Value> {
    Some(with_unit(tokens, at, at + 1, number(&tokens[at].raw), false))
}

fn with_unit(tokens: &[Token], from: usize, to: usize, text: String, loose: bool) -> Value {
    let amount = |currency, to| Value { loose, ..Value::new(Sort::Amount(currency), text.clone(), from, to) };
    let next = tokens.get(to);
    if let Some(found) = next.and_then(|next| currency(&next.lower))
        && !(next.is_some_and(|next| next.kind == Kind::Mark)
            && tokens.get(to + 1).is_some_and(|token| token.kind == Kind::Digits && token.glued))
    {
        return amount(found, to + 1);
    }
    if let Some((name, found)) = starting_with(tokens, to, &HAN_CURRENCIES) {
        return amount(found, to + name);
    }
    let (unit, to) = unit(tokens, to);
    Value { loose, ..Value::new(Sort::Number(unit), text, from, to) }
}

/// The entry of a table with which the Chinese text at a place begins, and how many characters it has.
fn starting_with(tokens: &[Token], at: usize, table: &[(&str, &'static str)]) -> Option<(usize, &'static str)> {
    let han: String = tokens.iter().skip(at).take(4).take_while(|token| token.kind == Kind::Han).map(|token| token.raw.as_str()).collect();
    if han.is_empty() {
        return None;
    }
    table.iter().find(|(name, _)| han.starts_with(name)).map(|(name, meaning)| (name.chars().count(), *meaning))
}

fn unit(tokens: &[Token], at: usize) -> (Unit, usize) {
    let mut place = at + usize::from(tokens.get(at).is_some_and(|token| token.glued && token.lower == "s"));
    if tokens.get(place).is_some_and(|token| token.is("-") && token.glued)
        && tokens.get(place + 1).is_some_and(|token| token.kind == Kind::Word)
    {
        place += 1;
    }
    if tokens.get(place).is_some_and(|token| token.is("%")) {
        return (Unit::Measure("%".to_owned()), place + 1);
    }
    if tokens.get(place).is_some_and(|token| token.is("\"") && token.glued) {
        return (Unit::Measure("inch".to_owned()), place + 1);
    }
    if tokens.get(place).is_some_and(|token| token.is("\u{b0}")) {
        return (Unit::Measure("degree".to_owned()), place + 1);
    }
    if let Some((length, name)) = starting_with(tokens, place, &HAN_MEASURES) {
        return (Unit::Measure(name.to_owned()), place + length);
    }
    place += usize::from(tokens.get(place).is_some_and(|token| matches!(token.lower.as_str(), "\u{d7}" | "x")));
    let mut kind = "";
    let first = place;
    while let Some(token) = tokens.get(place).filter(|token| token.kind == Kind::Word && place < first + 3) {
        match token.lower.as_str() {
            "working" | "business" | "work" | "trading" => kind = "working ",
            "calendar" => kind = "calendar ",
            "full" | "consecutive" | "extra" | "more" | "additional" | "further" | "whole" | "other" | "different" => {}
            word => {
                if let Some(name) = measure(word) {
                    return (Unit::Measure(format!("{kind}{name}")), place + 1);
                }
                return if is_empty(word) { (Unit::None, at) } else { (Unit::Thing(stem(word)), at) };
            }
        }
        place += 1;
        if tokens.get(place).is_some_and(|token| token.is("-")) {
            place += 1;
        }
    }
    (Unit::None, at)
}

/// `thirty days`, `twenty-five`, `two hundred`; `one` and `a` only where a measure follows.
fn spelled(tokens: &[Token], at: usize) -> Option<Value> {
    let word = tokens[at].lower.as_str();
    if matches!(word, "one" | "a" | "an" | "once") {
        let value = with_unit(tokens, at, at + 1, "1".to_owned(), true);
        let ranges = word == "one"
            && tokens.get(at + 1).is_some_and(|next| matches!(next.lower.as_str(), "to" | "or"))
            && tokens.get(at + 2).is_some_and(|next| number_word(&next.lower).is_some());
        return (ranges || matches!(value.sort, Sort::Number(Unit::Measure(_)))).then_some(value);
    }
    let mut sum = number_word(word)?;
    let mut to = at + 1;
    if word == "twice" {
        let sort = Sort::Number(Unit::Measure("time".to_owned()));
        return Some(Value { loose: true, ..Value::new(sort, "2".to_owned(), at, to) });
    }
    let more = |place: usize| tokens.get(place).filter(|token| token.kind == Kind::Word).and_then(|token| number_word(&token.lower));
    if (20..100).contains(&sum) {
        let next = to + usize::from(tokens.get(to).is_some_and(|token| token.is("-")));
        if let Some(ones) = more(next).filter(|ones| *ones < 10) {
            sum += ones;
            to = next + 1;
        }
    }
    if let Some(times) = more(to).filter(|times| *times >= 100) {
        sum *= times;
        to += 1;
    }
    Some(with_unit(tokens, at, to, sum.to_string(), false))
}

/// `三天`, `十五个工作日`: only where a measure follows, because the characters are in many other words.
fn han_number(tokens: &[Token], at: usize) -> Option<Value> {
    let (mut total, mut last, mut to) = (0_u32, 0_u32, at);
    while let Some(part) =
        tokens.get(to).filter(|token| token.kind == Kind::Han && to < at + 8).and_then(|token| number_han(token.raw.chars().next()?))
    {
        if part >= 10 {
            total = total.saturating_add(last.max(1).saturating_mul(part));
            last = 0;
        } else {
            last = part;
        }
        to += 1;
    }
    if to == at {
        return None;
    }
    let value = with_unit(tokens, at, to, total.saturating_add(last).to_string(), to == at + 1 && tokens[at].raw == "一");
    (value.to > to && !(value.loose && tokens[to].raw == "个" && value.to == to + 1)).then_some(value)
}

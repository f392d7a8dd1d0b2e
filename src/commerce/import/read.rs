//! What both formats need: JSON with a place in its errors, objects that keep their order, values with a name.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::ImportError;
use crate::commerce::{Currency, Money, OrderNumber, OrderStatus};
use crate::support::Timestamp;

/// Reads JSON; an error names line and column.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, ImportError> {
    serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        // serde_json writes the place behind the problem; ours stands before it.
        let problem = said.split(" at line ").next().unwrap_or(&said).to_owned();
        ImportError::Shape { line: error.line(), column: error.column(), problem }
    })
}

/// A JSON object as its pairs, in the file's order.
#[derive(Debug)]
pub(super) struct Pairs<V>(pub(super) Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

/// A place in the file, for the errors of what stands there.
#[derive(Debug, Clone)]
pub(super) struct Place(String);

impl Place {
    pub(super) fn new(kind: &str, id: &str) -> Self {
        Self(format!("{kind} {id}"))
    }

    /// The `index`-th (from 0) `part` of it.
    pub(super) fn part(&self, part: &str, index: usize) -> Self {
        Self(format!("{}: {part} {}", self.0, index + 1))
    }

    pub(super) fn error(&self, problem: String) -> ImportError {
        ImportError::Value { place: self.0.clone(), problem }
    }

    pub(super) fn text(&self, field: &str, value: String) -> Result<String, ImportError> {
        let text = value.trim();
        match text.is_empty() || text.contains('\0') {
            true => Err(self.error(format!("{field} is empty"))),
            false if text.len() == value.len() => Ok(value),
            false => Ok(text.to_owned()),
        }
    }

    pub(super) fn amount(&self, field: &str, literal: &str, currency: Currency) -> Result<Money, ImportError> {
        let money = Money::parse_decimal(literal, currency).filter(|money| money.minor >= 0);
        money.ok_or_else(|| self.error(format!("{field} \"{literal}\" is not an amount in {}", currency.as_str())))
    }

    pub(super) fn number(&self, number: &str) -> Result<OrderNumber, ImportError> {
        let problem = || self.error("an order number is 2 to 40 letters, digits, '-' or '_' after an optional '#'".to_owned());
        OrderNumber::parse(number).ok_or_else(problem)
    }

    pub(super) fn status(&self, status: &str) -> Result<OrderStatus, ImportError> {
        let known = || OrderStatus::ALL.map(OrderStatus::as_str).join(", ");
        OrderStatus::parse(status).ok_or_else(|| self.error(format!("status \"{status}\" is none of {}", known())))
    }

    pub(super) fn time(&self, field: &str, value: Option<String>) -> Result<Option<Timestamp>, ImportError> {
        let Some(text) = value else { return Ok(None) };
        let time = text.parse::<Timestamp>().ok().and_then(|time| Timestamp::from_microsecond(time.as_microsecond()).ok());
        let problem = || self.error(format!("{field} \"{text}\" is not a time like 2026-11-18T09:12:00Z"));
        time.map(Some).ok_or_else(problem)
    }
}

/// Refuses an id that stands twice: one of the two would be lost without a word.
pub(super) fn refuse_twice<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), ImportError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(Place::new(kind, id).error("stands twice in the file".to_owned()));
        }
    }
    Ok(())
}

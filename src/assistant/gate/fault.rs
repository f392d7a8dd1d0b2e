//! Why a statement may not be said.

use std::fmt;

/// What a statement has that its source has not, or the other way round. The texts are the statement's own.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// There is no word in it.
    Empty,
    /// It is longer than any sentence that a shopper would be sent.
    TooLong,
    /// It asks, and a question states nothing that could be checked.
    Question,
    /// It speaks of an `I` of whom the source knows nothing.
    Speaker,
    /// A number that stands nowhere in the source.
    Number {
        /// As it was said.
        said: String,
    },
    /// The number stands there, of something else: `30 days` for `30 working days`.
    Unit {
        /// As it was said.
        said: String,
    },
    /// The number stands there with another bound: `over 30` for `up to 30`, or a bare `30`.
    Bound {
        /// As it was said.
        said: String,
    },
    /// The number stands there, and what the statement says of it stands by another one.
    Misplaced {
        /// As it was said.
        said: String,
    },
    /// An amount of money.
    Amount {
        /// As it was said.
        said: String,
    },
    /// A date.
    Date {
        /// As it was said.
        said: String,
    },
    /// A time of day.
    Time {
        /// As it was said.
        said: String,
    },
    /// A postal address.
    Address {
        /// As it was said.
        said: String,
    },
    /// An e-mail address.
    Email {
        /// As it was said.
        said: String,
    },
    /// An address in the web.
    Url {
        /// As it was said.
        said: String,
    },
    /// The number of an order, of a parcel or of an article.
    OrderNumber {
        /// As it was said.
        said: String,
    },
    /// A name of a product, a place, a person, a weekday or a month.
    Name {
        /// As it was said.
        said: String,
    },
    /// A state of an order.
    Status {
        /// As it was said.
        said: String,
    },
    /// Yes for a no, or no for a yes. The word is the one that is denied on one side alone.
    Negation {
        /// The word.
        said: String,
    },
    /// A `yes` or `no` in front that does not go with the sentence behind it. Which question it answers is not known here.
    Answer {
        /// The word.
        said: String,
    },
    /// The source says it under a condition that the statement leaves out.
    Condition {
        /// What begins the condition.
        missing: String,
    },
    /// A limit that the source does not set: `only`, `unless`, `except`, `must`.
    Limit {
        /// The word.
        said: String,
    },
    /// Too many of its words stand in no sentence of the source.
    Unsupported {
        /// The share of what it says that does.
        share: f32,
    },
}

impl Fault {
    /// The stable name in the metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Question => "question",
            Self::Speaker => "speaker",
            Self::Number { .. } => "number",
            Self::Unit { .. } => "unit",
            Self::Bound { .. } => "bound",
            Self::Misplaced { .. } => "misplaced",
            Self::Amount { .. } => "amount",
            Self::Date { .. } => "date",
            Self::Time { .. } => "time",
            Self::Address { .. } => "address",
            Self::Email { .. } => "email",
            Self::Url { .. } => "url",
            Self::OrderNumber { .. } => "order_number",
            Self::Name { .. } => "name",
            Self::Status { .. } => "status",
            Self::Negation { .. } => "negation",
            Self::Answer { .. } => "answer",
            Self::Condition { .. } => "condition",
            Self::Limit { .. } => "limit",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// The words that are at fault: the statement's own, or of a denial perhaps the source's; none where it is the whole of it, or words left out.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Number { said }
            | Self::Unit { said }
            | Self::Bound { said }
            | Self::Misplaced { said }
            | Self::Amount { said }
            | Self::Date { said }
            | Self::Time { said }
            | Self::Address { said }
            | Self::Email { said }
            | Self::Url { said }
            | Self::OrderNumber { said }
            | Self::Name { said }
            | Self::Status { said }
            | Self::Negation { said }
            | Self::Answer { said }
            | Self::Limit { said } => Some(said),
            Self::Empty | Self::TooLong | Self::Question | Self::Speaker | Self::Condition { .. } | Self::Unsupported { .. } => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(out, "there is no word in it"),
            Self::TooLong => write!(out, "it is too long for one sentence"),
            Self::Question => write!(out, "it is a question"),
            Self::Speaker => write!(out, "it speaks in the first person, and the source does not"),
            Self::Number { said } => write!(out, "the number '{said}' is not in the source"),
            Self::Unit { said } => write!(out, "the number in '{said}' counts something else in the source"),
            Self::Bound { said } => write!(out, "'{said}' has another bound in the source"),
            Self::Misplaced { said } => write!(out, "'{said}' is said of something else in the source"),
            Self::Amount { said } => write!(out, "the amount '{said}' is not in the source"),
            Self::Date { said } => write!(out, "the date '{said}' is not in the source"),
            Self::Time { said } => write!(out, "the time '{said}' is not in the source"),
            Self::Address { said } => write!(out, "the address '{said}' is not in the source"),
            Self::Email { said } => write!(out, "the e-mail address '{said}' is not in the source"),
            Self::Url { said } => write!(out, "the link '{said}' is not in the source"),
            Self::OrderNumber { said } => write!(out, "the order number '{said}' is not in the source"),
            Self::Name { said } => write!(out, "the name '{said}' is not where the source says this"),
            Self::Status { said } => write!(out, "the source does not say that an order is '{said}'"),
            Self::Negation { said } => write!(out, "'{said}' is denied on one side and not on the other"),
            Self::Answer { said } => write!(out, "'{said}' in front does not go with what the source says"),
            Self::Condition { missing } => write!(out, "the condition '{missing}' of the source is left out"),
            Self::Limit { said } => write!(out, "the limit '{said}' is not in the source"),
            Self::Unsupported { share } => write!(out, "only {:.0} % of what it says stands in the source", 100.0 * share),
        }
    }
}

impl std::error::Error for Fault {}

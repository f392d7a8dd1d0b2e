//! Reading a shop's data from a file: our own documented JSON, and the retail format of τ-bench.
//!
//! Amounts never pass through a float: ours are strings, and the numbers of the retail format are read as the digits that stand in the file.

mod nightdesk;
mod read;
mod retail;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Customer, Order, Product};

/// The name of our format.
pub const FORMAT: &str = "nightdesk-shop/1";

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShopData {
    /// Customers.
    pub customers: Vec<Customer>,
    /// Products.
    pub products: Vec<Product>,
    /// Orders.
    pub orders: Vec<Order>,
}

/// Why a file is not taken. Nothing of it is loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not JSON, or not of the format's shape.
    #[error("line {line}, column {column}: {problem}")]
    Shape {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
        /// What was expected.
        problem: String,
    },
    /// Neither of the two formats.
    #[error(
        "the file is of no known format: it needs \"format\": \"{FORMAT}\", or \"users\", \"products\" and \"orders\" by id as in the retail data"
    )]
    UnknownFormat,
    /// A later version of ours, or somebody else's.
    #[error("the file is of format '{0}', which this version does not read: write \"format\": \"{FORMAT}\"")]
    OtherFormat(String),
    /// A value that makes no sense.
    #[error("{place}: {problem}")]
    Value {
        /// Where: `order #W1: item 3`.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

/// Just enough to tell the formats apart.
#[derive(Deserialize)]
struct Probe {
    format: Option<String>,
    users: Option<IgnoredAny>,
    orders: Option<IgnoredAny>,
}

/// Reads a file of either format.
pub fn parse(json: &str) -> Result<ShopData, ImportError> {
    let json = json.strip_prefix('\u{feff}').unwrap_or(json);
    let probe: Probe = read::json(json)?;
    match probe {
        Probe { format: Some(format), .. } if format == FORMAT => nightdesk::parse(json),
        Probe { format: Some(format), .. } => Err(ImportError::OtherFormat(format)),
        Probe { users: Some(_), orders: Some(_), .. } => retail::parse(json),
        _ => Err(ImportError::UnknownFormat),
    }
}

//! Customers, products and orders.

use super::Money;
use crate::support::Timestamp;

/// An order's number as the shop prints it, with its leading `#` where it has one: `#W2611340`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderNumber(String);

impl OrderNumber {
    /// 2 to 40 letters, digits, `-` or `_` after an optional `#`. Upper-cased; the `#` is put back, so `w2611340` names `#W2611340`.
    pub fn parse(raw: &str) -> Option<Self> {
        let body = raw.trim().trim_start_matches('#').to_ascii_uppercase();
        let fits = (2..=40).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        fits.then(|| Self(format!("#{body}")))
    }

    /// `#W2611340`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor.
    pub line2: String,
    /// Town.
    pub city: String,
    /// State or region.
    pub region: String,
    /// Postcode.
    pub postcode: String,
    /// Country.
    pub country: String,
}

/// A customer of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The shop's own id.
    pub id: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// E-mail; compared without case.
    pub email: String,
    /// Where they live.
    pub address: Address,
}

/// A product with its variants.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The shop's own id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What can be bought of it.
    pub variants: Vec<Variant>,
}

/// One thing that can be bought.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The shop's own id.
    pub id: String,
    /// `colour` → `blue`, in the file's order.
    pub options: Vec<(String, String)>,
    /// Its price.
    pub price: Money,
    /// Whether it can be ordered now.
    pub available: bool,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Taken, not packed yet.
    Pending,
    /// Packed; a tracking number exists.
    Processed,
    /// With the carrier.
    Shipped,
    /// Arrived.
    Delivered,
    /// Called off.
    Cancelled,
    /// Some or all of it came back.
    Returned,
}

impl OrderStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Processed, Self::Shipped, Self::Delivered, Self::Cancelled, Self::Returned];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processed => "processed",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its number.
    pub number: OrderNumber,
    /// Whose it is.
    pub customer_id: String,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was placed, where the shop's file says so.
    pub placed_at: Option<Timestamp>,
    /// Where it goes.
    pub address: Address,
    /// What was bought.
    pub items: Vec<OrderItem>,
    /// What was paid and given back.
    pub payments: Vec<Payment>,
    /// What was sent.
    pub shipments: Vec<Shipment>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem {
    /// The product's id.
    pub product_id: String,
    /// The variant's id.
    pub variant_id: String,
    /// The product's name when it was bought.
    pub name: String,
    /// The options when it was bought.
    pub options: Vec<(String, String)>,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub price: Money,
}

/// Paid or given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// Paid.
    Payment,
    /// Given back.
    Refund,
}

/// A payment or a refund.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// Which of the two.
    pub kind: PaymentKind,
    /// How much, always positive.
    pub amount: Money,
    /// `credit_card`, `paypal`, `gift_card` …
    pub method: String,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipment {
    /// Who carries it, if the file says so.
    pub carrier: Option<String>,
    /// Tracking numbers.
    pub tracking: Vec<String>,
    /// The variants in it.
    pub variant_ids: Vec<String>,
    /// When it left.
    pub shipped_at: Option<Timestamp>,
    /// When it is expected.
    pub expected_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
}

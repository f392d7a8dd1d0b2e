//! Commerce: money, customers, products and orders, and the port through which an order is read.
//!
//! An order is read only under a [`CustomerProof`]; nothing outside this room can make one.

pub mod import;
pub mod money;
pub mod order;
pub mod port;
pub mod proof;
pub mod status;

pub use money::{Currency, Money};
pub use order::{Address, Customer, Order, OrderItem, OrderNumber, OrderStatus, Payment, PaymentKind, Product, Shipment, Variant};
pub use port::{Catalogue, ImportCounts, Orders};
pub use proof::{CustomerProof, GuestClaim, OrderOwner, Scope};

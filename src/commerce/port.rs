//! What commerce asks of a store.

use async_trait::async_trait;

use super::{CustomerProof, Order, OrderNumber, OrderOwner};
use crate::commerce::import::ShopData;
use crate::support::StoreError;

/// Reading orders, for the bot and for agents.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Whose an order is, to check a guest's claim against.
    async fn owner(&self, number: &OrderNumber) -> Result<Option<OrderOwner>, StoreError>;

    /// An order that the proof opens; `None` for one that does not exist or is somebody else's.
    async fn order(&self, proof: &CustomerProof, number: &OrderNumber) -> Result<Option<Order>, StoreError>;
}

/// How many rows an import wrote, and how many were there already and were brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Customers.
    pub customers: u64,
    /// Products.
    pub products: u64,
    /// Variants.
    pub variants: u64,
    /// Orders.
    pub orders: u64,
    /// Items.
    pub items: u64,
    /// Payments and refunds.
    pub payments: u64,
    /// Shipments.
    pub shipments: u64,
}

/// Loading a shop's data.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Writes all of it in one transaction; a row that is there already is replaced. Loading the same file twice changes nothing.
    async fn import(&self, data: &ShopData) -> Result<ImportCounts, StoreError>;

    /// How many orders there are.
    async fn order_count(&self) -> Result<i64, StoreError>;
}

//! Reading a shop's data from a file: our own documented JSON, and the retail format of τ-bench.

use super::{Customer, Order, Product};

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

//! Loading a shop's customers, products and orders.

use std::collections::HashSet;

use async_trait::async_trait;

use super::codes::json;
use super::error::store_error;
use super::{Backend, Connection, lock_import};
use crate::commerce::import::ShopData;
use crate::commerce::{Address, Catalogue, Customer, ImportCounts, Order, OrderItem, Payment, PaymentKind, Product, Shipment};
use crate::support::{StoreError, Timestamp};

statements! {
    CUSTOMER_EXISTS = "SELECT COUNT(*) FROM customers WHERE id = $1";
    PUT_CUSTOMER = "INSERT INTO customers (id, first_name, last_name, email) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET \
        first_name = excluded.first_name, last_name = excluded.last_name, email = excluded.email";
    PUT_CUSTOMER_ADDRESS = "INSERT INTO addresses (customer_id, line1, line2, city, region, postcode, country) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (customer_id) DO UPDATE SET line1 = excluded.line1, line2 = excluded.line2, \
        city = excluded.city, region = excluded.region, postcode = excluded.postcode, country = excluded.country";
    PUT_PRODUCT = "INSERT INTO products (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name";
    DROP_VARIANTS = "DELETE FROM variants WHERE product_id = $1";
    ADD_VARIANT = "INSERT INTO variants (product_id, id, line, options, price_minor, currency, available) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    PUT_ORDER = "INSERT INTO orders (number, customer_id, status, placed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (number) DO UPDATE SET \
        customer_id = excluded.customer_id, status = excluded.status, placed_at = excluded.placed_at";
    PUT_ORDER_ADDRESS = "INSERT INTO addresses (order_number, line1, line2, city, region, postcode, country) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (order_number) DO UPDATE SET line1 = excluded.line1, line2 = excluded.line2, \
        city = excluded.city, region = excluded.region, postcode = excluded.postcode, country = excluded.country";
    DROP_ITEMS = "DELETE FROM order_items WHERE order_number = $1";
    DROP_PAYMENTS = "DELETE FROM payments WHERE order_number = $1";
    DROP_SHIPMENTS = "DELETE FROM shipments WHERE order_number = $1";
    ADD_ITEM = "INSERT INTO order_items (order_number, line, product_id, variant_id, name, options, quantity, price_minor, currency) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ADD_PAYMENT = "INSERT INTO payments (order_number, line, kind, amount_minor, currency, method) VALUES ($1, $2, $3, $4, $5, $6)";
    ADD_SHIPMENT = "INSERT INTO shipments (order_number, line, carrier, tracking, variant_ids, shipped_at, expected_at, delivered_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ORDER_COUNT = "SELECT COUNT(*) FROM orders";
}

#[async_trait]
impl Catalogue for Backend {
    async fn import(&self, data: &ShopData) -> Result<ImportCounts, StoreError> {
        let mut counts = ImportCounts::default();
        let mut tx = self.write().await?;
        lock_import(&mut tx).await?;
        for customer in &data.customers {
            put_customer(&mut tx, customer).await?;
            counts.customers += 1;
        }
        for product in &data.products {
            put_product(&mut tx, product).await?;
            counts.products += 1;
            counts.variants += product.variants.len() as u64;
        }
        let in_file: HashSet<&str> = data.customers.iter().map(|customer| customer.id.as_str()).collect();
        for order in &data.orders {
            if !in_file.contains(order.customer_id.as_str()) {
                require_customer(&mut tx, order).await?;
            }
            put_order(&mut tx, order).await?;
            counts.orders += 1;
            counts.items += order.items.len() as u64;
            counts.payments += order.payments.len() as u64;
            counts.shipments += order.shipments.len() as u64;
        }
        tx.commit().await.map_err(store_error)?;
        Ok(counts)
    }

    async fn order_count(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar(ORDER_COUNT).fetch_one(self.readers()).await.map_err(store_error)
    }
}

async fn put_customer(tx: &mut Connection, customer: &Customer) -> Result<(), StoreError> {
    sqlx::query(PUT_CUSTOMER)
        .bind(&customer.id)
        .bind(&customer.first_name)
        .bind(&customer.last_name)
        .bind(&customer.email)
        .execute(&mut *tx)
        .await
        .map_err(store_error)?;
    put_address(tx, PUT_CUSTOMER_ADDRESS, &customer.id, &customer.address).await
}

async fn put_address(tx: &mut Connection, sql: &'static str, key: &str, address: &Address) -> Result<(), StoreError> {
    sqlx::query(sql)
        .bind(key)
        .bind(&address.line1)
        .bind(&address.line2)
        .bind(&address.city)
        .bind(&address.region)
        .bind(&address.postcode)
        .bind(&address.country)
        .execute(tx)
        .await
        .map(drop)
        .map_err(store_error)
}

async fn put_product(tx: &mut Connection, product: &Product) -> Result<(), StoreError> {
    sqlx::query(PUT_PRODUCT).bind(&product.id).bind(&product.name).execute(&mut *tx).await.map_err(store_error)?;
    sqlx::query(DROP_VARIANTS).bind(&product.id).execute(&mut *tx).await.map_err(store_error)?;
    for (line, variant) in (1_i64..).zip(&product.variants) {
        sqlx::query(ADD_VARIANT)
            .bind(&product.id)
            .bind(&variant.id)
            .bind(line)
            .bind(json(&variant.options))
            .bind(variant.price.minor)
            .bind(variant.price.currency.as_str())
            .bind(variant.available)
            .execute(&mut *tx)
            .await
            .map_err(store_error)?;
    }
    Ok(())
}

/// Refuses an order of a customer whom neither the file nor the database has: it could never be opened by anybody.
async fn require_customer(tx: &mut Connection, order: &Order) -> Result<(), StoreError> {
    let found: i64 = sqlx::query_scalar(CUSTOMER_EXISTS).bind(&order.customer_id).fetch_one(tx).await.map_err(store_error)?;
    if found > 0 {
        return Ok(());
    }
    let (number, customer) = (order.number.as_str(), &order.customer_id);
    Err(StoreError::Internal(format!(
        "order {number} is of customer '{customer}', whom nobody knows: add the customer to the file and import it again"
    )))
}

async fn put_order(tx: &mut Connection, order: &Order) -> Result<(), StoreError> {
    let number = order.number.as_str();
    sqlx::query(PUT_ORDER)
        .bind(number)
        .bind(&order.customer_id)
        .bind(order.status.as_str())
        .bind(order.placed_at.map(Timestamp::as_microsecond))
        .execute(&mut *tx)
        .await
        .map_err(store_error)?;
    put_address(tx, PUT_ORDER_ADDRESS, number, &order.address).await?;
    for sql in [DROP_ITEMS, DROP_PAYMENTS, DROP_SHIPMENTS] {
        sqlx::query(sql).bind(number).execute(&mut *tx).await.map_err(store_error)?;
    }
    for (line, item) in (1_i64..).zip(&order.items) {
        add_item(tx, number, line, item).await?;
    }
    for (line, payment) in (1_i64..).zip(&order.payments) {
        add_payment(tx, number, line, payment).await?;
    }
    for (line, shipment) in (1_i64..).zip(&order.shipments) {
        add_shipment(tx, number, line, shipment).await?;
    }
    Ok(())
}

async fn add_item(tx: &mut Connection, number: &str, line: i64, item: &OrderItem) -> Result<(), StoreError> {
    sqlx::query(ADD_ITEM)
        .bind(number)
        .bind(line)
        .bind(&item.product_id)
        .bind(&item.variant_id)
        .bind(&item.name)
        .bind(json(&item.options))
        .bind(item.quantity)
        .bind(item.price.minor)
        .bind(item.price.currency.as_str())
        .execute(tx)
        .await
        .map(drop)
        .map_err(store_error)
}

async fn add_payment(tx: &mut Connection, number: &str, line: i64, payment: &Payment) -> Result<(), StoreError> {
    let kind = match payment.kind {
        PaymentKind::Payment => "payment",
        PaymentKind::Refund => "refund",
    };
    sqlx::query(ADD_PAYMENT)
        .bind(number)
        .bind(line)
        .bind(kind)
        .bind(payment.amount.minor)
        .bind(payment.amount.currency.as_str())
        .bind(&payment.method)
        .execute(tx)
        .await
        .map(drop)
        .map_err(store_error)
}

async fn add_shipment(tx: &mut Connection, number: &str, line: i64, shipment: &Shipment) -> Result<(), StoreError> {
    sqlx::query(ADD_SHIPMENT)
        .bind(number)
        .bind(line)
        .bind(&shipment.carrier)
        .bind(json(&shipment.tracking))
        .bind(json(&shipment.variant_ids))
        .bind(shipment.shipped_at.map(Timestamp::as_microsecond))
        .bind(shipment.expected_at.map(Timestamp::as_microsecond))
        .bind(shipment.delivered_at.map(Timestamp::as_microsecond))
        .execute(tx)
        .await
        .map(drop)
        .map_err(store_error)
}

//! Reading orders under a proof.

use async_trait::async_trait;
use sqlx::FromRow;

use super::Backend;
use super::codes::{parse, time_of};
use super::error::{store_error, unreadable};
use crate::commerce::{
    Address, Currency, CustomerProof, Money, Order, OrderItem, OrderNumber, OrderOwner, OrderStatus, Orders, Payment, PaymentKind, Shipment,
};
use crate::support::{StoreError, Timestamp};

statements! {
    OWNER = "SELECT o.customer_id, c.email FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.number = $1";
    ORDER = "SELECT o.customer_id, o.status, o.placed_at, a.line1, a.line2, a.city, a.region, a.postcode, a.country \
        FROM orders o JOIN addresses a ON a.order_number = o.number WHERE o.number = $1 AND o.customer_id = $2";
    ITEMS = "SELECT product_id, variant_id, name, options, quantity, price_minor, currency FROM order_items \
        WHERE order_number = $1 ORDER BY line";
    PAYMENTS = "SELECT kind, amount_minor, currency, method FROM payments WHERE order_number = $1 ORDER BY line";
    SHIPMENTS = "SELECT carrier, tracking, variant_ids, shipped_at, expected_at, delivered_at FROM shipments \
        WHERE order_number = $1 ORDER BY line";
}

#[derive(FromRow)]
struct OwnerRow {
    customer_id: String,
    email: String,
}

#[derive(FromRow)]
struct OrderRow {
    customer_id: String,
    status: String,
    placed_at: Option<i64>,
    line1: String,
    line2: String,
    city: String,
    region: String,
    postcode: String,
    country: String,
}

#[derive(FromRow)]
struct ItemRow {
    product_id: String,
    variant_id: String,
    name: String,
    options: String,
    quantity: i64,
    price_minor: i64,
    currency: String,
}

impl ItemRow {
    fn item(self) -> Result<OrderItem, StoreError> {
        Ok(OrderItem {
            product_id: self.product_id,
            variant_id: self.variant_id,
            name: self.name,
            options: parse("an item's options", &self.options)?,
            quantity: self.quantity,
            price: money(self.price_minor, &self.currency)?,
        })
    }
}

#[derive(FromRow)]
struct PaymentRow {
    kind: String,
    amount_minor: i64,
    currency: String,
    method: String,
}

impl PaymentRow {
    fn payment(self) -> Result<Payment, StoreError> {
        let kind = match self.kind.as_str() {
            "payment" => PaymentKind::Payment,
            "refund" => PaymentKind::Refund,
            other => return Err(unreadable("a payment's kind", other)),
        };
        Ok(Payment { kind, amount: money(self.amount_minor, &self.currency)?, method: self.method })
    }
}

#[derive(FromRow)]
struct ShipmentRow {
    carrier: Option<String>,
    tracking: String,
    variant_ids: String,
    shipped_at: Option<i64>,
    expected_at: Option<i64>,
    delivered_at: Option<i64>,
}

impl ShipmentRow {
    fn shipment(self) -> Result<Shipment, StoreError> {
        Ok(Shipment {
            carrier: self.carrier,
            tracking: parse("a shipment's tracking", &self.tracking)?,
            variant_ids: parse("a shipment's variant_ids", &self.variant_ids)?,
            shipped_at: time(self.shipped_at)?,
            expected_at: time(self.expected_at)?,
            delivered_at: time(self.delivered_at)?,
        })
    }
}

#[async_trait]
impl Orders for Backend {
    async fn owner(&self, number: &OrderNumber) -> Result<Option<OrderOwner>, StoreError> {
        let query = sqlx::query_as::<_, OwnerRow>(OWNER).bind(number.as_str());
        let row = query.fetch_optional(self.readers()).await.map_err(store_error)?;
        Ok(row.map(|row| OrderOwner::new(row.customer_id, row.email)))
    }

    async fn order(&self, proof: &CustomerProof, number: &OrderNumber) -> Result<Option<Order>, StoreError> {
        if !proof.opens(number) {
            return Ok(None);
        }
        let mut tx = self.snapshot().await?;
        let query = sqlx::query_as::<_, OrderRow>(ORDER).bind(number.as_str()).bind(proof.customer_id());
        let Some(order) = query.fetch_optional(&mut *tx).await.map_err(store_error)? else { return Ok(None) };
        let items: Vec<ItemRow> = sqlx::query_as(ITEMS).bind(number.as_str()).fetch_all(&mut *tx).await.map_err(store_error)?;
        let payments: Vec<PaymentRow> = sqlx::query_as(PAYMENTS).bind(number.as_str()).fetch_all(&mut *tx).await.map_err(store_error)?;
        let shipments: Vec<ShipmentRow> = sqlx::query_as(SHIPMENTS).bind(number.as_str()).fetch_all(&mut *tx).await.map_err(store_error)?;
        Ok(Some(Order {
            number: number.clone(),
            customer_id: order.customer_id,
            status: OrderStatus::parse(&order.status).ok_or_else(|| unreadable("an order's status", &order.status))?,
            placed_at: time(order.placed_at)?,
            address: Address {
                line1: order.line1,
                line2: order.line2,
                city: order.city,
                region: order.region,
                postcode: order.postcode,
                country: order.country,
            },
            items: items.into_iter().map(ItemRow::item).collect::<Result<_, _>>()?,
            payments: payments.into_iter().map(PaymentRow::payment).collect::<Result<_, _>>()?,
            shipments: shipments.into_iter().map(ShipmentRow::shipment).collect::<Result<_, _>>()?,
        }))
    }
}

fn money(minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency = Currency::parse(currency).ok_or_else(|| unreadable("an amount's currency", currency))?;
    Ok(Money { minor, currency })
}

fn time(micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    micros.map(time_of).transpose()
}

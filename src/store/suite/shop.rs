//! A shop's data goes in once, and an order comes out under its proof.

use super::{Store, World};
use crate::commerce::import::{ShopData, parse};
use crate::commerce::{CustomerProof, GuestClaim, ImportCounts, Order, OrderNumber, OrderStatus};
use crate::support::StoreError;

const FILE: &str = r##"{ "format": "nightdesk-shop/1", "currency": "EUR",
  "customers": [{"id": "c1", "first_name": "Ada", "last_name": "Byron", "email": "Ada@example.com", "address": {"city": "Utrecht"}},
    {"id": "c2", "first_name": "Bo", "last_name": "Li", "email": "bo@example.com"}],
  "products": [{"id": "p1", "name": "Tent", "variants": [{"id": "v1", "options": {"size": "2", "colour": "moss"}, "price": "129.00", "available": true}]}],
  "orders": [{"number": "#AP10042", "customer_id": "c1", "status": "shipped", "placed_at": "2026-11-18T09:12:00Z", "address": {"city": "Gouda"},
    "items": [{"product_id": "p1", "variant_id": "v1", "name": "Tent", "options": {"size": "2", "colour": "moss"}, "quantity": 2, "price": "129.00"},
      {"product_id": "p1", "variant_id": "v1", "name": "Tent", "quantity": 1, "price": "129.00"}],
    "payments": [{"kind": "payment", "amount": "387.00", "method": "credit_card"}, {"kind": "refund", "amount": "129.00", "method": "credit_card"}],
    "shipments": [{"carrier": "PostNL", "tracking": ["3SABC"], "variant_ids": ["v1"], "shipped_at": "2026-11-19T16:00:00Z"}]}]}"##;

fn number(text: &str) -> OrderNumber {
    OrderNumber::parse(text).unwrap()
}

async fn open<S: Store>(w: &World<S>, order: &str, email: &str) -> Option<Order> {
    let claim = GuestClaim { number: number(order), email: email.to_owned() };
    let owner = w.store.owner(&claim.number).await.unwrap();
    let proof = CustomerProof::of_guest(&claim, owner.as_ref())?;
    w.store.order(&proof, &claim.number).await.unwrap()
}

fn data() -> ShopData {
    parse(FILE).unwrap()
}

pub(crate) async fn an_import_is_idempotent<S: Store>(w: World<S>) {
    assert_eq!(w.store.order_count().await.unwrap(), 0);
    let counts = ImportCounts { customers: 2, products: 1, variants: 1, orders: 1, items: 2, payments: 2, shipments: 1 };
    for _ in 0..2 {
        assert_eq!(w.store.import(&data()).await.unwrap(), counts);
        assert_eq!(w.store.order_count().await.unwrap(), 1);
        assert_eq!(open(&w, "ap10042", "ada@example.com").await.as_ref(), data().orders.first());
    }
}

pub(crate) async fn an_order_opens_under_its_proof_alone<S: Store>(w: World<S>) {
    w.store.import(&data()).await.unwrap();
    assert!(open(&w, "#AP10042", " ADA@Example.com ").await.is_some());
    assert!(open(&w, "#AP10042", "bo@example.com").await.is_none());
    assert!(open(&w, "#AP10042", "").await.is_none());
    assert!(open(&w, "#AP10043", "ada@example.com").await.is_none());

    let claim = GuestClaim { number: number("AP10042"), email: "ada@example.com".to_owned() };
    let proof = CustomerProof::of_guest(&claim, w.store.owner(&claim.number).await.unwrap().as_ref()).unwrap();
    assert_eq!(w.store.order(&proof, &number("AP10043")).await.unwrap(), None, "a proof opens its own order");
    // The order passes to somebody else: the old proof opens nothing.
    let mut data = data();
    data.orders[0].customer_id = "c2".to_owned();
    w.store.import(&data).await.unwrap();
    assert_eq!(w.store.order(&proof, &claim.number).await.unwrap(), None);
}

pub(crate) async fn an_order_of_nobody_is_refused_by_name<S: Store>(w: World<S>) {
    let mut orders_alone = data();
    orders_alone.customers.clear();
    let error = w.store.import(&orders_alone).await.unwrap_err();
    assert!(matches!(&error, StoreError::Internal(why) if why.contains("order #AP10042 is of customer 'c1'")), "{error}");
    assert_eq!(w.store.order_count().await.unwrap(), 0, "nothing of a refused file is kept");
    w.store.import(&data()).await.unwrap();
    w.store.import(&orders_alone).await.unwrap();
}

pub(crate) async fn a_second_import_replaces_what_changed<S: Store>(w: World<S>) {
    w.store.import(&data()).await.unwrap();
    let mut newer = data();
    newer.orders[0].status = OrderStatus::Delivered;
    newer.orders[0].items.truncate(1);
    newer.orders[0].shipments.clear();
    newer.orders[0].address.city = "Delft".to_owned();
    newer.products[0].variants.clear();
    w.store.import(&newer).await.unwrap();
    assert_eq!(open(&w, "AP10042", "ada@example.com").await.as_ref(), newer.orders.first());
}

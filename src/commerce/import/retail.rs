//! The retail format of τ-bench: users, products and orders by id. Fields that it does not need are passed over.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::{self, Pairs, Place, refuse_twice};
use super::{ImportError, ShopData};
use crate::commerce::{Address, Currency, Customer, Order, OrderItem, Payment, PaymentKind, Product, Shipment, Variant};

#[derive(Deserialize)]
struct File {
    users: Pairs<UserJson>,
    #[serde(default)]
    products: Pairs<ProductJson>,
    orders: Pairs<OrderJson>,
}

#[derive(Deserialize)]
struct UserJson {
    name: NameJson,
    email: String,
    address: AddressJson,
    #[serde(default)]
    payment_methods: HashMap<String, MethodJson>,
}

#[derive(Deserialize)]
struct NameJson {
    first_name: String,
    last_name: String,
}

#[derive(Deserialize)]
struct AddressJson {
    address1: String,
    #[serde(default)]
    address2: String,
    city: String,
    country: String,
    state: String,
    zip: String,
}

#[derive(Deserialize)]
struct MethodJson {
    source: String,
}

#[derive(Deserialize)]
struct ProductJson {
    name: String,
    variants: Pairs<VariantJson>,
}

/// `price` is kept as it is written: a float would make 49.67 something else.
#[derive(Deserialize)]
struct VariantJson {
    options: Pairs<String>,
    available: bool,
    price: Box<RawValue>,
}

#[derive(Deserialize)]
struct OrderJson {
    user_id: String,
    address: AddressJson,
    items: Vec<ItemJson>,
    status: String,
    #[serde(default)]
    fulfillments: Vec<FulfillmentJson>,
    #[serde(default)]
    payment_history: Vec<PaymentJson>,
}

#[derive(Deserialize)]
struct ItemJson {
    name: String,
    product_id: String,
    item_id: String,
    price: Box<RawValue>,
    options: Pairs<String>,
}

#[derive(Deserialize)]
struct FulfillmentJson {
    tracking_id: Vec<String>,
    item_ids: Vec<String>,
}

#[derive(Deserialize)]
struct PaymentJson {
    transaction_type: String,
    amount: Box<RawValue>,
    payment_method_id: String,
}

/// What a payment was made with, by the id of the method.
type Methods = HashMap<String, String>;

/// Reads a file of the retail format. Its amounts are US dollars.
pub(super) fn parse(json: &str) -> Result<ShopData, ImportError> {
    let file: File = read::json(json)?;
    let usd = Currency::parse("USD").expect("three letters");
    refuse_twice("user", file.users.0.iter().map(|(id, _)| id.as_str()))?;
    refuse_twice("product", file.products.0.iter().map(|(id, _)| id.as_str()))?;

    let mut methods = Methods::new();
    let mut customers = Vec::with_capacity(file.users.0.len());
    for (id, user) in file.users.0 {
        methods.extend(user.payment_methods.into_iter().map(|(id, method)| (id, method.source)));
        let email = Place::new("user", &id).text("email", user.email)?;
        let NameJson { first_name, last_name } = user.name;
        customers.push(Customer { id, first_name, last_name, email, address: address(user.address) });
    }
    let products = file.products.0.into_iter().map(|(id, json)| product(id, json, usd)).collect::<Result<_, _>>()?;
    let orders: Vec<Order> =
        file.orders.0.into_iter().map(|(number, json)| order(&number, json, &methods, usd)).collect::<Result<_, _>>()?;
    refuse_twice("order", orders.iter().map(|order| order.number.as_str()))?;
    Ok(ShopData { customers, products, orders })
}

fn address(json: AddressJson) -> Address {
    let AddressJson { address1, address2, city, country, state, zip } = json;
    Address { line1: address1, line2: address2, city, region: state, postcode: zip, country }
}

fn product(id: String, json: ProductJson, currency: Currency) -> Result<Product, ImportError> {
    let place = Place::new("product", &id);
    refuse_twice(&format!("product {id}: variant"), json.variants.0.iter().map(|(id, _)| id.as_str()))?;
    let variant = |(index, (id, json)): (usize, (String, VariantJson))| {
        let price = place.part("variant", index).amount("price", json.price.get(), currency)?;
        Ok(Variant { id, options: json.options.0, price, available: json.available })
    };
    let variants = json.variants.0.into_iter().enumerate().map(variant).collect::<Result<_, _>>()?;
    Ok(Product { name: place.text("name", json.name)?, id, variants })
}

fn order(number: &str, json: OrderJson, methods: &Methods, currency: Currency) -> Result<Order, ImportError> {
    let place = Place::new("order", number);
    // The same item bought twice stands in two lines, and stays two.
    let item = |(index, json): (usize, ItemJson)| {
        let price = place.part("item", index).amount("price", json.price.get(), currency)?;
        let ItemJson { name, product_id, item_id, options, .. } = json;
        Ok(OrderItem { product_id, variant_id: item_id, name, options: options.0, quantity: 1, price })
    };
    let payment = |(index, json): (usize, PaymentJson)| {
        let place = place.part("payment", index);
        let kind = match json.transaction_type.as_str() {
            "payment" => PaymentKind::Payment,
            "refund" => PaymentKind::Refund,
            other => return Err(place.error(format!("transaction_type \"{other}\" is neither payment nor refund"))),
        };
        let amount = place.amount("amount", json.amount.get(), currency)?;
        Ok(Payment { kind, amount, method: method(&json.payment_method_id, methods) })
    };
    let shipment = |json: FulfillmentJson| Shipment {
        carrier: None,
        tracking: json.tracking_id,
        variant_ids: json.item_ids,
        shipped_at: None,
        expected_at: None,
        delivered_at: None,
    };
    // 'pending (item modified)' is pending.
    let status = json.status.split(" (").next().unwrap_or_default();
    Ok(Order {
        number: place.number(number)?,
        customer_id: json.user_id,
        status: place.status(status)?,
        placed_at: None,
        address: address(json.address),
        items: json.items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?,
        payments: json.payment_history.into_iter().enumerate().map(payment).collect::<Result<_, _>>()?,
        shipments: json.fulfillments.into_iter().map(shipment).collect(),
    })
}

/// The kind of a method: what its owner's file says, else its id (`gift_card_1725971`) without the number.
fn method(id: &str, methods: &Methods) -> String {
    methods.get(id).map(String::as_str).or_else(|| id.rsplit_once('_').map(|(kind, _)| kind)).unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::commerce::{OrderStatus, PaymentKind};

    const FILE: &str = r##"{
      "users": {"ada_1": {"user_id": "ada_1", "name": {"first_name": "Ada", "last_name": "Byron"}, "email": "Ada@example.com", "orders": ["#W1000001"],
        "address": {"address1": "1 Elm", "address2": "Suite 9", "city": "Denver", "country": "USA", "state": "CO", "zip": "80279"},
        "payment_methods": {"paypal_5": {"source": "paypal", "id": "paypal_5"}}}},
      "products": {"77": {"name": "Mug", "product_id": "77", "variants": {"8": {"item_id": "8", "options": {"size": "L", "colour": "blue"}, "available": false, "price": 49.67},
        "9": {"item_id": "9", "options": {}, "available": true, "price": 158.9}}}},
      "orders": {"#W1000001": {"order_id": "#W1000001", "user_id": "ada_1", "status": "pending (item modified)",
        "address": {"address1": "1 Elm", "city": "Denver", "country": "USA", "state": "CO", "zip": "80279"},
        "items": [{"name": "Mug", "product_id": "77", "item_id": "8", "price": 49.67, "options": {}}, {"name": "Mug", "product_id": "77", "item_id": "8", "price": 50, "options": {}}],
        "fulfillments": [{"tracking_id": ["357962501027"], "item_ids": ["8"]}],
        "payment_history": [{"transaction_type": "payment", "amount": 99.67, "payment_method_id": "paypal_5"},
          {"transaction_type": "refund", "amount": 0.07, "payment_method_id": "gift_card_1725971"}]}}}"##;

    #[test]
    fn a_file_becomes_values_digit_by_digit() {
        let data = parse(FILE).unwrap();
        let prices: Vec<i64> = data.products[0].variants.iter().map(|variant| variant.price.minor).collect();
        assert_eq!(prices, [4967, 15890]);
        let order = &data.orders[0];
        assert_eq!((order.number.as_str(), order.status, order.customer_id.as_str()), ("#W1000001", OrderStatus::Pending, "ada_1"));
        let lines: Vec<(&str, i64, i64)> =
            order.items.iter().map(|item| (item.variant_id.as_str(), item.quantity, item.price.minor)).collect();
        assert_eq!(lines, [("8", 1, 4967), ("8", 1, 5000)]);
        let payments: Vec<(PaymentKind, i64, &str)> = order.payments.iter().map(|p| (p.kind, p.amount.minor, p.method.as_str())).collect();
        assert_eq!(payments, [(PaymentKind::Payment, 9967, "paypal"), (PaymentKind::Refund, 7, "gift_card")]);
        assert_eq!(order.shipments[0].tracking, ["357962501027"]);
        assert_eq!((order.address.line2.as_str(), order.address.region.as_str()), ("", "CO"));
    }

    #[test]
    fn a_fault_is_named_with_its_order() {
        let check = |from: &str, to: &str, expect: &str| {
            assert!(FILE.contains(from), "{from}");
            assert_eq!(parse(&FILE.replacen(from, to, 1)).unwrap_err().to_string(), expect);
        };
        check("\"price\": 50", "\"price\": 50.005", r#"order #W1000001: item 2: price "50.005" is not an amount in USD"#);
        check("\"price\": 50", "\"price\": 5e1", r#"order #W1000001: item 2: price "5e1" is not an amount in USD"#);
        check("\"amount\": 0.07", "\"amount\": null", r#"order #W1000001: payment 2: amount "null" is not an amount in USD"#);
        check(
            "pending (item modified)",
            "return requested",
            r##"order #W1000001: status "return requested" is none of pending, processed, shipped, delivered, cancelled, returned"##,
        );
        check(
            "\"zip\": \"80279\"},\n        \"items\"",
            "\"zip\": 80279},\n        \"items\"",
            "line 8, column 104: invalid type: integer `80279`, expected a string",
        );
    }
}

//! Our own format, `nightdesk-shop/1`. A field that it does not know is an error: a misspelt one would be lost without a word.

use serde::Deserialize;

use super::read::{self, Pairs, Place, refuse_twice};
use super::{ImportError, ShopData};
use crate::commerce::{Address, Currency, Customer, Order, OrderItem, Payment, PaymentKind, Product, Shipment, Variant};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: String,
    currency: String,
    #[serde(default)]
    customers: Vec<CustomerJson>,
    #[serde(default)]
    products: Vec<ProductJson>,
    #[serde(default)]
    orders: Vec<OrderJson>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AddressJson {
    line1: String,
    line2: String,
    city: String,
    region: String,
    postcode: String,
    country: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerJson {
    id: String,
    first_name: String,
    last_name: String,
    email: String,
    #[serde(default)]
    address: AddressJson,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductJson {
    id: String,
    name: String,
    variants: Vec<VariantJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantJson {
    id: String,
    #[serde(default)]
    options: Pairs<String>,
    price: String,
    available: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderJson {
    number: String,
    customer_id: String,
    status: String,
    placed_at: Option<String>,
    #[serde(default)]
    address: AddressJson,
    items: Vec<ItemJson>,
    #[serde(default)]
    payments: Vec<PaymentJson>,
    #[serde(default)]
    shipments: Vec<ShipmentJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemJson {
    product_id: String,
    variant_id: String,
    name: String,
    #[serde(default)]
    options: Pairs<String>,
    quantity: i64,
    price: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentJson {
    kind: String,
    amount: String,
    method: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShipmentJson {
    carrier: Option<String>,
    #[serde(default)]
    tracking: Vec<String>,
    #[serde(default)]
    variant_ids: Vec<String>,
    shipped_at: Option<String>,
    expected_at: Option<String>,
    delivered_at: Option<String>,
}

/// Reads a file of our format.
pub(super) fn parse(json: &str) -> Result<ShopData, ImportError> {
    let file: File = read::json(json)?;
    let problem = || Place::new("currency", &file.currency).error("is not an ISO 4217 code like USD".to_owned());
    let currency = Currency::parse(&file.currency).ok_or_else(problem)?;
    let data = ShopData {
        customers: file.customers.into_iter().map(customer).collect::<Result<_, _>>()?,
        products: file.products.into_iter().map(|json| product(json, currency)).collect::<Result<_, _>>()?,
        orders: file.orders.into_iter().map(|json| order(json, currency)).collect::<Result<_, _>>()?,
    };
    refuse_twice("customer", data.customers.iter().map(|customer| customer.id.as_str()))?;
    refuse_twice("product", data.products.iter().map(|product| product.id.as_str()))?;
    refuse_twice("order", data.orders.iter().map(|order| order.number.as_str()))?;
    Ok(data)
}

fn address(json: AddressJson) -> Address {
    let AddressJson { line1, line2, city, region, postcode, country } = json;
    Address { line1, line2, city, region, postcode, country }
}

fn customer(json: CustomerJson) -> Result<Customer, ImportError> {
    let place = Place::new("customer", &json.id);
    Ok(Customer {
        id: place.text("id", json.id)?,
        first_name: json.first_name,
        last_name: json.last_name,
        email: place.text("email", json.email)?,
        address: address(json.address),
    })
}

fn product(json: ProductJson, currency: Currency) -> Result<Product, ImportError> {
    let place = Place::new("product", &json.id);
    let variant = |(index, json): (usize, VariantJson)| {
        let place = place.part("variant", index);
        let price = place.amount("price", &json.price, currency)?;
        Ok(Variant { id: place.text("id", json.id)?, options: json.options.0, price, available: json.available })
    };
    let variants: Vec<Variant> = json.variants.into_iter().enumerate().map(variant).collect::<Result<_, _>>()?;
    refuse_twice(&format!("product {}: variant", json.id), variants.iter().map(|variant| variant.id.as_str()))?;
    Ok(Product { id: place.text("id", json.id)?, name: place.text("name", json.name)?, variants })
}

fn order(json: OrderJson, currency: Currency) -> Result<Order, ImportError> {
    let place = Place::new("order", &json.number);
    let item = |(index, json): (usize, ItemJson)| {
        let place = place.part("item", index);
        if json.quantity < 1 {
            return Err(place.error(format!("quantity {} is less than 1", json.quantity)));
        }
        let price = place.amount("price", &json.price, currency)?;
        let (name, options) = (place.text("name", json.name)?, json.options.0);
        Ok(OrderItem { product_id: json.product_id, variant_id: json.variant_id, name, options, quantity: json.quantity, price })
    };
    let payment = |(index, json): (usize, PaymentJson)| {
        let place = place.part("payment", index);
        let kind = match json.kind.as_str() {
            "payment" => PaymentKind::Payment,
            "refund" => PaymentKind::Refund,
            other => return Err(place.error(format!("kind \"{other}\" is neither payment nor refund"))),
        };
        Ok(Payment { kind, amount: place.amount("amount", &json.amount, currency)?, method: json.method })
    };
    let shipment = |(index, json): (usize, ShipmentJson)| {
        let place = place.part("shipment", index);
        Ok(Shipment {
            carrier: json.carrier,
            tracking: json.tracking,
            variant_ids: json.variant_ids,
            shipped_at: place.time("shipped_at", json.shipped_at)?,
            expected_at: place.time("expected_at", json.expected_at)?,
            delivered_at: place.time("delivered_at", json.delivered_at)?,
        })
    };
    Ok(Order {
        number: place.number(&json.number)?,
        customer_id: place.text("customer_id", json.customer_id)?,
        status: place.status(&json.status)?,
        placed_at: place.time("placed_at", json.placed_at)?,
        address: address(json.address),
        items: json.items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?,
        payments: json.payments.into_iter().enumerate().map(payment).collect::<Result<_, _>>()?,
        shipments: json.shipments.into_iter().enumerate().map(shipment).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const FILE: &str = r##"{ "format": "nightdesk-shop/1", "currency": "EUR",
      "customers": [{"id": "c1", "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com", "address": {"city": "Utrecht"}}],
      "products": [{"id": "p1", "name": "Tent", "variants": [{"id": "v1", "options": {"size": "2", "colour": "moss"}, "price": "129.00", "available": true}]}],
      "orders": [{"number": "ap10042", "customer_id": "c1", "status": "shipped", "placed_at": "2026-11-18T09:12:00Z",
        "items": [{"product_id": "p1", "variant_id": "v1", "name": "Tent", "options": {"size": "2", "colour": "moss"}, "quantity": 2, "price": "129.00"}],
        "payments": [{"kind": "payment", "amount": "258.00", "method": "credit_card"}],
        "shipments": [{"carrier": null, "tracking": ["3SABC"], "variant_ids": ["v1"], "shipped_at": "2026-11-19T16:00:00+01:00", "expected_at": null}]}]}"##;

    #[test]
    fn a_file_becomes_values_with_options_in_their_order() {
        let data = parse(FILE).unwrap();
        let variant = &data.products[0].variants[0];
        assert_eq!(variant.options, [("size".to_owned(), "2".to_owned()), ("colour".to_owned(), "moss".to_owned())]);
        assert_eq!(variant.price.to_string(), "\u{20ac}129.00");
        let order = &data.orders[0];
        assert_eq!((order.number.as_str(), order.items[0].quantity), ("#AP10042", 2));
        assert_eq!(order.placed_at.unwrap().to_string(), "2026-11-18T09:12:00Z");
        assert_eq!(order.shipments[0].shipped_at.unwrap().to_string(), "2026-11-19T15:00:00Z");
        assert_eq!(data.customers[0].address.city, "Utrecht");
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let check = |from: &str, to: &str, expect: &str| {
            assert!(FILE.contains(from), "{from}");
            assert_eq!(parse(&FILE.replacen(from, to, 1)).unwrap_err().to_string(), expect);
        };
        check(
            r#""quantity": 2, "price": "129.00""#,
            r#""quantity": 2, "price": "x""#,
            r#"order ap10042: item 1: price "x" is not an amount in EUR"#,
        );
        check(
            r#""price": "129.00", "available""#,
            r#""price": "-1", "available""#,
            r#"product p1: variant 1: price "-1" is not an amount in EUR"#,
        );
        check("\"quantity\": 2", "\"quantity\": 0", "order ap10042: item 1: quantity 0 is less than 1");
        check(
            "shipped\",",
            "lost\",",
            r#"order ap10042: status "lost" is none of pending, processed, shipped, delivered, cancelled, returned"#,
        );
        check("\"kind\": \"payment\"", "\"kind\": \"gift\"", r#"order ap10042: payment 1: kind "gift" is neither payment nor refund"#);
        check("2026-11-18T09:12:00Z", "yesterday", r#"order ap10042: placed_at "yesterday" is not a time like 2026-11-18T09:12:00Z"#);
        check("ap10042", "?", "order ?: an order number is 2 to 40 letters, digits, '-' or '_' after an optional '#'");
        check("ada@example.com", " ", "customer c1: email is empty");
        check("EUR", "euro", "currency euro: is not an ISO 4217 code like USD");
        check(
            "\"city\"",
            "\"town\"",
            "line 2, column 122: unknown field `town`, expected one of `line1`, `line2`, `city`, `region`, `postcode`, `country`",
        );
        check("\"customers\": [{", "\"customers\": [{,", "line 2, column 22: key must be a string");
        check(
            "nightdesk-shop/1",
            "nightdesk-shop/9",
            "the file is of format 'nightdesk-shop/9', which this version does not read: write \"format\": \"nightdesk-shop/1\"",
        );
    }

    #[test]
    fn an_id_that_stands_twice_is_refused() {
        let customer = r#"{"id": "c1", "first_name": "A", "last_name": "B", "email": "a@b.c"}"#;
        let file = format!(r#"{{"format": "nightdesk-shop/1", "currency": "USD", "customers": [{customer}, {customer}]}}"#);
        assert_eq!(parse(&file).unwrap_err().to_string(), "customer c1: stands twice in the file");
    }

    #[test]
    fn what_is_no_shop_file_is_refused() {
        for file in ["{}", r#"{"orders": {}}"#, r#"{"users": null, "orders": {}}"#] {
            assert_eq!(parse(file).unwrap_err(), ImportError::UnknownFormat, "{file}");
        }
        for file in ["", "[]", "null", "\u{0}", r#"{"format": 1}"#] {
            assert!(matches!(parse(file).unwrap_err(), ImportError::Shape { .. }), "{file}");
        }
    }
}

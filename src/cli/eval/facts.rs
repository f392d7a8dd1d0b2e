//! The values of an order as they may be written: what a reply about it may hold.

use crate::commerce::{Money, Order, status};
use crate::evaluation::values::Values;
use crate::support::Timestamp;

/// Dates with everything that may be said of a day, in both languages.
const DATES: [&str; 3] = ["%A %-d %B %Y", "%a %-d %b", "%Y年%-m月%-d日"];

/// What stands in the rows of an order, and what they add up to. No address: nobody is told one.
pub fn of(order: &Order) -> Values {
    let mut texts = vec![order.number.as_str().to_owned()];
    texts.extend(order.placed_at.iter().flat_map(dates));
    for item in &order.items {
        texts.extend([item.name.clone(), item.quantity.to_string(), item.price.to_string()]);
        texts.extend(item.options.iter().map(|(name, value)| format!("{name} {value}")));
        let line = item.price.minor.checked_mul(item.quantity).map(|minor| Money { minor, currency: item.price.currency });
        texts.extend(line.map(|line| line.to_string()));
    }
    texts.extend(counts(order));
    texts.extend(order.payments.iter().flat_map(|payment| [payment.amount.to_string(), payment.method.replace('_', " ")]));
    texts.extend([status::total(order), status::paid(order), status::refunded(order)].iter().flatten().map(ToString::to_string));
    for shipment in &order.shipments {
        texts.extend(shipment.tracking.iter().chain(&shipment.carrier).cloned());
        texts.extend([shipment.shipped_at, shipment.expected_at, shipment.delivered_at].iter().flatten().flat_map(dates));
    }
    Values::of(texts.iter().map(String::as_str))
}

/// How many there may be of something: `and 3 more`.
fn counts(order: &Order) -> Vec<String> {
    let pieces: i64 = order.items.iter().map(|item| item.quantity.max(0)).sum();
    (1..=pieces.clamp(0, 1_000)).map(|count| count.to_string()).collect()
}

fn dates(at: &Timestamp) -> Vec<String> {
    DATES.iter().map(|format| at.strftime(format).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::import;

    #[test]
    fn the_rows_of_the_demo_shop_hold_what_they_say_and_nothing_else() {
        let shop = import::parse(include_str!("../../app/demo/shop.json")).unwrap();
        let order = shop.orders.iter().find(|order| order.number.as_str() == "#AP10042").unwrap();
        let values = of(order);
        for (text, expected) in [
            ("AP10042", true),
            ("$49.00", true),
            ("$178.00", true),
            ("3SABCD1234567", true),
            ("27 November 2026", true),
            ("2026年11月27日", true),
            ("$50.00", false),
            ("#AP10043", false),
            ("28 November 2026", false),
        ] {
            assert_eq!(values.hold(text), expected, "{text}");
        }
        assert!(!values.hold(&order.address.line1), "an address is no value of a reply");
    }
}

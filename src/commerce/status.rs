//! What an order's rows add up to.

use super::{Money, Order, PaymentKind, Shipment};

/// The price of all lines; `None` for an order without lines, in two currencies, or beyond what fits.
pub fn total(order: &Order) -> Option<Money> {
    sum(order.items.iter().map(|item| Some(Money { minor: item.price.minor.checked_mul(item.quantity)?, currency: item.price.currency })))
}

/// What was paid in all; `None` when nothing was.
pub fn paid(order: &Order) -> Option<Money> {
    sum(order.payments.iter().filter(|payment| payment.kind == PaymentKind::Payment).map(|payment| Some(payment.amount)))
}

/// What was given back in all; `None` when nothing was.
pub fn refunded(order: &Order) -> Option<Money> {
    sum(order.payments.iter().filter(|payment| payment.kind == PaymentKind::Refund).map(|payment| Some(payment.amount)))
}

/// The parcel that left last; of those without a date, the last in the file.
pub fn latest_shipment(order: &Order) -> Option<&Shipment> {
    order.shipments.iter().max_by_key(|shipment| shipment.shipped_at)
}

fn sum(mut amounts: impl Iterator<Item = Option<Money>>) -> Option<Money> {
    let first = amounts.next()??;
    amounts.try_fold(first, |sum, amount| {
        let amount = amount.filter(|amount| amount.currency == sum.currency)?;
        Some(Money { minor: sum.minor.checked_add(amount.minor)?, currency: sum.currency })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::{Address, Currency, OrderItem, OrderNumber, OrderStatus, Payment};
    use crate::support::Timestamp;

    fn money(minor: i64, currency: &str) -> Money {
        Money { minor, currency: Currency::parse(currency).unwrap() }
    }

    fn order(lines: &[(i64, Money)]) -> Order {
        let item = |&(quantity, price)| OrderItem {
            product_id: "p".to_owned(),
            variant_id: "v".to_owned(),
            name: "Mug".to_owned(),
            options: Vec::new(),
            quantity,
            price,
        };
        Order {
            number: OrderNumber::parse("W1").unwrap(),
            customer_id: "c".to_owned(),
            status: OrderStatus::Pending,
            placed_at: None,
            address: Address::default(),
            items: lines.iter().map(item).collect(),
            payments: Vec::new(),
            shipments: Vec::new(),
        }
    }

    #[test]
    fn the_total_counts_quantities_and_refuses_what_does_not_add_up() {
        let check = |lines: &[(i64, Money)], expect: Option<Money>| assert_eq!(total(&order(lines)), expect, "{lines:?}");
        check(&[(2, money(4999, "USD")), (1, money(1, "USD"))], Some(money(9999, "USD")));
        check(&[], None);
        check(&[(1, money(1, "USD")), (1, money(1, "EUR"))], None);
        check(&[(2, money(i64::MAX, "USD"))], None);
        check(&[(1, money(i64::MAX, "USD")), (1, money(1, "USD"))], None);
    }

    #[test]
    fn payments_and_refunds_are_told_apart() {
        let mut order = order(&[]);
        assert_eq!((paid(&order), refunded(&order)), (None, None));
        let payment = |kind, minor| Payment { kind, amount: money(minor, "USD"), method: "paypal".to_owned() };
        order.payments = vec![payment(PaymentKind::Payment, 500), payment(PaymentKind::Refund, 200), payment(PaymentKind::Refund, 50)];
        assert_eq!((paid(&order), refunded(&order)), (Some(money(500, "USD")), Some(money(250, "USD"))));
    }

    #[test]
    fn the_latest_shipment_is_the_one_that_left_last() {
        let mut order = order(&[]);
        assert_eq!(latest_shipment(&order), None);
        let shipment = |tracking: &str, shipped: Option<i64>| Shipment {
            carrier: None,
            tracking: vec![tracking.to_owned()],
            variant_ids: Vec::new(),
            shipped_at: shipped.map(|second| Timestamp::from_second(second).unwrap()),
            expected_at: None,
            delivered_at: None,
        };
        order.shipments = vec![shipment("a", Some(20)), shipment("b", Some(10)), shipment("c", None)];
        assert_eq!(latest_shipment(&order).unwrap().tracking, ["a"]);
        order.shipments = vec![shipment("a", None), shipment("b", None)];
        assert_eq!(latest_shipment(&order).unwrap().tracking, ["b"]);
    }
}

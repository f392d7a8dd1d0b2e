//! What an order says, in sentences: every fact is a value of the row. Pure.

use super::compose::Spoken;
use crate::commerce::{Money, Order, OrderStatus, PaymentKind};
use crate::conversation::Origin;
use crate::prompt::Phrases;
use crate::support::Timestamp;

/// How many items are named before the rest is counted.
const NAMED_ITEMS: usize = 5;

/// The reply to 'where is my order?'. No address, no payment method: a guest has shown an order number and an e-mail, nothing more.
pub fn describe(order: &Order, phrases: &Phrases) -> Spoken {
    let number = order.number.as_str();
    let space = if phrases.locale() == "zh" { "" } else { " " };
    let mut spoken = Spoken::default();
    let mut say = |text: String, table: &str, key: &str, column: &str| {
        spoken.push(space, &text, Origin::Row { table: table.to_owned(), key: key.to_owned(), column: column.to_owned() });
    };
    let status = phrases.text(&format!("order.status.{}", order.status.as_str()), &[("number", number.to_owned())]);
    say(status, "orders", number, "number,status");
    let under_way = matches!(order.status, OrderStatus::Processed | OrderStatus::Shipped);
    for (line, shipment) in (1..).zip(&order.shipments) {
        let key = format!("{number}/{line}");
        if under_way && !shipment.tracking.is_empty() {
            let tracking = shipment.tracking.join(", ");
            let carrier = shipment.carrier.clone().unwrap_or_default();
            say(phrases.text("order.tracking", &[("tracking", tracking), ("carrier", carrier)]), "shipments", &key, "tracking,carrier");
        }
        if let (true, Some(expected)) = (under_way, shipment.expected_at) {
            say(phrases.text("order.expected", &[("date", date(expected, phrases.locale()))]), "shipments", &key, "expected_at");
        }
        if let (OrderStatus::Delivered, Some(delivered)) = (order.status, shipment.delivered_at) {
            say(phrases.text("order.delivered_on", &[("date", date(delivered, phrases.locale()))]), "shipments", &key, "delivered_at");
        }
    }
    if !order.items.is_empty() {
        say(phrases.text("order.items", &[("items", items(order, phrases.locale()))]), "order_items", number, "name,quantity");
    }
    for (kind, key) in [(PaymentKind::Payment, "order.total"), (PaymentKind::Refund, "order.refunded")] {
        if let Some(sum) = sum(order, kind) {
            say(phrases.text(key, &[("amount", sum.to_string())]), "payments", number, "amount_minor,currency");
        }
    }
    spoken
}

fn items(order: &Order, locale: &str) -> String {
    let name = |item: &crate::commerce::OrderItem| match item.quantity {
        1 => item.name.clone(),
        many => format!("{many} \u{d7} {}", item.name),
    };
    let mut names: Vec<String> = order.items.iter().take(NAMED_ITEMS).map(name).collect();
    let rest = order.items.len().saturating_sub(NAMED_ITEMS);
    if rest > 0 {
        names.push(if locale == "zh" { format!("另外{rest}件") } else { format!("{rest} more") });
    }
    if locale == "zh" {
        return names.join("、");
    }
    match names.split_last() {
        Some((last, head)) if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => names.join(""),
    }
}

/// All payments or refunds together; none when there are none or when currencies differ.
fn sum(order: &Order, kind: PaymentKind) -> Option<Money> {
    let mut amounts = order.payments.iter().filter(|payment| payment.kind == kind).map(|payment| payment.amount);
    let first = amounts.next()?;
    amounts.try_fold(first, |sum, next| {
        let minor = sum.minor.checked_add(next.minor)?;
        (sum.currency == next.currency).then_some(Money { minor, currency: sum.currency })
    })
}

fn date(at: Timestamp, locale: &str) -> String {
    let format = if locale == "zh" { "%Y年%-m月%-d日" } else { "%-d %B %Y" };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::{Address, Currency, OrderItem, OrderNumber, Payment, Shipment};

    fn order(status: OrderStatus) -> Order {
        let usd = Currency::parse("USD").unwrap();
        let money = |minor| Money { minor, currency: usd };
        let item = |name: &str, quantity| OrderItem {
            product_id: "p".into(),
            variant_id: "v".into(),
            name: name.into(),
            options: vec![],
            quantity,
            price: money(100),
        };
        let payment = |kind, minor| Payment { kind, amount: money(minor), method: "credit_card".into() };
        let at = |text: &str| Some(text.parse().unwrap());
        Order {
            number: OrderNumber::parse("ap1").unwrap_or_else(|| OrderNumber::parse("ap10").unwrap()),
            customer_id: "c".into(),
            status,
            placed_at: None,
            address: Address { line1: "Secret Street 1".into(), ..Address::default() },
            items: vec![item("Tent", 1), item("Mug", 3)],
            payments: vec![payment(PaymentKind::Payment, 10_005), payment(PaymentKind::Refund, 500)],
            shipments: vec![Shipment {
                carrier: Some("PostNL".into()),
                tracking: vec!["3S1".into()],
                variant_ids: vec![],
                shipped_at: None,
                expected_at: at("2026-11-27T00:00:00Z"),
                delivered_at: at("2026-11-26T10:00:00Z"),
            }],
        }
    }

    #[test]
    fn every_status_says_what_its_row_says() {
        let prompts = crate::prompt::Prompts::load(None, "s").unwrap();
        let english = |status| describe(&order(status), prompts.phrases("en")).into_parts().0;
        assert_eq!(
            english(OrderStatus::Shipped),
            "Order #AP1 is on its way. The tracking number is 3S1 (PostNL). It is expected on 27 November 2026. It contains Tent and 3 \u{d7} Mug. \
             The total is $100.05. $5.00 was refunded."
        );
        assert!(english(OrderStatus::Delivered).contains("26 November 2026"), "{}", english(OrderStatus::Delivered));
        assert!(!english(OrderStatus::Delivered).contains("3S1"));
        let (chinese, statements) = describe(&order(OrderStatus::Shipped), prompts.phrases("zh")).into_parts();
        assert_eq!(statements.last().map(|last| last.end), Some(chinese.chars().count()));
        assert!(chinese.contains("2026年11月27日") && chinese.contains("Tent、3 \u{d7} Mug"), "{chinese}");
        for status in OrderStatus::ALL {
            assert!(english(status).contains("#AP1") && !english(status).contains("Secret"), "{}", english(status));
        }
    }
}

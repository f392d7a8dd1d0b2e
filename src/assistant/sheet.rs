//! All that may be said of an order, as a plain list of facts: what the last gate holds replies about orders against. Pure.
//!
//! It is written from the rows and knows none of the shop's phrases, so that a fault of either shows.

use std::collections::BTreeSet;

use crate::commerce::status::{paid, refunded, total};
use crate::commerce::{Money, Order, OrderStatus};
use crate::support::Timestamp;

/// The facts of an order, a sentence each. Where it goes and how it was paid are none.
pub fn facts_of(order: &Order) -> String {
    let mut facts: BTreeSet<String> = BTreeSet::new();
    let mut add = |fact: String| facts.insert(fact);
    add(format!("order {}", order.number.as_str()));
    states(order).iter().for_each(|state| {
        add((*state).to_owned());
    });
    let dates = order.shipments.iter().flat_map(|parcel| [parcel.shipped_at, parcel.expected_at, parcel.delivered_at]);
    for date in dates.chain([order.placed_at]).flatten() {
        days(date).into_iter().for_each(|day| {
            add(day);
        });
    }
    for parcel in &order.shipments {
        parcel.tracking.iter().chain(&parcel.carrier).for_each(|name| {
            add(name.clone());
        });
    }
    let lines = order.items.iter().filter_map(|item| Some(Money { minor: item.price.minor.checked_mul(item.quantity)?, ..item.price }));
    let amounts = order.items.iter().map(|item| item.price).chain(lines).chain(order.payments.iter().map(|payment| payment.amount));
    for amount in amounts.chain([paid(order), refunded(order), total(order)].into_iter().flatten()) {
        add(amount.to_string());
    }
    for item in &order.items {
        add(format!("{} {}", item.quantity, item.name));
        add(item.quantity.to_string());
        item.options.iter().for_each(|(name, value)| {
            add(format!("{name} {value}"));
        });
    }
    // 'and 3 more'.
    (0..=order.items.len()).for_each(|count| {
        add(count.to_string());
    });
    facts.into_iter().collect::<Vec<_>>().join(".\n")
}

/// The states that are reached, in the words that people have for them.
fn states(order: &Order) -> Vec<&'static str> {
    let mut states = match order.status {
        OrderStatus::Pending => vec!["pending", "待处理"],
        OrderStatus::Processed => vec!["processed", "packed", "已处理", "备货"],
        OrderStatus::Shipped => vec!["shipped", "已发货"],
        OrderStatus::Delivered => vec!["delivered", "shipped", "送达", "已发货"],
        OrderStatus::Cancelled => vec!["cancelled", "取消"],
        OrderStatus::Returned => vec!["returned", "arrived", "退回", "送达"],
    };
    let any = |of: fn(&crate::commerce::Shipment) -> Option<Timestamp>| order.shipments.iter().any(|parcel| of(parcel).is_some());
    if any(|parcel| parcel.shipped_at) {
        states.extend(["shipped", "已发货"]);
    }
    if any(|parcel| parcel.delivered_at) {
        states.extend(["delivered", "送达"]);
    }
    if refunded(order).is_some() {
        states.extend(["refunded", "退款"]);
    }
    states
}

/// A day as it is written in either language.
fn days(at: Timestamp) -> [String; 2] {
    [at.strftime("%-d %B %Y").to_string(), at.strftime("%Y年%-m月%-d日").to_string()]
}

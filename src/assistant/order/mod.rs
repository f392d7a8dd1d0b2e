//! What is said about an order: the question decides which facts are told, and every fact is a value of a row. Pure.

mod asked;
mod facts;
mod mentions;
mod telling;

#[cfg(test)]
mod order_tests;

use crate::commerce::Order;
use crate::prompt::{Aspect, Group, Patterns, Phrases};

use super::compose::Spoken;
use telling::Teller;

/// The reply to a question about an order. No address, no payment method: a guest has shown an order number and an e-mail, nothing more.
pub fn reply(order: &Order, question: &str, patterns: &Patterns, phrases: &Phrases) -> Spoken {
    let asks = asked::asks(question, &order.items, patterns);
    let teller = Teller { order, phrases };
    let space = if phrases.locale() == "zh" { "" } else { " " };
    let mut spoken = Spoken::default();
    for fact in facts::facts(order, &asks) {
        let (text, origin) = teller.tell(fact);
        spoken.push(space, &text, origin);
    }
    spoken
}

/// Whether words ask something that an order can answer.
pub fn asks_of_order(question: &str, patterns: &Patterns) -> bool {
    Aspect::ALL.into_iter().any(|aspect| patterns.matches(Group::Asks(aspect), question))
}

//! What a shopper's words ask of an order: clause by clause, and of which of its items. Pure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::details::OrderDetails;
use super::mentions::{is_list, mentioned};
use crate::commerce::OrderItem;
use crate::prompt::{Aspect, Group, Patterns};

/// What one clause asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) aspects: BTreeSet<Aspect>,
    /// Of these items; of the whole order where there are none.
    pub(super) items: Vec<usize>,
}

/// Where one sentence ends.
static SENTENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[.!?;:]+(?:\s|$)|[\n。！？；]").expect("a constant pattern"));
/// A joining word behind which a question of its own begins.
static JOINED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\s(?:and|but|plus|also|then|&)\s+(?P<question>(?:(?:also|then|please|pls)\s+)*(?:when|how|what|whats|what.s|where|wheres|which|who|has|have|did|is|are|was|were|will|can|does|do)\b)",
    )
    .expect("a constant pattern")
});
/// The whole order is meant, whatever items were named before.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:orders?|purchase|bill|everything|whole|entire|all of (?:it|them))\b|订单|整单|全部|所有")
        .expect("a constant pattern")
});
/// A word that stands for the items named just before.
static POINTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:it|they|them|that|this|these|those|one|both)\b|它|这个|那个").expect("a constant pattern"));
/// What the shopper paid is asked beside what came back.
static PAID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:i|we)(?: have|.?ve| had)? (?:\w+ )?(?:pay|paid|payed|spend|spent)\b|\b(?:cost|costs|price)\b|付了|花了|价格|单价|总价",
    )
    .expect("a constant pattern")
});

struct Clause {
    text: String,
    aspects: BTreeSet<Aspect>,
    items: Vec<usize>,
}

/// What is asked, in order. Nothing where no clause asks anything that an order can answer.
pub(super) fn asks(question: &str, items: &[OrderItem], patterns: &Patterns) -> Vec<Ask> {
    let question = OrderDetails::without(question);
    let mut clauses = clauses(&question, items, patterns);
    if clauses.iter().all(|clause| clause.aspects.is_empty()) {
        clauses = vec![clause(question.split_whitespace().collect::<Vec<_>>().join(" "), items, patterns)];
    }
    let aside: Vec<usize> = clauses.iter().filter(|clause| clause.aspects.is_empty()).flat_map(|clause| clause.items.clone()).collect();
    let mut asks = Vec::new();
    let mut before: Vec<usize> = Vec::new();
    for Clause { text, aspects, items } in clauses {
        let own = !items.is_empty();
        let points = || POINTS.is_match(&text) && !before.is_empty();
        let meant = match () {
            () if own => items,
            () if WHOLE.is_match(&text) => Vec::new(),
            () if points() => before.clone(),
            () => aside.clone(),
        };
        if own {
            before.clone_from(&meant);
        }
        if !aspects.is_empty() {
            asks.push(Ask { aspects: settled(aspects, &text, own), items: meant });
        }
    }
    asks
}

/// The clauses of all sentences. A list of items behind a comma belongs to what stands before it.
fn clauses(question: &str, items: &[OrderItem], patterns: &Patterns) -> Vec<Clause> {
    let mut all = Vec::new();
    for sentence in SENTENCE.split(question) {
        let parted = JOINED.replace_all(sentence, "\n$question");
        let mut texts: Vec<String> = Vec::new();
        for piece in parted.split(['\n', ',', '，']).filter(|piece| !piece.trim().is_empty()) {
            match texts.last_mut() {
                Some(last) if is_list(piece, items) => {
                    last.push(',');
                    last.push_str(piece);
                }
                _ => texts.push(piece.trim().to_owned()),
            }
        }
        all.extend(texts.into_iter().map(|text| clause(text, items, patterns)));
    }
    all
}

fn clause(text: String, items: &[OrderItem], patterns: &Patterns) -> Clause {
    let aspects = Aspect::ALL.into_iter().filter(|aspect| patterns.matches(Group::Asks(*aspect), &text)).collect();
    let items = mentioned(&text, items);
    Clause { text, aspects, items }
}

/// The aspects that count where the words of one are found in the words of another: 'how much is the refund' asks for no price.
fn settled(mut aspects: BTreeSet<Aspect>, text: &str, own_items: bool) -> BTreeSet<Aspect> {
    if aspects.contains(&Aspect::Refund) {
        if aspects.contains(&Aspect::Whereabouts) {
            aspects.insert(Aspect::State);
        }
        aspects.retain(|aspect| !matches!(aspect, Aspect::Expected | Aspect::Delivered | Aspect::Items));
        if !PAID.is_match(text) {
            aspects.retain(|aspect| !matches!(aspect, Aspect::Price | Aspect::Total));
        }
    }
    if aspects.contains(&Aspect::State) {
        aspects.retain(|aspect| !matches!(aspect, Aspect::Whereabouts | Aspect::Expected | Aspect::Delivered | Aspect::Shipped));
    }
    if aspects.contains(&Aspect::SentDate) {
        aspects.remove(&Aspect::Shipped);
    }
    if aspects.contains(&Aspect::Expected) {
        aspects.remove(&Aspect::Quantity);
    }
    // Two amounts: the one of the items that the clause names, or the one of the order; both only where it names both.
    if aspects.contains(&Aspect::Total) {
        if !own_items {
            aspects.remove(&Aspect::Price);
        } else if !WHOLE.is_match(text) {
            aspects.remove(&Aspect::Total);
            aspects.insert(Aspect::Price);
        }
    }
    aspects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::{Currency, Money};

    #[test]
    fn each_clause_asks_of_its_own_items() {
        let patterns = Patterns::parse("patterns.yaml", include_str!("../../../prompts/patterns.yaml")).unwrap();
        let item = |name: &str| OrderItem {
            product_id: "p".into(),
            variant_id: "v".into(),
            name: name.into(),
            options: vec![],
            quantity: 1,
            price: Money { minor: 1, currency: Currency::parse("USD").unwrap() },
        };
        let items = ["Three-person Tent", "Tarp 3 x 3 m", "Enamel Mug"].map(item);
        let check = |question: &str, expect: &[(&[Aspect], &[usize])]| {
            let found = asks(question, &items, &patterns);
            let expect: Vec<Ask> =
                expect.iter().map(|(aspects, items)| Ask { aspects: aspects.iter().copied().collect(), items: items.to_vec() }).collect();
            assert_eq!(found, expect, "{question}");
        };
        check("how much was the tent and when will the tarp arrive?", &[(&[Aspect::Price], &[0]), (&[Aspect::Expected], &[1])]);
        check("how much were the tent, the tarp and the mugs", &[(&[Aspect::Price], &[0, 1, 2])]);
        check("tent + tarp, which day do they come to me", &[(&[Aspect::Expected], &[0, 1])]);
        check("which tracking no is for the tarp? the tent is in another one i think", &[(&[Aspect::Tracking], &[1])]);
        check("Has the tent shipped? When will it arrive?", &[(&[Aspect::Shipped], &[0]), (&[Aspect::Expected], &[0])]);
        check("I bought a tent in may. How much was my order?", &[(&[Aspect::Total], &[])]);
        check("how much did I get back for the mug", &[(&[Aspect::Refund], &[2])]);
        check("what did I pay for the mug and how much was refunded", &[(&[Aspect::Price], &[2]), (&[Aspect::Refund], &[])]);
        check("total for the two mugs", &[(&[Aspect::Price], &[2])]);
        check("how much was the mug, and the order altogether?", &[(&[Aspect::Price], &[2]), (&[Aspect::Total], &[])]);
        check("where is my refund", &[(&[Aspect::State, Aspect::Refund], &[])]);
        check("how many days until the tarp arrives", &[(&[Aspect::Expected], &[1])]);
        check("#AP10042\nmia.berg@example.com", &[]);
        check("hello", &[]);
    }
}

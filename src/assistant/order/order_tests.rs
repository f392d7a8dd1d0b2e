//! What is said to questions about orders, and what is not.

use std::sync::LazyLock;

use super::*;
use crate::commerce::{Currency, Money, Order, OrderItem, OrderNumber, OrderStatus, Payment, PaymentKind, Shipment, import};
use crate::conversation::Origin;
use crate::prompt::Prompts;
use crate::support::Timestamp;

static PROMPTS: LazyLock<Prompts> = LazyLock::new(|| Prompts::load(None, "Alder & Pine").unwrap());

/// The demo shop's order of that number.
fn demo(number: &str) -> Order {
    let shop = import::parse(include_str!("../../app/demo/shop.json")).unwrap();
    let number = OrderNumber::parse(number).unwrap();
    shop.orders.into_iter().find(|order| order.number == number).unwrap()
}

fn usd(text: &str) -> Money {
    Money::parse_decimal(text, Currency::parse("USD").unwrap()).unwrap()
}

fn day(text: &str) -> Option<Timestamp> {
    Some(format!("{text}T12:00:00Z").parse().unwrap())
}

/// An order in three parcels: the first has arrived, the second is under way, the third waits, and the blanket is in none.
fn trek() -> Order {
    let item = |variant: &str, name: &str, color: &str, quantity: i64, price: &str| OrderItem {
        product_id: "p".into(),
        variant_id: variant.into(),
        name: name.into(),
        options: vec![("color".into(), color.into())],
        quantity,
        price: usd(price),
    };
    let parcel = |carrier: Option<&str>, tracking: &[&str], variants: &[&str], dates: [Option<Timestamp>; 3]| Shipment {
        carrier: carrier.map(Into::into),
        tracking: tracking.iter().map(|number| (*number).to_owned()).collect(),
        variant_ids: variants.iter().map(|variant| (*variant).to_owned()).collect(),
        shipped_at: dates[0],
        expected_at: dates[1],
        delivered_at: dates[2],
    };
    let payment = |kind, amount: &str, method: &str| Payment { kind, amount: usd(amount), method: method.into() };
    let mut order = demo("AP10040");
    order.number = OrderNumber::parse("W77").unwrap();
    order.status = OrderStatus::Shipped;
    order.placed_at = day("2026-11-10");
    order.items = vec![
        item("v1", "Three-person Tent", "moss", 1, "349.00"),
        item("v2", "Headlamp", "orange", 2, "39.00"),
        item("v3", "Enamel Mug", "white", 4, "16.00"),
        item("v4", "Enamel Mug", "rust", 2, "16.00"),
        item("v5", "Wool Blanket", "oat", 1, "99.00"),
    ];
    order.payments = vec![
        payment(PaymentKind::Payment, "500.00", "gift_card"),
        payment(PaymentKind::Payment, "122.00", "paypal"),
        payment(PaymentKind::Refund, "16.00", "paypal"),
    ];
    order.shipments = vec![
        parcel(Some("DHL"), &["T111"], &["v1"], [day("2026-11-12"), day("2026-11-16"), day("2026-11-15")]),
        parcel(Some("UPS"), &["T222"], &["v2", "v3"], [day("2026-11-20"), day("2026-11-28"), None]),
        parcel(None, &[], &["v4"], [None, day("2026-12-03"), None]),
    ];
    order
}

/// What is said of an order, in the language of the words.
fn said(order: &Order, question: &str, language: &str) -> Spoken {
    reply(order, question, PROMPTS.patterns(), PROMPTS.phrases(language))
}

#[track_caller]
fn check(order: &Order, question: &str, say: &[&str], not: &[&str]) {
    let language = if question.is_ascii() { "en" } else { "zh" };
    let spoken = said(order, question, language);
    let content = spoken.content();
    for part in say {
        assert!(content.contains(part), "{question}\n  does not say: {part}\n  but: {content}");
    }
    for part in not.iter().chain(&[order.address.line1.as_str(), order.address.postcode.as_str(), "gift_card", "paypal", "klarna"]) {
        assert!(!content.contains(part), "{question}\n  says: {part}\n  in: {content}");
    }
}

#[test]
fn the_labelled_questions_are_answered() {
    let mut faults = Vec::new();
    let mut count = 0;
    for line in include_str!("../../../tests/it/fixtures/replies.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(number) = case["order"].as_str() else { continue };
        count += 1;
        let question = case["question"].as_str().unwrap();
        let spoken = said(&demo(number), question, "en");
        let texts = |key: &str| case[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let unsaid: Vec<String> = texts("say").into_iter().filter(|text| !spoken.content().contains(text.as_str())).collect();
        let wrong: Vec<String> = texts("not").into_iter().filter(|text| spoken.content().contains(text.as_str())).collect();
        if !unsaid.is_empty() || !wrong.is_empty() {
            faults.push(format!("{question}\n  said: {}\n  not said: {unsaid:?}, wrongly said: {wrong:?}", spoken.content()));
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(count, 25);
}

#[test]
fn a_question_about_one_parcel_is_answered_by_that_parcel() {
    let trek = trek();
    check(
        &trek,
        "where is my order",
        &[
            "Order #W77 is on its way.",
            "Tent was delivered on 15 November 2026",
            "is T222 (UPS)",
            "28 November 2026",
            "(rust) has not left yet",
        ],
        &["$", "contains", "T111"],
    );
    check(
        &trek,
        "has the headlamp shipped yet",
        &["The parcel with Headlamp and Enamel Mug (white) is on its way."],
        &["Order #W77", "Tent", "rust"],
    );
    check(&trek, "did you send the rust mugs", &["The parcel with Enamel Mug (rust) has not left yet."], &["on its way", "white"]);
    check(&trek, "when does the tent arrive", &["was delivered on 15 November 2026."], &["16 November", "28 November", "December"]);
    check(&trek, "when will the headlamps arrive", &["28 November 2026"], &["15 November", "3 December"]);
    check(&trek, "when will my order arrive", &["15 November 2026", "28 November 2026", "3 December 2026"], &["$"]);
    check(&trek, "has the headlamp been delivered?", &["is on its way", "28 November 2026"], &["was delivered", "December"]);
    check(&trek, "tracking for the headlamp", &["is T222 (UPS)."], &["T111", "November"]);
    check(&trek, "tracking number of the rust mugs please", &["has not left yet"], &["T111", "T222", "on its way"]);
    check(&trek, "has the wool blanket shipped", &["There is no parcel with Wool Blanket yet."], &["on its way"]);
    check(
        &trek,
        "where are the headlamp and the rust mugs",
        &["(white) is on its way", "(rust) has not left yet", "T222"],
        &["T111", "15 November"],
    );
    check(&trek, "when did you ship the headlamp", &["was sent on 20 November 2026"], &["12 November", "28 November"]);
    check(
        &trek,
        "how much was the tent and has it arrived?",
        &["$349.00 for the Three-person Tent", "15 November 2026"],
        &["28 November", "$622"],
    );
    check(
        &demo("AP10040"),
        "where is my order",
        &["JD01126003949649858", "JD01694766865081613", "23 November 2026"],
        &["has not left", "$428"],
    );
    check(&demo("AP10040"), "has the tarp been sent?", &["The parcel with Tarp 3 x 3 m is on its way."], &["Tent"]);
}

#[test]
fn the_amount_that_was_asked_for_is_told_and_no_other() {
    let trek = trek();
    check(&trek, "how much were the headlamps", &["You paid $39.00 each for 2 \u{d7} Headlamp."], &["$78.00", "$622.00", "$349.00"]);
    check(&trek, "what did the tent cost", &["You paid $349.00 for the Three-person Tent."], &["$622.00", "on its way"]);
    check(&trek, "and the price of the white mugs?", &["$16.00 each for 4 \u{d7} Enamel Mug (white)."], &["2 \u{d7}", "$622"]);
    check(&trek, "how much was my order", &["The total of order #W77 is $622.00."], &["$500.00", "$122.00", "$16.00"]);
    check(&trek, "how much did I get back", &["$16.00 was refunded for order #W77."], &["$622.00", "each"]);
    check(&demo("AP10032"), "did I get a refund", &["has been delivered"], &["$", "refunded"]);
    check(&demo("AP10040"), "how much was the tent without the tarp", &["$349.00"], &["$79.00", "$428.00"]);
}

#[test]
fn other_questions_get_their_row_or_the_status() {
    let trek = trek();
    check(&trek, "which colour is the headlamp", &["You chose color orange for the Headlamp."], &["white", "$"]);
    check(&trek, "how many white mugs did I order", &["You ordered 4 \u{d7} Enamel Mug (white)."], &["rust", "$"]);
    check(&trek, "what did I order", &["Order #W77 contains Three-person Tent, 2 \u{d7} Headlamp", "and Wool Blanket."], &["$", "more"]);
    check(&trek, "when did I order this", &["Order #W77 was placed on 10 November 2026."], &["15 November", "28 November"]);
    check(&trek, "what address is it going to", &["not shown in this chat"], &["$"]);
    check(&trek, "how did I pay", &["not shown in this chat"], &["$"]);
    check(
        &demo("AP10042"),
        "#AP10042 mia.berg@example.com",
        &["is on its way.", "contains Trail Backpack 40 L and"],
        &["$", "3SABCD", "November"],
    );
    check(&demo("AP10013"), "has my return arrived", &["The return of order #AP10013 has arrived."], &["delivered", "September"]);
    check(&demo("AP10015"), "where is my order", &["has been delivered.", "21 September 2026"], &["RM753864767GB", "$"]);
    check(&demo("AP10015"), "what was the tracking number", &["RM753864767GB (Royal Mail)"], &["$"]);
    check(&demo("AP10050"), "can I have the tracking number", &["has not been packed yet"], &["$"]);
    check(&demo("AP10027"), "when will it arrive", &["was cancelled"], &["expected", "$"]);
    check(&demo("AP10045"), "when did you ship it", &["is packed and waits for the carrier"], &["was sent"]);
    check(&demo("AP10042"), "我的订单到哪了", &["正在运送途中", "3SABCD1234567", "2026年11月27日"], &["$", "包含"]);
    check(&demo("AP10042"), "什么时候到", &["2026年11月27日"], &["$", "3SABCD"]);
    check(&demo("AP10042"), "一共多少钱", &["$178.00"], &["$129.00", "运送"]);
    check(&demo("AP10049"), "退款退了多少", &["$90.00"], &["$45.00"]);
}

#[test]
fn every_status_is_told_with_its_number() {
    let mut order = trek();
    for status in OrderStatus::ALL {
        order.status = status;
        for language in ["en", "zh"] {
            let spoken = said(&order, "where is my order", language);
            assert!(spoken.content().contains("#W77"), "{}", spoken.content());
        }
    }
}

#[test]
fn each_sentence_names_its_row() {
    let spoken = said(&demo("AP10040"), "where is the tarp and how much was it", "en");
    let characters: Vec<char> = spoken.content().chars().collect();
    let parts: Vec<(String, &Origin)> = spoken
        .statements()
        .iter()
        .map(|statement| (characters[statement.start..statement.end].iter().collect(), &statement.origin))
        .collect();
    let row = |table: &str, key: &str, column: &str| Origin::Row { table: table.into(), key: key.into(), column: column.into() };
    let expect = [
        ("The parcel with Tarp 3 x 3 m is on its way.", row("shipments", "#AP10040/2", "shipped_at,variant_ids")),
        (
            "The tracking number of the parcel with Tarp 3 x 3 m is JD01694766865081613 (DHL).",
            row("shipments", "#AP10040/2", "tracking,carrier,variant_ids"),
        ),
        (
            "The expected delivery date of the parcel with Tarp 3 x 3 m is 23 November 2026.",
            row("shipments", "#AP10040/2", "expected_at,variant_ids"),
        ),
        ("You paid $79.00 for the Tarp 3 x 3 m.", row("order_items", "#AP10040/2", "name,quantity,price_minor,currency")),
    ];
    let expect: Vec<(String, &Origin)> = expect.iter().map(|(text, origin)| ((*text).to_owned(), origin)).collect();
    assert_eq!(parts, expect);
}

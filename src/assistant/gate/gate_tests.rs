//! The gate's cases: what passes, what fails and by which name, and texts that were made to hurt.

use super::{check, support};

const RETURNS: &str = "You can return unopened items within 30 days of delivery. Returns are free on orders over $50. Otherwise $4.95 \
    is deducted. \
    Opened earbuds cannot be returned. Refunds take 5 to 10 working days.";
const DELIVERY: &str = "Delivery to Sweden and Denmark costs \u{a3}4.50 and takes 2 to 4 working days. Delivery to Norway costs \
    \u{a3}6.50 and takes 4 to 7 \
    working days. Prints arrive within 2 working days and photo books within 4. We do not deliver to Iceland. Orders placed by 2 pm on \
    a Friday arrive on Monday.";
const ORDER: &str = "Order #AP10042 is on its way. The tracking number is 3S1ABC99 (PostNL). It is expected on 24 December 2026. It \
    contains Tent and 3 \u{d7} Mug. \
    The total is $100.05.";
const CONTACT: &str = "Write to help@shop.example or see https://shop.example/returns. Send the parcel to 12 Baker Street, Leeds. Swish \
    works only in Sweden, \
    MobilePay in Denmark.";
const CHINESE: &str =
    "订单满50元包邮。商品签收后30天内可以退货。退款需要5个工作日。耳机拆封后不能退货。我们不配送到日本。只有会员可以使用优惠券。";

#[track_caller]
fn passes(statement: &str, source: &str) {
    assert_eq!(check(statement, source), Ok(()), "{statement}");
}

#[track_caller]
fn fails(statement: &str, source: &str, by: &str) {
    let fault = check(statement, source).expect_err(statement);
    assert_eq!(fault.as_str(), by, "{statement}: {fault}");
}

#[test]
fn what_stands_behind_a_yes_is_a_statement_of_its_own() {
    let source = "Yes, payments are confirmed with 3-D Secure where your bank supports it. No, in winter they are too cold.";
    passes("Payments are confirmed with 3-D Secure where your bank supports it.", source);
    fails("Payments are confirmed with 4-D Secure where your bank supports it.", source, "number");
}

#[test]
fn a_sentence_of_the_source_passes() {
    for source in [RETURNS, DELIVERY, ORDER, CONTACT, CHINESE] {
        for sentence in crate::assistant::sentences::sentences(source) {
            passes(&sentence, source);
            passes(&format!("- \u{201c}{}\u{201d}", sentence.to_uppercase()), source);
            assert!((support(&sentence, source) - 1.0).abs() < 1e-6, "{sentence}");
        }
    }
    passes("Is it worn? Then no", "Is it worn? Then no.");
    fails("Iceland", DELIVERY, "negation");
}

#[test]
fn the_same_in_other_words_passes() {
    for (statement, source) in [
        ("Unopened items can be returned within 30 days of delivery.", RETURNS),
        ("Returning is free for orders over 50 dollars.", RETURNS),
        ("Sorry, opened earbuds can't be returned.", RETURNS),
        ("No, you cannot return opened earbuds.", RETURNS),
        ("A refund takes five to ten business days.", RETURNS),
        ("Delivery to Denmark takes 2-4 working days.", DELIVERY),
        ("Photo books arrive within 4 working days.", DELIVERY),
        ("Assembly costs 149 EUR for wardrobes.", "Assembly costs 79 EUR for beds and 149 EUR for wardrobes."),
        ("I'm sorry, we don't deliver to Iceland.", DELIVERY),
        ("Orders placed by 14:00 on a Friday arrive on Monday.", DELIVERY),
        ("Your order AP10042 is on its way.", ORDER),
        ("Your order is expected on December 24th.", ORDER),
        ("It is expected on 2026-12-24.", ORDER),
        ("It is expected on 24 Dec.", ORDER),
        ("Please send the parcel to 12 Baker Street, Leeds.", CONTACT),
        ("Please write to HELP@shop.example.", CONTACT),
        ("See shop.example/returns/.", CONTACT),
        ("Swish works only in Sweden.", CONTACT),
        ("退款需要五个工作日。", CHINESE),
        ("拆封后的耳机不能退货。", CHINESE),
        ("抱歉，我们不配送到日本。", CHINESE),
        ("您可以在签收后30天内退货。", CHINESE),
        ("订单满50元免邮。", CHINESE),
    ] {
        passes(statement, source);
        let strength = support(statement, source);
        assert!(strength > 0.5 && strength < 1.0, "{statement}: {strength}");
    }
}

#[test]
fn another_value_fails() {
    for (statement, source, by) in [
        ("You can return unopened items within 60 days of delivery.", RETURNS, "number"),
        ("Unopened items can be returned within 30 working days of delivery.", RETURNS, "unit"),
        ("Refunds take 5 to 10 days.", RETURNS, "unit"),
        ("Refunds take 5 weeks.", RETURNS, "unit"),
        ("Refunds take 10 working days.", RETURNS, "unit"),
        ("Refunds take 30 days.", RETURNS, "misplaced"),
        ("Refunds take 5 to 5 working days.", RETURNS, "unit"),
        ("Returns are free on orders over $60.", RETURNS, "amount"),
        ("Returns are free on orders over \u{20ac}50.", RETURNS, "amount"),
        ("Returns are free on orders under $50.", RETURNS, "bound"),
        ("Returns are free on orders of $50.", RETURNS, "bound"),
        ("You can return unopened items after 30 days of delivery.", RETURNS, "bound"),
        ("Delivery to Norway costs \u{a3}4.50.", DELIVERY, "misplaced"),
        ("Delivery to Sweden takes 4 to 7 working days.", DELIVERY, "misplaced"),
        ("Photo books arrive within 2 working days.", DELIVERY, "misplaced"),
        ("Assembly costs 79 EUR for wardrobes.", "Assembly costs 79 EUR for beds and 149 EUR for wardrobes.", "misplaced"),
        ("Assembly costs 149 EUR for beds.", "Assembly costs 79 EUR for beds and 149 EUR for wardrobes.", "misplaced"),
        ("Orders placed by 3 pm on a Friday arrive on Monday.", DELIVERY, "time"),
        ("Your order AP10043 is on its way.", ORDER, "order_number"),
        ("It is expected on 25 December.", ORDER, "date"),
        ("It is expected on 24 December 2027.", ORDER, "date"),
        ("It is expected on 24/11/2026.", ORDER, "date"),
        ("It contains 2 \u{d7} Mug.", ORDER, "number"),
        ("The total is $100.50.", ORDER, "amount"),
        ("Write to sales@shop.example.", CONTACT, "email"),
        ("See https://shop.example/refunds.", CONTACT, "url"),
        ("See http://evil.example/returns.", CONTACT, "url"),
        ("Send the parcel to 14 Baker Street, Leeds.", CONTACT, "address"),
        ("Send the parcel to 12 Church Street, Leeds.", CONTACT, "address"),
        ("退款需要7个工作日。", CHINESE, "number"),
        ("退款需要5天。", CHINESE, "unit"),
        ("订单满60元包邮。", CHINESE, "amount"),
        ("订单满50美元包邮。", CHINESE, "amount"),
        ("订单不超过50元包邮。", CHINESE, "bound"),
        ("商品签收后30天后可以退货。", CHINESE, "bound"),
    ] {
        fails(statement, source, by);
        assert!(support(statement, source) <= 0.5, "{statement}");
    }
}

#[test]
fn another_name_or_state_fails() {
    for (statement, source, by) in [
        ("Orders placed by 2 pm on a Friday arrive on Sunday.", DELIVERY, "name"),
        ("We do not deliver to Germany.", DELIVERY, "name"),
        ("Swish works only in Denmark.", CONTACT, "name"),
        ("Order #AP10042 is delivered.", ORDER, "status"),
        ("Your order #AP10042 with the tracking number 3S1ABC99 is on its way with PostNL and was delivered.", ORDER, "status"),
        ("Your order is cancelled.", "Your order is shipped.", "status"),
        ("我们不配送到韩国。", CHINESE, "name"),
        ("您的订单已签收。", "您的订单已发货。", "status"),
    ] {
        fails(statement, source, by);
    }
}

#[test]
fn one_order_is_not_another() {
    let rows = "Order #AP10042 is on its way. The total is $20.00. Order #AP10043 was delivered on 3 May 2026. The total is $35.00.";
    passes("Order AP10042 is on its way.", rows);
    passes("Your order AP10043 was delivered on May 3rd.", rows);
    fails("Order AP10042 was delivered.", rows, "status");
    fails("Order AP10042 was delivered on 3 May 2026.", rows, "date");
    fails("The total of order AP10042 is $35.00.", rows, "amount");
    fails("Order AP10044 was delivered.", rows, "order_number");
}

#[test]
fn yes_for_no_fails() {
    for (statement, source) in [
        ("Opened earbuds can be returned.", RETURNS),
        ("You can return opened earbuds.", RETURNS),
        ("You cannot return unopened items within 30 days of delivery.", RETURNS),
        ("We deliver to Iceland.", DELIVERY),
        ("Never send the parcel to 12 Baker Street, Leeds.", CONTACT),
        ("Parcels without a number are accepted.", "Parcels without a number are not accepted."),
        ("A red cross means it does fit.", "A green tick means the part fits, and a red cross means it does not fit."),
        ("Hampers can go same-day.", "Only bouquets can go same-day; hampers cannot."),
        ("An upgrade at the door is possible.", "An upgrade at the door is not possible."),
        ("None of our hampers is not suitable for vegans.", "None of our hampers is suitable for vegans."),
        ("拆封后的耳机可以退货。", CHINESE),
        ("我们配送到日本。", CHINESE),
        ("商品签收后30天内不可以退货。", CHINESE),
    ] {
        fails(statement, source, "negation");
    }
}

#[test]
fn a_yes_in_front_must_stand_in_the_source() {
    fails("Yes, returns are free on orders over $50.", RETURNS, "answer");
    fails("No, returns are free on orders over $50.", RETURNS, "answer");
    fails("Yes, opened earbuds cannot be returned.", RETURNS, "answer");
    fails("Yes. Opened earbuds cannot be returned.", RETURNS, "answer");
    fails("Yes.", RETURNS, "unsupported");
    passes("Yes, the app prints photos.", "Yes, our app prints photos. It is free.");
    fails("No, new parts have a warranty with no limit.", "New parts have a warranty with no limit.", "answer");
    fails("可以，耳机拆封后不能退货。", CHINESE, "answer");
    passes("不可以，耳机拆封后不能退货。", CHINESE);
}

#[test]
fn a_condition_or_limit_is_neither_dropped_nor_added() {
    let refund =
        "We refund the fee if the parcel is late, unless the carrier reports a storm. Klarna is accepted only for orders in euros.";
    fails("We refund the fee.", refund, "condition");
    fails("We refund the fee if the parcel is late.", refund, "condition");
    fails("Klarna is accepted for orders in euros.", refund, "condition");
    passes("If the parcel is late, we refund the fee, unless the carrier reports a storm.", refund);
    fails("Returns are free.", RETURNS, "condition");
    fails("You can return unopened items.", RETURNS, "condition");
    fails("Only unopened items can be returned within 30 days of delivery.", RETURNS, "limit");
    fails("Refunds take 5 to 10 working days unless closed.", RETURNS, "limit");
    fails("订单包邮。", CHINESE, "condition");
    fails("会员可以使用优惠券。", CHINESE, "condition");
}

#[test]
fn what_the_source_does_not_say_is_unsupported() {
    fails("We offer a lifetime guarantee.", RETURNS, "unsupported");
    fails("Refunds go to your bank account.", RETURNS, "unsupported");
    fails("", RETURNS, "empty");
    fails("\u{1f600} ?!", RETURNS, "empty");
    fails("I love returns.", RETURNS, "speaker");
    fails("Would you like to return unopened items?", RETURNS, "question");
    fails("Refunds take 5 to 10 working days; call us at night.", RETURNS, "unsupported");
    fails(&"free ".repeat(400), RETURNS, "too_long");
    fails("Refunds take 5 working days.", "", "number");
    assert!(support("We offer a lifetime guarantee.", RETURNS) < 0.3);
    assert!(support("", RETURNS) <= 0.0);
}

#[test]
fn hidden_signs_change_nothing() {
    passes("Refunds take ５ to 10 working\u{a0}days, as a rule.".trim_end_matches(", as a rule."), RETURNS);
    fails("Refunds take 5\u{200b}0 working days.", RETURNS, "number");
    fails("Refunds take \u{664} working days.", RETURNS, "number");
    fails("Refunds take \u{0430}ges and 5 to 10 working days.", RETURNS, "unsupported");
}

#[test]
fn hostile_texts_are_quick_and_harmless() {
    let many = |piece: &str| piece.repeat(15_000 / piece.len());
    let pieces = [
        " ",
        ")",
        ".",
        "a.",
        "1. ",
        "A. ",
        "not ",
        "1",
        "5 days. ",
        "5 days, ",
        "$5 ",
        "不",
        "退款，已发货。",
        "中国",
        "a@",
        "a@b.cc ",
        "if a, ",
        "only ",
        "#1",
        "a\u{301}",
        "A1",
        "'",
        "a'",
        "\u{1f468}\u{200d}\u{1f469}",
        "http://",
        "a",
        "1 Main Street ",
        "It is. ",
        "12/12/2020 ",
        "(",
        "\u{202e}",
        "\u{0}",
        "\n",
        "- ",
        "½",
        "\u{93e} ",
        "三",
        "S$",
        "a.\u{301} ",
        "1,",
        "24.12.",
        "Yes, ",
        "no ",
        "十",
        "\u{1d7d8}",
        "İ",
        "ß.",
        "2 to ",
    ];
    let start = std::time::Instant::now();
    for piece in pieces {
        let text = many(piece);
        for (statement, source) in [
            ("Delivery to Sweden costs $5 and takes 5 days, if it is not sent to 1 Main Street.", text.as_str()),
            ("退款已发货，不能在5天内送到中国。", &text),
            (&text, DELIVERY),
            (&text, &text),
            (&text[..text.floor_char_boundary(1_100)], &text[..text.floor_char_boundary(7_501)]),
        ] {
            let _ = check(statement, source);
            assert!((0.0..=1.0).contains(&support(statement, source)), "{piece:?}");
        }
    }
    // Unoptimised, on a busy machine: what is quadratic would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn any_cut_of_an_honest_text_is_harmless() {
    let text = format!("{DELIVERY} {ORDER} {CONTACT} {CHINESE} $ # 24 Dec S$5.00 12.12.2026 1/2/2026 2026-1 11:5 p.m. no. 5'' 满三 5年月");
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for pair in ends.windows(23).step_by(2) {
        let (from, to) = (pair[0], pair[22]);
        let _ = check(&text[from..to], &text);
        let _ = check(&text[from..to], &text[to..]);
    }
}

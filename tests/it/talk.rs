//! Talking in turns: which one did you mean, follow-ups, two questions at once.

use serde_json::{Value, json};

use crate::support::{Shop, Shopper, TestApp, text};

/// Two entries that one word fits equally well, whatever the models think of the rest.
const REFUNDS: &str = "\
---
topic: refunds
locale: en
---

## When do I get my refund? {#time}

We refund you within 5 working days.

**Also asked**

- refunds

## How is my refund paid? {#method}

We refund to the payment method of the order.

**Also asked**

- refund
";
const UNCLEAR: &str = "refund";
const TIME: &str = "When do I get my refund?";
const METHOD: &str = "How is my refund paid?";
const OUT_OF_SCOPE: &str = "Can your staff repair the zip of my grandfather's leather motorcycle jacket?";

async fn app() -> TestApp {
    let shop = Shop::new();
    shop.write("knowledge_base/refunds.md", REFUNDS);
    TestApp::serve(shop).await
}

fn titles(reply: &Value) -> Vec<&str> {
    reply["options"].as_array().expect("options").iter().map(|option| text(option, "/title")).collect()
}

/// A shopper who was asked which one they mean; the titles in the order of the buttons.
async fn asked(app: &TestApp) -> (Shopper, Vec<String>) {
    let mut shopper = app.shopper().await;
    let heard = shopper.asks(UNCLEAR).await;
    assert_eq!(heard.decision(), "clarify");
    let offered = titles(&heard.reply).into_iter().map(str::to_owned).collect();
    (shopper, offered)
}

#[tokio::test]
async fn an_unclear_question_is_asked_back_and_the_choice_is_answered() {
    let app = app().await;
    let mut shopper = app.shopper().await;
    let heard = shopper.asks(UNCLEAR).await;
    assert_eq!((heard.decision(), heard.says()), ("clarify", "Which of these do you mean?"));
    assert_eq!(heard.reply["sources"], json!([]), "nothing is stated, so nothing is rested on");
    let mut offered = titles(&heard.reply);
    offered.sort_unstable();
    assert_eq!(offered, [METHOD, TIME]);
    let ids: Vec<&str> = heard.reply["options"].as_array().unwrap().iter().map(|option| text(option, "/id")).collect();
    assert!(ids.contains(&"refunds/time"), "{ids:?}");

    let answer = shopper.asks(METHOD).await;
    assert_eq!(answer.decision(), "answer");
    assert_eq!(answer.reply["sources"], json!([{"type": "entry", "id": "refunds/method", "title": METHOD}]));
    // What is stored is what was told: another page of the same shopper draws the same buttons.
    let history = shopper.history().await;
    assert_eq!(history[1]["options"], heard.reply["options"]);
    // An answered question is over: the next unclear one may be asked back again.
    assert_eq!(shopper.asks(UNCLEAR).await.decision(), "clarify");
}

#[tokio::test]
async fn the_choice_is_understood_in_words() {
    let app = app().await;
    for (words, place) in [("2", 1), ("the second one", 1), ("first", 0), ("the last one please", 1), ("#1", 0)] {
        let (mut shopper, offered) = asked(&app).await;
        let answer = shopper.asks(words).await;
        assert_eq!(answer.decision(), "answer", "of {words}");
        assert_eq!(text(&answer.reply, "/sources/0/title"), offered[place], "of {words}");
    }
    for (words, title) in [("how it is paid", METHOD), ("when", TIME)] {
        let (mut shopper, _) = asked(&app).await;
        let answer = shopper.asks(words).await;
        assert_eq!((answer.decision(), text(&answer.reply, "/sources/0/title")), ("answer", title), "of {words}");
    }
}

#[tokio::test]
async fn nobody_is_asked_twice() {
    let app = app().await;
    let ana = app.agent("ana").await;
    for again in [UNCLEAR, OUT_OF_SCOPE] {
        let (mut shopper, _) = asked(&app).await;
        let heard = shopper.asks(again).await;
        assert_eq!(heard.decision(), "handoff", "of {again}");
        let conversation = text(&heard.reply, "/conversation_id").to_owned();
        let tickets = ana.tickets("unassigned").await;
        let line = tickets["tickets"].as_array().unwrap().iter().find(|line| line["conversation"]["id"] == *conversation);
        let ticket = &line.expect("the ticket is there")["ticket"];
        assert_eq!(text(ticket, "/reason"), "low_confidence");
        assert!(text(ticket, "/subject").starts_with(UNCLEAR), "the first question is in the title: {ticket}");
    }
    // Smalltalk in between does not make it another question.
    let (mut shopper, _) = asked(&app).await;
    assert_eq!(shopper.asks("hello").await.decision(), "smalltalk");
    assert_eq!(shopper.asks(UNCLEAR).await.decision(), "handoff");
}

#[tokio::test]
async fn none_of_these_brings_a_person_in_that_turn() {
    let app = app().await;
    let ana = app.agent("ana").await;
    for words in ["None of these", "neither", "都不是"] {
        let (mut shopper, _) = asked(&app).await;
        assert_eq!(shopper.asks(words).await.decision(), "handoff", "of {words}");
    }
    let tickets = ana.tickets("unassigned").await;
    for line in tickets["tickets"].as_array().unwrap() {
        assert_eq!(text(line, "/ticket/reason"), "low_confidence");
        assert!(text(line, "/ticket/subject").starts_with(UNCLEAR), "{line}");
    }
    assert_eq!(tickets["counts"]["unassigned"], 3);
}

#[tokio::test]
async fn who_asks_for_a_person_or_something_else_is_not_held_up() {
    let app = app().await;
    let (mut shopper, _) = asked(&app).await;
    assert_eq!(shopper.asks("I want to talk to a human").await.decision(), "handoff");
    let (mut shopper, _) = asked(&app).await;
    let other = shopper.asks("How long does delivery take?").await;
    assert_eq!((other.decision(), text(&other.reply, "/sources/0/id")), ("answer", "delivery/time"));
    // A person is asked for in an unclear message: nothing is asked back.
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.asks("refund\nI want to talk to a person").await.decision(), "handoff");
}

#[tokio::test]
async fn an_entry_that_is_gone_when_it_is_chosen_goes_to_a_person() {
    let app = app().await;
    let (mut shopper, _) = asked(&app).await;
    let rest = REFUNDS.replace("{#time}", "{#other}").replace(TIME, "Something else altogether?");
    app.shop.write("knowledge_base/refunds.md", rest);
    let gone = async {
        loop {
            let mut other = app.shopper().await;
            if other.asks(TIME).await.reply["sources"] != json!([{"type": "entry", "id": "refunds/time", "title": TIME}]) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, gone).await.expect("the file is read again");
    assert_eq!(shopper.asks(TIME).await.decision(), "handoff");
}

#[tokio::test]
async fn two_questions_get_two_answers_or_one_and_the_offer_of_a_person() {
    let app = app().await;
    let mut shopper = app.shopper().await;
    let both = shopper.asks("How long does delivery take? And how is my refund paid?").await;
    assert_eq!(both.decision(), "answer");
    let ids: Vec<&str> = both.reply["sources"].as_array().unwrap().iter().map(|source| text(source, "/id")).collect();
    assert_eq!(ids, ["delivery/time", "refunds/method"]);
    assert!(both.says().contains("2 to 3 working days") && both.says().contains("payment method of the order"), "{}", both.says());

    for (reply, decision) in [("no thanks", "smalltalk"), ("yes please", "handoff")] {
        let mut shopper = app.shopper().await;
        let part = shopper.asks(&format!("How long does delivery take? {OUT_OF_SCOPE}")).await;
        assert_eq!((part.decision(), text(&part.reply, "/sources/0/id")), ("part_answer", "delivery/time"));
        assert!(part.says().contains("motorcycle") && part.says().contains("a person"), "it says what is open: {}", part.says());
        assert_eq!(shopper.asks(reply).await.decision(), decision, "of {reply}");
    }
}

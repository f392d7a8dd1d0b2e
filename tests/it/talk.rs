//! Talking in turns: which one did you mean, follow-ups, two questions at once.

use serde_json::{Value, json};

use crate::support::{Shop, Shopper, TestApp, text};

/// Two entries that one word fits equally well, whatever the models think of the rest.
const WORKSHOP: &str = "\
---
topic: workshop
locale: en
---

## Can I bring my red bicycle to the workshop? {#red}

Yes, bring your red bicycle on Monday.

**Also asked**

- red bicycle workshop

## Can I bring my blue bicycle to the workshop? {#blue}

Yes, bring your blue bicycle on Friday.

**Also asked**

- blue bicycle workshop
";
const UNCLEAR: &str = "bicycle workshop";
const RED: &str = "Can I bring my red bicycle to the workshop?";
const BLUE: &str = "Can I bring my blue bicycle to the workshop?";
const OUT_OF_SCOPE: &str = "Do you sell cars?";

/// A shop with two entries that are alike, so strict that it asks which of them is meant.
pub async fn app() -> TestApp {
    let shop = Shop::new();
    shop.write("knowledge_base/workshop.md", WORKSHOP);
    // So strict that one of two alike is never sure enough, and an entry's own question is.
    shop.set("style = \"stored\"", "style = \"stored\"\nthreshold = 0.9");
    TestApp::serve(shop).await
}

fn titles(reply: &Value) -> Vec<&str> {
    reply["options"].as_array().expect("options").iter().map(|option| text(option, "/title")).collect()
}

/// A shopper who was asked which one they mean; the titles in the order of the buttons.
pub async fn asked(app: &TestApp) -> (Shopper, Vec<String>) {
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
    assert_eq!(offered, [BLUE, RED]);
    let ids: Vec<&str> = heard.reply["options"].as_array().unwrap().iter().map(|option| text(option, "/id")).collect();
    assert!(ids.contains(&"workshop/red"), "{ids:?}");

    let answer = shopper.asks(BLUE).await;
    assert_eq!(answer.decision(), "answer");
    assert_eq!(answer.reply["sources"], json!([{"type": "entry", "id": "workshop/blue", "title": BLUE}]));
    // What is stored is what was told: another page of the same shopper draws the same buttons.
    let history = shopper.history().await;
    assert_eq!(history[1]["options"], heard.reply["options"]);
    // An answered question is over: the next unclear one, on another topic, may be asked back again.
    shopper.asks("How long does delivery take?").await;
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
    for (words, title) in [("the blue one", BLUE), ("red", RED)] {
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
    assert_eq!(shopper.asks("bicycle workshop\nI want to talk to a person").await.decision(), "handoff");
}

#[tokio::test]
async fn an_entry_that_is_gone_when_it_is_chosen_goes_to_a_person() {
    let app = app().await;
    let (mut shopper, _) = asked(&app).await;
    let other = "Which colours does the paint have?";
    app.shop.write("knowledge_base/workshop.md", WORKSHOP.replace("{#red}", "{#paint}").replace(RED, other));
    let gone = async {
        while app.shopper().await.asks(other).await.reply["sources"][0]["id"] != "workshop/paint" {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, gone).await.expect("the file is read again");
    assert_eq!(shopper.asks(RED).await.decision(), "handoff");
}

#[tokio::test]
async fn two_questions_get_two_answers_or_one_and_the_offer_of_a_person() {
    let app = app().await;
    let mut shopper = app.shopper().await;
    let both = shopper.asks("How long does delivery take? And how can I pay?").await;
    assert_eq!(both.decision(), "answer");
    let ids: Vec<&str> = both.reply["sources"].as_array().unwrap().iter().map(|source| text(source, "/id")).collect();
    assert_eq!(ids, ["delivery/time", "payment/ways"]);
    assert!(both.says().contains("2 to 3 working days") && both.says().contains("PayPal"), "{}", both.says());

    for (reply, decision) in [("no thanks", "smalltalk"), ("yes please", "handoff")] {
        let mut shopper = app.shopper().await;
        let part = shopper.asks(&format!("How long does delivery take? {OUT_OF_SCOPE}")).await;
        assert_eq!((part.decision(), text(&part.reply, "/sources/0/id")), ("part_answer", "delivery/time"));
        assert!(part.says().contains("cars") && part.says().contains("a person"), "it says what is open: {}", part.says());
        assert_eq!(shopper.asks(reply).await.decision(), decision, "of {reply}");
    }
}

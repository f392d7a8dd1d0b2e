//! Why a conversation goes to a person: each reason through the real server, and what is not a reason.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nightdesk::assistant::Topics;
use nightdesk::assistant::cause::at_once;
use nightdesk::conversation::HandoffReason;
use nightdesk::prompt::{Prompts, Sensitive};
use serde_json::{Value, json};

use crate::support::{Agent, Shop, Shopper, TestApp, root, text};

/// Entries of which a person deals with the first alone.
const BULK: &str = "\
---
topic: bulk
locale: en
handoff: always
---

## Do you make offers for companies? {#companies}

Yes, from ten pieces on.

**Also asked**

- company discount

## Do you wrap gifts? {#gifts handoff=never}

Yes, for $2.

**Also asked**

- gift wrapping
";

const DESK: &str = "
[desk.topics]
allergens = ['nut allergy']

[desk.priority]
allergens = 'high'

[desk.queues]
legal = 'lawyers'
";

async fn app() -> TestApp {
    let shop = Shop::new();
    shop.write("knowledge_base/bulk.md", BULK);
    // So strict that an entry's own question is answered and little else.
    shop.set("style = \"stored\"", "style = \"stored\"\nthreshold = 0.9");
    shop.set("[limits]", &format!("{DESK}\n[limits]"));
    TestApp::serve(shop).await
}

/// The tickets of a conversation.
async fn tickets_of(agent: &Agent, conversation: &str) -> Vec<Value> {
    let tickets = agent.tickets("open").await;
    let of = tickets["tickets"].as_array().unwrap().iter().filter(|line| line["conversation"]["id"] == conversation);
    of.map(|line| line["ticket"].clone()).collect()
}

/// What the shopper reads that they did not write.
async fn heard_by(shopper: &Shopper) -> Vec<Value> {
    shopper.history().await.into_iter().filter(|message| message["author"]["type"] != "shopper").collect()
}

async fn rates(shopper: &Shopper, reply: &Value, helpful: bool) {
    let body = json!({"message_id": reply["id"], "helpful": helpful});
    assert_eq!(shopper.posts("/api/v1/widget/feedback", body).await.status(), 200);
}

/// What a ticket is to say: reason, topic, priority, queue.
type Ticket = (&'static str, Option<&'static str>, &'static str, &'static str);

#[tokio::test]
async fn each_reason_opens_one_ticket_with_its_priority_queue_and_line() {
    let app = app().await;
    let ana = app.agent("ana").await;
    let wrong = "#W9999 nobody@example.com";
    let cases: [(&[&str], Ticket); 14] = [
        (&["I want to talk to a human"], ("asked", None, "normal", "general")),
        (&["the battery of the lantern caught fire"], ("sensitive", Some("safety"), "urgent", "sensitive")),
        (&["you will hear from my lawyer"], ("sensitive", Some("legal"), "urgent", "lawyers")),
        (&["有人盗刷了我的卡"], ("sensitive", Some("fraud"), "urgent", "sensitive")),
        (&["I am a journalist and write about tents"], ("sensitive", Some("press"), "high", "sensitive")),
        (&["is the bar safe with a Nut Allergy?"], ("sensitive", Some("allergens"), "high", "sensitive")),
        (&["I want to complain about the driver"], ("complaint", None, "high", "complaints")),
        (&["THIS IS RIDICULOUS WHERE IS MY ORDER"], ("complaint", None, "high", "complaints")),
        (&["one of the hamsters is missing"], ("complaint", None, "high", "complaints")),
        (&["cancel my order"], ("order_change", None, "normal", "orders")),
        (&["where is my order?", wrong, "#W9998", "#W9997"], ("order_not_verified", None, "normal", "orders")),
        (&["How can I pay?", "How can I pay?", "How can I pay?"], ("repeated_failure", None, "high", "complaints")),
        (&["Do you sell cars?"], ("low_confidence", None, "normal", "general")),
        (&["Do you make offers for companies?"], ("policy", None, "normal", "general")),
    ];
    for (messages, (reason, topic, priority, queue)) in cases {
        let mut shopper = app.shopper().await;
        let mut last = Value::Null;
        for (place, message) in messages.iter().enumerate() {
            let heard = shopper.asks(message).await;
            assert_eq!(heard.decision() == "handoff", place + 1 == messages.len(), "{message}: {}", heard.reply);
            last = heard.reply;
        }
        let conversation = text(&last, "/conversation_id").to_owned();
        shopper.stream.until(|told| told.name == "conversation.status_changed" && told.data["to"] == "open").await;
        // Whatever is written now waits for the person, and is no second reason.
        shopper.sends("worst shop ever, I want a human, my lawyer will call").await;

        let tickets = tickets_of(&ana, &conversation).await;
        let [ticket] = tickets.as_slice() else { panic!("{messages:?}: {tickets:?}") };
        let found = (text(ticket, "/reason"), ticket["topic"].as_str(), text(ticket, "/priority"), text(ticket, "/queue"));
        assert_eq!(found, (reason, topic, priority, queue), "{messages:?}");
        let heard = heard_by(&shopper).await;
        assert_eq!(heard.len(), messages.len(), "one line for each message: {heard:?}");
        assert_eq!(heard.iter().filter(|message| message["decision"] == "handoff").count(), 1, "{heard:?}");
        assert!(heard.last().unwrap()["decision"] == "handoff", "{heard:?}");
    }
}

#[tokio::test]
async fn asked_comes_before_every_other_reason() {
    let app = app().await;
    let ana = app.agent("ana").await;
    for before in [
        "the battery of the lantern caught fire",
        "you will hear from my lawyer",
        "this is the worst shop ever",
        "cancel my order",
        "that is not what I asked",
        "Do you sell cars?",
        "Do you make offers for companies?",
    ] {
        for message in [format!("{before}. Let me talk to a person"), format!("{before}\n转人工")] {
            let mut shopper = app.shopper().await;
            let reply = shopper.asks(&message).await.reply;
            let tickets = tickets_of(&ana, text(&reply, "/conversation_id")).await;
            assert_eq!(text(&tickets[0], "/reason"), "asked", "{message}");
        }
    }
}

#[tokio::test]
async fn an_entry_that_is_a_persons_is_answered_and_handed_over_in_one_message() {
    let app = app().await;
    let mut shopper = app.shopper().await;
    let heard = shopper.asks("Do you make offers for companies?").await;
    let (answer, line) = heard.says().split_once("\n\n").expect("an answer and a line");
    assert_eq!(answer, "Yes, from ten pieces on.");
    assert!(line.starts_with("A person takes care of this"), "{line}");
    assert_eq!(text(&heard.reply, "/sources/0/id"), "bulk/companies");
    // The heading says otherwise than the file.
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.asks("Do you wrap gifts?").await.decision(), "answer");
}

#[tokio::test]
async fn an_answer_that_did_not_help_is_not_given_again() {
    let app = app().await;
    let ana = app.agent("ana").await;
    let reason = async |reply: &Value| text(&tickets_of(&ana, text(reply, "/conversation_id")).await[0], "/reason").to_owned();

    // One sign: what is asked beside it is answered. The second brings a person.
    let mut shopper = app.shopper().await;
    assert_eq!(text(&shopper.asks("How can I pay?").await.reply, "/sources/0/id"), "payment/ways");
    let other = shopper.asks("That's not what I asked. How long does delivery take?").await;
    assert_eq!((other.decision(), text(&other.reply, "/sources/0/id")), ("answer", "delivery/time"));
    let last = shopper.asks("no, wrong again").await;
    assert_eq!((last.decision(), reason(&last.reply).await.as_str()), ("handoff", "repeated_failure"));

    // One sign, and nothing else is known.
    let mut shopper = app.shopper().await;
    shopper.asks("How can I pay?").await;
    let last = shopper.asks("that doesn't help").await;
    assert_eq!((last.decision(), reason(&last.reply).await.as_str()), ("handoff", "repeated_failure"));

    // A thumb down is a sign as well; one up is an end to it.
    let mut shopper = app.shopper().await;
    for question in ["How can I pay?", "How long does delivery take?"] {
        let heard = shopper.asks(question).await;
        assert_eq!(heard.decision(), "answer", "{question}");
        rates(&shopper, &heard.reply, false).await;
    }
    let last = shopper.asks("How much does delivery cost?").await;
    assert_eq!((last.decision(), reason(&last.reply).await.as_str()), ("handoff", "repeated_failure"));

    let mut shopper = app.shopper().await;
    for (question, helpful) in [("How can I pay?", false), ("How long does delivery take?", true), ("Do you deliver on Saturdays?", false)]
    {
        let heard = shopper.asks(question).await;
        rates(&shopper, &heard.reply, helpful).await;
    }
    assert_eq!(shopper.asks("How much does delivery cost?").await.decision(), "answer");
}

#[tokio::test]
async fn trouble_and_alarming_words_that_an_entry_answers_stay_with_the_bot() {
    let app = app().await;
    for message in
        ["How do I return an item?", "I forgot my password.", "Can I return worn shoes?", "remove my data", "How do I close my account?"]
    {
        let mut shopper = app.shopper().await;
        assert_eq!(shopper.asks(message).await.decision(), "answer", "{message}");
    }
}

/// Messages of a file in the fixtures, of rows that an entry answers.
fn answerable(name: &str, column: &str) -> Vec<String> {
    let rows = csv::Reader::from_path(root().join(name))
        .unwrap()
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap)
        .collect::<Vec<_>>();
    rows.into_iter().filter(|row| row["entry"] != "none").map(|row| row[column].clone()).collect()
}

/// The lines of a file of JSON.
fn lines(path: PathBuf) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The messages of the sixteen shops that are of one of these kinds.
fn of_shops(kinds: &[&str]) -> Vec<String> {
    let shops = std::fs::read_dir(root().join("tests/shops")).unwrap().map(|shop| shop.unwrap().path().join("questions.jsonl"));
    let rows = shops.filter(|path| path.is_file()).flat_map(lines).filter(|row| kinds.contains(&text(row, "/kind")));
    rows.map(|row| text(&row, "/message").to_owned()).collect()
}

#[test]
fn what_an_entry_answers_is_not_taken_from_the_bot() {
    let prompts = Prompts::load(None, "Alder & Pine").unwrap();
    let topics = Topics::new(Sensitive::ALL, []);
    let handed = |messages: &[String]| -> Vec<String> {
        let over = messages.iter().filter_map(|message| Some(format!("{:?} {message}", at_once(message, prompts.patterns(), &topics)?)));
        over.collect()
    };
    let replies =
        lines(root().join("tests/it/fixtures/replies.jsonl")).iter().map(|row| text(row, "/question").to_owned()).collect::<Vec<_>>();
    assert_eq!(replies.len(), 150);
    let talk = [
        answerable("tests/it/fixtures/talk/dialogues.csv", "first"),
        answerable("tests/it/fixtures/talk/dialogues.csv", "second"),
        answerable("tests/it/fixtures/talk/messages.csv", "message"),
        answerable("tests/it/fixtures/talk/chinese.csv", "question"),
    ]
    .concat();
    assert_eq!(handed(&replies), Vec::<String>::new());
    assert_eq!(handed(&talk), Vec::<String>::new());
    // The demo shop has an entry on how to complain; whoever does complain gets a person.
    let demo = handed(&answerable("knowledge_base/questions.csv", "question"));
    assert!(demo.len() <= 1, "{demo:?}");
    // Of other shops' messages: "my dog just swallowed half the lily leaves", "give my phone back u thieves", "8 pounds taken off my card".
    let others = of_shops(&["answerable", "trap"]);
    let over = handed(&others);
    assert!(others.len() > 2_000 && over.len() <= 3, "{} of {}: {over:?}", over.len(), others.len());
}

#[test]
fn shoppers_of_other_shops_reach_a_person() {
    let prompts = Prompts::load(None, "Alder & Pine").unwrap();
    let wishes = of_shops(&["human"]);
    let asked = |message: &&String| at_once(message, prompts.patterns(), &Topics::default()) == Some(HandoffReason::Asked.into());
    let (found, missed): (Vec<&String>, Vec<&String>) = wishes.iter().partition(asked);
    // What is missed is Dutch, German, Swedish, Spanish, or asks for somebody by name.
    assert!(wishes.len() > 40 && found.len() * 10 >= wishes.len() * 9, "{} of {}: {missed:?}", found.len(), wishes.len());
}

//! What a shopper lives through in the widget.

use serde_json::{Value, json};

use crate::support::{TestApp, text};

const DELIVERY: &str = "How long does delivery take?";
/// No entry of the small knowledge base says anything about it.
const OUT_OF_SCOPE: &str = "Can your staff teach my grandfather to ride a motorcycle?";

#[tokio::test]
async fn a_question_is_answered_as_it_is_written_with_its_source() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    assert!(shopper.session.get("conversation").is_none(), "opening the widget begins no conversation");
    assert!(text(&shopper.session, "/shop/greeting").contains("automated assistant"));

    let heard = shopper.asks(DELIVERY).await;

    assert_eq!(heard.decision(), "answer");
    assert_eq!(heard.reply["sources"], json!([{"type": "entry", "id": "delivery/time", "title": DELIVERY}]));
    for secret in ["confidence", "model", "milliseconds"] {
        assert!(heard.reply.get(secret).is_none(), "the shopper is not told {secret}");
    }
    let deltas: Vec<_> = heard.events.iter().filter(|told| told.name == "message.delta").collect();
    assert!(deltas.len() > 3, "the reply comes in pieces: {deltas:?}");
    assert!(deltas.iter().all(|delta| delta.id.is_none() && delta.data["message_id"] == heard.reply["id"]));
    let joined: String = deltas.iter().map(|delta| text(&delta.data, "/text")).collect();
    assert_eq!(joined, heard.says(), "the pieces are the message");
    assert!(heard.says().contains("2 to 3 working days"));
}

#[tokio::test]
async fn all_of_an_entry_is_on_its_own_page() {
    let app = TestApp::start().await;
    let shopper = app.shopper().await;
    let page = |id: &str| shopper.get(&format!("/api/v1/widget/entry?id={id}"));
    let found: Value = page("delivery/time").send().await.unwrap().json().await.unwrap();
    assert_eq!((text(&found, "/entry/id"), text(&found, "/entry/question")), ("delivery/time", DELIVERY));
    assert!(text(&found, "/entry/answer").contains("2 to 3 working days"));
    assert_eq!(page("delivery/nothing").send().await.unwrap().status(), 404);
    assert_eq!(page("../secrets").send().await.unwrap().status(), 404);
    let stranger = crate::support::http::client().get(app.url("/api/v1/widget/entry?id=delivery/time")).send().await.unwrap();
    assert_eq!(stranger.status(), 401, "the page is the widget's, as its conversation is");
}

#[tokio::test]
async fn an_order_is_shown_to_who_knows_its_number_and_email() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.asks("Where is my order?").await.decision(), "ask_order");
    let number_only = shopper.asks("#AP10011").await;
    assert_eq!(number_only.decision(), "ask_order");
    assert!(number_only.says().contains("e-mail"), "only what is missing is asked for: {}", number_only.says());

    let shown = shopper.asks("thomas.okafor@example.com").await;

    assert_eq!(shown.decision(), "order");
    assert_eq!(shown.reply["sources"], json!([{"type": "order", "number": "#AP10011"}]));
    assert!(shown.says().contains("#AP10011 has been delivered"), "{}", shown.says());
    assert!(!shown.says().contains("Juniper"), "no address: {}", shown.says());
}

#[tokio::test]
async fn what_does_not_fit_an_order_is_never_told_and_after_three_times_a_person_comes() {
    let app = TestApp::start().await;
    let wrong = ["#AP10011 mia.berg@example.com", "#AP99999 thomas.okafor@example.com", "#AP99999 nobody@example.com"];
    let mut said = Vec::new();
    for details in wrong {
        let mut shopper = app.shopper().await;
        shopper.asks("Where is my order?").await;
        let heard = shopper.asks(details).await;
        assert_eq!(heard.decision(), "ask_order");
        assert_eq!(heard.reply["sources"], json!([]));
        said.push(heard.says().to_owned());
    }
    assert!(said.iter().all(|line| *line == said[0]), "wrong e-mail, wrong number and both sound the same: {said:?}");

    let mut shopper = app.shopper().await;
    shopper.asks("Where is my order?").await;
    shopper.asks(wrong[0]).await;
    shopper.asks(wrong[1]).await;
    let third = shopper.asks(wrong[2]).await;
    assert_eq!(third.decision(), "handoff");
    let ana = app.agent("ana").await;
    let tickets = ana.tickets("unassigned").await;
    assert_eq!((&tickets["counts"]["unassigned"], text(&tickets, "/tickets/0/ticket/reason")), (&json!(1), "order_not_verified"));
}

#[tokio::test]
async fn what_no_entry_covers_is_one_ticket_and_one_line() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut shopper = app.shopper().await;

    let heard = shopper.asks(OUT_OF_SCOPE).await;
    assert_eq!(heard.decision(), "handoff");
    assert!(!heard.events.iter().any(|told| told.name == "message.delta"), "a handoff is not told word by word");
    shopper.stream.until(|told| told.name == "conversation.status_changed" && told.data["to"] == "open").await;
    // Whatever follows waits for the person.
    shopper.sends("It is a brown one, if that helps").await;

    let tickets = ana.tickets("unassigned").await;
    assert_eq!(tickets["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(tickets["counts"], json!({"unassigned": 1, "mine": 0, "open": 1}));
    assert_eq!(text(&tickets, "/tickets/0/ticket/reason"), "low_confidence");
    assert_eq!(text(&tickets, "/tickets/0/ticket/subject"), OUT_OF_SCOPE);
    assert_eq!(tickets["tickets"][0]["waiting"], true);
    let lines: Vec<_> = shopper.history().await.into_iter().filter(|message| message["author"]["type"] != "shopper").collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(text(&lines[0], "/content").lines().count(), 1);
}

#[tokio::test]
async fn a_reply_and_a_conversation_can_be_rated() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut desk = ana.listens().await;
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.posts("/api/v1/widget/csat", json!({"rating": 5})).await.status(), 404, "there is nothing to rate yet");
    let reply = shopper.asks(DELIVERY).await.reply;

    let answer = shopper.posts("/api/v1/widget/feedback", json!({"message_id": reply["id"], "helpful": false})).await;
    assert_eq!(answer.status(), 200);
    let updated = shopper.stream.first(|told| told.name == "message.updated").await;
    assert_eq!((&updated.data["id"], &updated.data["helpful"]), (&reply["id"], &json!(false)));
    let own = shopper.history().await[0]["id"].clone();
    assert_eq!(shopper.posts("/api/v1/widget/feedback", json!({"message_id": own, "helpful": true})).await.status(), 404);

    for rating in [0, 6, -1] {
        assert_eq!(shopper.posts("/api/v1/widget/csat", json!({"rating": rating})).await.status(), 422, "of {rating}");
    }
    let answer = shopper.posts("/api/v1/widget/csat", json!({"rating": 4, "comment": "quick"})).await;
    assert_eq!(answer.status(), 200);
    let rated = desk.first(|told| told.name == "conversation.rated").await;
    assert_eq!((&rated.data["rating"], &rated.data["comment"]), (&json!(4), &json!("quick")));
}

#[tokio::test]
async fn nobody_sees_or_rates_what_is_another_ones() {
    let app = TestApp::start().await;
    let (mut ann, mut ben) = (app.shopper().await, app.shopper().await);
    let reply = ann.asks(DELIVERY).await.reply;

    let answer = ben.posts("/api/v1/widget/feedback", json!({"message_id": reply["id"], "helpful": false})).await;
    assert_eq!(answer.status(), 404);
    assert_eq!(ann.history().await[1].get("helpful"), None);
    assert_eq!(ben.history().await, Vec::<Value>::new());

    let events = ben.asks("How can I pay?").await.events;
    assert!(events.iter().all(|told| told.data["conversation_id"] != reply["conversation_id"]), "{events:?}");
    assert!(ben.refresh().await.session["messages"].as_array().unwrap().iter().all(|m| m["conversation_id"] != reply["conversation_id"]));
    // Another one's echo id is another message.
    let echo = ann.history().await[0]["echo_id"].clone();
    let answer: Value = ben.posts("/api/v1/widget/messages", json!({"content": "mine", "echo_id": echo})).await.json().await.unwrap();
    assert_eq!(answer["message"]["content"], "mine");
}

#[tokio::test]
async fn a_card_number_is_not_kept() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    let answer = shopper.sends("my card 4111 1111 1111 1111 was charged twice").await;
    assert!(!text(&answer, "/message/content").contains("4111 1111"), "{answer}");
    assert!(text(&answer, "/message/content").ends_with("was charged twice"));
}

//! What a shopper lives through who waits for a person: when somebody will be there, an address to leave, the bot that goes on.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use nightdesk::support::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::support::shop::DAYS;
use crate::support::{Agent, PATIENCE, Program, Shop, Shopper, TestApp, text};

const DELIVERY: &str = "How long does delivery take?";
/// No entry of the small knowledge base says anything about it.
const OUT_OF_SCOPE: &str = "Can your staff teach my grandfather to ride a motorcycle?";
const PERSON: &str = "I want to talk to a human";

/// A shop that is open all the time.
fn always_open() -> Shop {
    let shop = Shop::new();
    shop.is_always_open();
    shop
}

/// A shop that opens in two days by the clocks of UTC, at nine; the weekday and the instant.
fn closed() -> (Shop, Weekday, Timestamp) {
    let date = TimeZone::UTC.to_datetime(SystemClock.now()).date().checked_add(2.days()).unwrap();
    let weekday = date.weekday();
    let shop = Shop::new();
    let day = DAYS[usize::try_from(weekday.to_monday_zero_offset()).unwrap()];
    shop.opens(&[(day, "09:00-17:00")]);
    (shop, weekday, TimeZone::UTC.to_timestamp(date.at(9, 0, 0, 0)).unwrap())
}

async fn availability(shopper: &Shopper) -> Value {
    let answer = shopper.get("/api/v1/widget/availability").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["availability"].take()
}

/// Waits until the widget is told so.
async fn until(shopper: &Shopper, state: &str) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while availability(shopper).await["state"] != state {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    assert!(waited.await.is_ok(), "the widget is never told {state}, but {}", availability(shopper).await);
}

async fn goes_on(shopper: &Shopper, on: bool) -> reqwest::Response {
    shopper.posts("/api/v1/widget/assistant", json!({"on": on})).await
}

fn of(history: &[Value], author: &str) -> usize {
    history.iter().filter(|message| message["author"]["type"] == author).count()
}

/// A shopper who waits, and the conversation's id.
async fn waiting(app: &TestApp) -> (Shopper, String) {
    let mut shopper = app.shopper().await;
    let reply = shopper.asks(PERSON).await.reply;
    (shopper, text(&reply, "/conversation_id").to_owned())
}

async fn the_ticket(agent: &Agent, conversation: &str) -> Value {
    agent.reads(conversation).await["ticket"].clone()
}

#[tokio::test]
async fn when_nobody_is_there_the_shopper_is_told_when_somebody_will_be() {
    let (shop, weekday, opens) = closed();
    let app = TestApp::serve(shop).await;
    let ana = app.agent("ana").await;
    let _console = ana.listens().await;
    let day = format!("{weekday:?}");
    let line = format!("on {day} at 09:00 (UTC time)");

    let mut shopper = app.shopper().await;
    assert_eq!(shopper.session["availability"], json!({"state": "closed", "opens_at": opens.to_string()}));
    let heard = shopper.asks(PERSON).await;
    assert!(heard.says().contains(&line), "the hours count more than an open console: {}", heard.says());
    assert_eq!(shopper.history().await.len(), 2, "one line for one handoff");

    let mut other = app.shopper().await;
    let said = other.asks("转人工").await;
    assert!(said.says().contains(" 09:00（UTC 时间）") && said.says().contains("星期"), "{}", said.says());

    let third = app.shopper().await;
    let answer: Value = third.posts("/api/v1/widget/handoff", json!({})).await.json().await.unwrap();
    assert_eq!(answer["availability"]["opens_at"], opens.to_string());
    let history = third.history().await;
    assert_eq!((of(&history, "system"), history.len()), (1, 1));
    assert!(text(&history[0], "/content").contains(&line), "{history:?}");

    let fourth = app.shopper().await;
    fourth.posts("/api/v1/widget/handoff", json!({"locale": "zh-CN"})).await;
    assert!(text(&fourth.history().await[0], "/content").contains(" 09:00（UTC 时间）"), "the line is in the widget's language");

    let ticket = the_ticket(&ana, text(&heard.reply, "/conversation_id")).await;
    assert_eq!(text(&ticket, "/priority"), "normal");
    let due: Timestamp = text(&ticket, "/due_at").parse().unwrap();
    assert_eq!(due, opens.checked_add(SignedDuration::from_hours(4)).unwrap(), "the night does not count");
}

#[tokio::test]
async fn a_replay_says_the_same_at_another_hour() {
    let (shop, ..) = closed();
    let mut app = TestApp::serve(shop).await;
    let (mut shopper, conversation) = waiting(&app).await;
    assert_eq!(goes_on(&shopper, true).await.status(), 200);
    shopper.asks(OUT_OF_SCOPE).await;
    app.shop.is_always_open();
    app.restart().await;
    let said = Program::of(&app.shop, &["replay", &conversation]).run().well();
    assert!(said.contains("2 turns, all the same"), "{said}");
}

#[tokio::test]
async fn who_is_at_the_desk_is_told() {
    let app = TestApp::serve(always_open()).await;
    let (ana, mut shopper) = (app.agent("ana").await, app.shopper().await);
    assert_eq!(shopper.session["availability"], json!({"state": "nobody"}), "to log in is not to be at the desk");
    assert!(shopper.asks(PERSON).await.says().contains("Nobody is there at the moment"));

    let console = ana.listens().await;
    until(&shopper, "online").await;
    let mut second = app.shopper().await;
    let heard = second.asks(PERSON).await;
    assert!(heard.says().ends_with("A person will reply here.") && !heard.says().contains("Nobody"), "{}", heard.says());

    assert_eq!(ana.posts("/presence", json!({"away": true})).await.json::<Value>().await.unwrap(), json!({"away": true}));
    until(&shopper, "nobody").await;
    assert_eq!(ana.gets("/presence").await.json::<Value>().await.unwrap(), json!({"away": true}));
    ana.posts("/presence", json!({"away": false})).await;
    until(&shopper, "online").await;

    drop(console);
    until(&shopper, "nobody").await;
    assert_eq!(app.stranger().posts("/presence", json!({"away": true})).await.status(), 401);
}

#[tokio::test]
async fn a_shop_without_hours_promises_no_time() {
    let app = TestApp::start().await;
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.session["availability"], json!({"state": "closed"}));
    let heard = shopper.asks(PERSON).await;
    assert!(heard.says().contains("A person will reply here") && heard.says().contains("do not know when"), "{}", heard.says());
}

#[tokio::test]
async fn an_address_that_is_left_reaches_the_agents_and_opens_no_order() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut desk = ana.listens().await;
    let (mut shopper, conversation) = waiting(&app).await;
    for wrong in ["", "mia", "mia@", "mia@shop", "mia @shop.example", "a@b.example\nbcc: c@d.example"] {
        let answer = shopper.posts("/api/v1/widget/email", json!({"email": wrong})).await;
        assert_eq!(answer.status(), 422, "of {wrong:?}");
    }
    // The address of a customer whose order is in the database.
    let answer = shopper.posts("/api/v1/widget/email", json!({"email": " Mia.Berg@example.com "})).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(text(&answer.json().await.unwrap(), "/contact/email"), "mia.berg@example.com");

    let told = desk.first(|told| told.name == "conversation.updated").await;
    assert_eq!((text(&told.data, "/conversation_id"), text(&told.data, "/what")), (conversation.as_str(), "email_left"));
    assert_eq!(text(&ana.reads(&conversation).await, "/contact/email"), "mia.berg@example.com");
    assert_eq!(text(&ana.tickets("unassigned").await, "/tickets/0/contact_name"), "mia.berg@example.com");
    assert_eq!(text(&shopper.refresh().await.session, "/contact/email"), "mia.berg@example.com");

    assert_eq!(goes_on(&shopper, true).await.status(), 200);
    let heard = shopper.asks("Where is my order #AP10042?").await;
    assert_eq!(heard.decision(), "ask_order", "an address that anybody can type proves nothing: {}", heard.says());

    // Before there is a conversation, the address waits for it.
    let early = app.shopper().await;
    assert_eq!(early.posts("/api/v1/widget/email", json!({"email": "eve@example.com"})).await.status(), 200);
    assert!(early.refresh().await.session.get("conversation").is_none(), "to leave an address begins no conversation");
}

#[tokio::test]
async fn the_bot_goes_on_where_the_shopper_wishes_it() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let nobody = app.shopper().await;
    assert_eq!(goes_on(&nobody, true).await.status(), 404);
    let (mut shopper, conversation) = waiting(&app).await;

    // Written while nobody answers; it is answered as soon as the bot may.
    shopper.sends(DELIVERY).await;
    let answer: Value = goes_on(&shopper, true).await.json().await.unwrap();
    assert_eq!((&answer["conversation"]["status"], &answer["conversation"]["assisted"]), (&json!("open"), &json!(true)));
    let heard = shopper.stream.first(|told| told.is_message_of("bot")).await;
    assert_eq!(text(&heard.data, "/decision"), "answer");
    assert_eq!(shopper.asks("How can I pay?").await.decision(), "answer");

    let unknown = shopper.asks(OUT_OF_SCOPE).await;
    assert!(unknown.says().contains("kept for our team"), "{}", unknown.says());
    let person = shopper.asks(PERSON).await;
    assert!(person.says().contains("already"), "{}", person.says());
    let tickets = ana.tickets("unassigned").await;
    assert_eq!(tickets["counts"], json!({"unassigned": 1, "mine": 0, "open": 1}), "one request is one ticket");
    let line = &tickets["tickets"][0];
    assert_eq!((&line["waiting"], &line["conversation"]["assisted"]), (&json!(true), &json!(true)), "the shopper still waits for a person");

    // Not any more.
    assert_eq!(goes_on(&shopper, false).await.status(), 200);
    let before = of(&shopper.history().await, "bot");
    shopper.sends(DELIVERY).await;
    assert_eq!(goes_on(&shopper, true).await.status(), 200);
    shopper.stream.first(|told| told.is_message_of("bot")).await;
    assert_eq!(of(&shopper.history().await, "bot"), before + 1, "it said nothing in between");

    // A person takes over, and the bot is silent.
    assert_eq!(ana.does("claim", &conversation).await.status(), 200);
    shopper.stream.first(|told| told.name == "conversation.status_changed" && told.data["reason"] == "claimed").await;
    assert_eq!(goes_on(&shopper, true).await.status(), 409);
    shopper.sends("How do I return an item?").await;
    assert_eq!(ana.replies(&conversation, "Hello, Ana here.").await.status(), 201);
    shopper.hears_agent().await;
    assert_eq!(of(&shopper.history().await, "bot"), before + 1, "no word of the bot after a claim");
}

//! Other programs of the shop are told what happens: in order, signed, at least once, and without harm to anybody who chats.

use std::collections::BTreeSet;
use std::time::Duration;

use nightdesk::jobs::webhooks::{VERIFIER, sign};
use nightdesk::support::Timestamp;
use serde_json::Value;

use crate::support::{Database, Delivered, Mood, Program, Receiver, Serving, Shop, Shopper, TestApp, root, text};

const SECRET: &str = "0123456789abcdef-hush";

/// A shop that tries again soon.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.add("[webhooks]\nretry_ms = 50\ntimeout_ms = 2000\n");
    shop
}

fn endpoint(shop: &Shop, name: &str, url: &str, more: &str) {
    shop.add(&format!("[webhooks.endpoints.{name}]\nurl = {url:?}\nsecret = {SECRET:?}\n{more}\n"));
}

/// A shop whose `crm` is told everything.
fn shop_with(receiver: &Receiver) -> Shop {
    let shop = shop();
    endpoint(&shop, "crm", &receiver.url(), "allow_private = true");
    shop
}

fn serve(shop: &Shop) -> Serving {
    Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve()
}

fn is_of_bot(told: &Delivered) -> bool {
    told.event() == "message_created" && text(&told.json, "/message/author/type") == "bot"
}

fn lines(told: &[Delivered]) -> Vec<String> {
    let line = |told: &Delivered| {
        let (seq, actor) = (told.json["seq"].as_i64().unwrap_or_default(), text(&told.json, "/actor/type"));
        format!("{seq} {} {actor}", told.event())
    };
    told.iter().map(line).collect()
}

#[tokio::test]
async fn what_happens_is_told_in_order_with_who_did_it() {
    let mut crm = Receiver::start().await;
    let app = TestApp::serve(shop_with(&crm)).await;
    let mut shopper = app.shopper().await;
    let opened = crm.first(|told| told.event() == "webwidget_triggered").await;
    assert_eq!(text(&opened.json, "/actor/type"), "shopper");
    assert!(opened.json.get("conversation").is_none() && opened.json.get("seq").is_none(), "{}", opened.json);

    shopper.asks("How can I pay?").await;
    let told = crm.until(is_of_bot).await;
    assert_eq!(lines(&told), ["1 conversation_created shopper", "1 message_created shopper", "2 message_created bot"]);
    let bot = &told[2].json;
    assert_eq!(text(bot, "/actor/version"), env!("CARGO_PKG_VERSION"));
    assert_eq!((text(bot, "/message/sources/0/id"), text(bot, "/conversation/status")), ("payment/ways", "pending"));
    assert!(bot["message"]["confidence"].is_f64(), "as agents see it: {bot}");
    assert_eq!(text(bot, "/contact/id"), text(&opened.json, "/contact/id"));

    let reply = shopper.asks("I want to talk to a human").await.reply;
    let conversation = text(&reply, "/conversation_id").to_owned();
    let agent = app.agent("ana").await;
    assert_eq!(agent.does("claim", &conversation).await.status(), 200);
    assert_eq!(agent.replies(&conversation, "Here I am.").await.status(), 201);
    shopper.posts("/api/v1/widget/feedback", serde_json::json!({"message_id": text(bot, "/message/id"), "helpful": true})).await;
    let told = crm.until(|told| told.event() == "message_updated").await;
    let expect = [
        "3 message_created shopper",
        "4 message_created bot",
        "5 conversation_status_changed bot",
        "6 conversation_status_changed agent",
        "7 message_created agent",
        "8 message_updated shopper",
    ];
    assert_eq!(lines(&told), expect);
    let change = |told: &Delivered| ["from", "to", "reason"].map(|key| text(&told.json, &format!("/change/{key}")).to_owned());
    assert_eq!(change(&told[2]), ["pending", "open", "asked"]);
    assert_eq!(change(&told[3])[1..], ["open", "claimed"]);
    assert_eq!((text(&told[3].json, "/ticket/reason"), text(&told[3].json, "/ticket/assignee/name")), ("asked", "ana"));
    assert_eq!((text(&told[3].json, "/actor/name"), told[4].says()), ("ana", "Here I am."));
    assert_eq!(told[5].json["message"]["helpful"], true);

    // Each delivery has its own id and a signature over its second and its bytes.
    let ids: BTreeSet<&str> = told.iter().map(Delivered::id).collect();
    assert_eq!(ids.len(), told.len());
    for told in &told {
        let second = told.header("x-nightdesk-timestamp").parse().unwrap();
        let signature = sign(&SECRET.into(), Timestamp::from_second(second).unwrap(), &told.body);
        assert_eq!((told.header("x-nightdesk-signature"), text(&told.json, "/delivery")), (signature.as_str(), told.id()));
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_chose() {
    let (mut desk, mut shopfront) = (Receiver::start().await, Receiver::start().await);
    let shop = shop();
    endpoint(&shop, "desk", &desk.url(), "allow_private = true\nevents = ['conversation_status_changed']");
    endpoint(&shop, "front", &shopfront.url(), "allow_private = true\nevents = ['webwidget_triggered', 'conversation_created']");
    let app = TestApp::serve(shop).await;
    let mut shopper = app.shopper().await;
    shopper.refresh().await;
    shopper.asks("How can I pay?").await;
    shopper.asks("I want to talk to a human").await;
    let told = desk.until(|_| true).await;
    assert_eq!(lines(&told), ["5 conversation_status_changed bot"]);
    let mut told = lines(&[shopfront.first(|_| true).await, shopfront.first(|_| true).await]);
    told.sort();
    assert_eq!(told, ["0 webwidget_triggered shopper", "1 conversation_created shopper"], "opened twice is told once");
    assert!(desk.rest().is_empty() && shopfront.rest().is_empty());
}

#[tokio::test]
async fn a_retry_has_the_same_id_and_a_signature_of_its_own_time() {
    let mut crm = Receiver::start().await;
    let app = TestApp::serve(shop_with(&crm)).await;
    let mut shopper = app.shopper().await;
    crm.first(|told| told.event() == "webwidget_triggered").await;
    // One says that the receiver is not well, the other one that it does not like this delivery.
    for status in [500, 422] {
        crm.is(Mood::Answers(status));
        shopper.asks("How can I pay?").await;
        let failed = crm.first(|told| told.event() == "message_created" && told.mood == Mood::Answers(status)).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        crm.is(Mood::Well);
        let mut well = Vec::new();
        let of_the_same = |well: &[Delivered]| well.iter().position(|told| told.id() == failed.id());
        while of_the_same(&well).is_none() || !well.iter().any(is_of_bot) {
            well.push(crm.first(|told| told.mood == Mood::Well).await);
        }
        let again = &well[of_the_same(&well).unwrap()];
        assert_eq!((again.says(), again.event()), (failed.says(), failed.event()));
        assert_ne!(again.header("x-nightdesk-timestamp"), failed.header("x-nightdesk-timestamp"));
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_neither_the_chat_nor_another_receiver() {
    let (mut hung, mut well) = (Receiver::start().await, Receiver::start().await);
    let shop = shop_with(&hung);
    endpoint(&shop, "erp", &well.url(), "allow_private = true");
    let app = TestApp::serve(shop).await;
    hung.is(Mood::Hangs);
    let mut shopper = app.shopper().await;
    let questions = ["How can I pay?", "Do I get an invoice?", "Do you deliver on Saturdays?", "How do I return an item?"];
    for question in questions {
        // The shopper's own patience for a reply is in here.
        shopper.asks(question).await;
        well.first(|told| is_of_bot(told) && text(&told.json, "/message/sources/0/title") == question).await;
    }
    let waits = hung.first(|told| told.event() == "message_created").await;
    hung.is(Mood::Well);
    // All that it missed, once it is well, and under the id that it had.
    let mut missing: BTreeSet<String> = questions.iter().map(|question| (*question).to_owned()).collect();
    let mut ids = BTreeSet::new();
    while !missing.is_empty() {
        let told = hung.first(|told| told.mood == Mood::Well).await;
        missing.remove(told.says());
        ids.insert(told.id().to_owned());
    }
    assert!(ids.contains(waits.id()));
}

/// Waits until a receiver that is well has taken the messages of these numbers, in whatever order; all that it took meanwhile.
async fn takes(crm: &mut Receiver, mut missing: BTreeSet<i64>) -> Vec<Delivered> {
    let mut taken = Vec::new();
    while !missing.is_empty() {
        let told = crm.first(|told| told.event() == "message_created" && told.mood == Mood::Well).await;
        missing.remove(&told.json["seq"].as_i64().unwrap());
        taken.push(told);
    }
    taken
}

#[tokio::test]
async fn what_happened_before_a_kill_is_told_after_it() {
    let mut crm = Receiver::start().await;
    let shop = shop_with(&crm);
    // However slow the machine is, and so however often it is tried in vain, the pauses stay short.
    shop.set("retry_ms = 50", "retry_ms = 10");
    let server = serve(&shop);
    let mut shopper = Shopper::arrive(&server.url).await;
    shopper.asks("How can I pay?").await;
    crm.first(is_of_bot).await;

    // It has heard, and its answer never comes: the process dies with the delivery under way.
    crm.is(Mood::Hangs);
    shopper.asks("Do I get an invoice?").await;
    let underway = crm.first(|told| told.says() == "Do I get an invoice?").await;
    server.kill();
    crm.is(Mood::Well);
    let server = serve(&shop);
    shopper.follow(&server.url).await;
    // What was said before is told once more: only then does the next reply answer the next question.
    shopper.stream.first(|told| told.is_message_of("bot") && told.data["seq"] == 4).await;
    let told = takes(&mut crm, [3, 4].into()).await;
    let again = told.iter().find(|told| told.says() == underway.says()).unwrap();
    assert_eq!(again.id(), underway.id());

    // It is down; some of what it is to be told was tried, some was not.
    crm.is(Mood::Answers(503));
    for question in ["Do you deliver on Saturdays?", "How do I return an item?", "How much does delivery cost?"] {
        shopper.asks(question).await;
    }
    crm.first(|told| told.mood == Mood::Answers(503)).await;
    server.kill();
    crm.is(Mood::Well);
    let server = serve(&shop);
    takes(&mut crm, (5..=10).collect()).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test]
async fn a_stop_waits_for_no_receiver_that_hangs() {
    let mut crm = Receiver::start().await;
    let shop = shop();
    shop.set("timeout_ms = 2000", "timeout_ms = 60000");
    endpoint(&shop, "crm", &crm.url(), "allow_private = true");
    let server = serve(&shop);
    crm.is(Mood::Hangs);
    let mut shopper = Shopper::arrive(&server.url).await;
    shopper.asks("How can I pay?").await;
    let hung = crm.first(|told| told.mood == Mood::Hangs).await;
    let began = std::time::Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(30), "half of what the receiver may take: {:?}", began.elapsed());

    crm.is(Mood::Well);
    let server = serve(&shop);
    crm.first(|told| told.id() == hung.id() && told.mood == Mood::Well).await;
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_address_is_refused_and_said_so() {
    let mut crm = Receiver::start().await;
    let shop = shop();
    let log = shop.path().join("server.log");
    // By its name, so that what the name leads to is what is refused.
    endpoint(&shop, "crm", &crm.url().replace("127.0.0.1", "localhost"), "");
    let server = Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").log_into(&log).serve();
    let mut shopper = Shopper::arrive(&server.url).await;
    shopper.asks("How can I pay?").await;

    let said = "is a private address; set allow_private = true for this endpoint if it is meant";
    let began = std::time::Instant::now();
    let listed = loop {
        let listed = Program::of(&shop, &["webhooks", "list"]).run().well();
        if listed.contains(said) {
            break listed;
        }
        assert!(began.elapsed() < crate::support::PATIENCE, "{listed}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for part in ["crm", "/hooks  everything", "dead 0", "waiting crm", "refused: "] {
        assert!(listed.contains(part), "no {part:?} in {listed}");
    }
    assert!(!listed.contains("hush") && !listed.contains("How can I pay"), "{listed}");
    let ping = Program::of(&shop, &["webhooks", "test", "crm"]).run().sentence();
    assert!(ping.contains("crm did not take the ping") && ping.contains(said), "{ping}");
    assert_eq!(server.stop(), Some(0));
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(logged.contains("the endpoint takes no webhooks") && logged.contains(said), "{logged}");
    assert!(!logged.contains("How can I pay") && !logged.contains("hush"), "{logged}");
    assert!(crm.rest().is_empty(), "nobody knocked");

    // The engineer has read it.
    shop.set(&format!("secret = {SECRET:?}\n"), &format!("secret = {SECRET:?}\nallow_private = true\n"));
    let ping = Program::of(&shop, &["webhooks", "test", "crm"]).run().well();
    assert!(ping.starts_with("crm answered 204 in "), "{ping}");
    assert_eq!(crm.first(|_| true).await.event(), "ping");
    let server = serve(&shop);
    crm.first(is_of_bot).await;
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn endpoints_are_checked_and_shown_without_their_secrets() {
    let shop = shop();
    let list = || Program::of(&shop, &["webhooks", "list"]).run().well();
    assert!(list().starts_with("no endpoints;"));
    endpoint(&shop, "crm", "https://crm.example/hooks?key=hush", "events = ['message_created', 'message_updated']");
    let checked = Program::of(&shop, &["config", "check"]).run().well();
    assert!(checked.contains("  webhook    crm at https://crm.example/hooks\n") && !checked.contains("hush"), "{checked}");
    let listed = list();
    assert!(listed.contains("message_created, message_updated") && listed.contains("no server has run with it"), "{listed}");
    assert_eq!(Program::of(&shop, &["webhooks", "retry"]).run().well(), "nothing was given up\n");
    let unknown = Program::of(&shop, &["webhooks", "retry", "0198c5c1-4f2e-7d3a-9b1c-2f6a8e0d4c7b"]).run().sentence();
    assert!(unknown.contains("there is no delivery 0198c5c1"), "{unknown}");
    let unknown = Program::of(&shop, &["webhooks", "test", "erp"]).run().sentence();
    assert!(unknown.contains("there is no endpoint `erp`"), "{unknown}");

    // The secret is better kept out of the file.
    let program = || Program::of(&shop, &["config", "check"]);
    shop.set(&format!("secret = {SECRET:?}\n"), "");
    assert!(program().run().sentence().contains("secret"));
    program().env("NIGHTDESK__WEBHOOKS__ENDPOINTS__CRM__SECRET", SECRET).run().well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_tells_and_the_other_one_takes_over() {
    let Some(database) = Database::new().await else { return };
    let mut crm = Receiver::start().await;
    let shops = [shop_with(&crm), shop_with(&crm)];
    let start = |shop: &Shop| {
        let program = Program::of(shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0");
        program.env("NIGHTDESK__DATABASE__URL", &database.url()).serve()
    };
    let (here, there) = (start(&shops[0]), start(&shops[1]));
    let mut shopper = Shopper::arrive(&there.url).await;
    shopper.asks("How can I pay?").await;
    let told = crm.until(is_of_bot).await;
    let ids: BTreeSet<&str> = told.iter().map(Delivered::id).collect();
    assert_eq!(ids.len(), told.len(), "once each, although two processes know of it: {:?}", lines(&told));

    here.kill();
    shopper.asks("Do I get an invoice?").await;
    let after = crm.until(|told| is_of_bot(told) && !ids.contains(told.id())).await;
    // What the killed one could not write down any more comes once more, under the same ids.
    let new: Vec<Delivered> = after.into_iter().filter(|told| !ids.contains(told.id())).collect();
    assert_eq!(lines(&new), ["3 message_created shopper", "4 message_created bot"]);
    assert_eq!(there.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_verifier_takes_what_is_genuine_and_nothing_else() {
    let Some(mut verifier) = crate::support::Verifier::start(SECRET) else { return };
    let mut crm = Receiver::start().await;
    let shop = shop_with(&crm);
    endpoint(&shop, "verified", &verifier.url(), "allow_private = true");
    let app = TestApp::serve(shop).await;
    app.shopper().await.asks("How can I pay?").await;

    // Straight from the desk.
    let mut taken: Vec<Value> = Vec::new();
    while taken.last().is_none_or(|event| event["actor"]["type"] != "bot") {
        taken.push(verifier.next_event());
    }
    let names: BTreeSet<&str> = taken.iter().map(|event| text(event, "/event")).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["conversation_created", "message_created", "webwidget_triggered"]);

    // What another endpoint got has the same secret and other ids: genuine, and new to this one.
    let genuine = crm.first(is_of_bot).await;
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let second: i64 = genuine.header("x-nightdesk-timestamp").parse().unwrap();
    let signed = |secret: &str, second: i64| sign(&secret.into(), at(second), &genuine.body);
    let check = async |what: (i64, String, &str, &[u8]), expect: (u16, &str)| {
        let (second, signature, id, body) = what;
        let request = crate::support::http::client().post(verifier.url()).body(body.to_vec());
        let request = request.header("x-nightdesk-timestamp", second).header("x-nightdesk-signature", signature);
        let answer = request.header("x-nightdesk-delivery", id).send().await.unwrap();
        let status = answer.status().as_u16();
        let said = answer.text().await.unwrap();
        assert_eq!((status, said.as_str()), expect);
    };
    let (unsigned, misfit) = ((401, "the signature does not fit"), (401, "it is older or newer than five minutes"));
    let changed = String::from_utf8(genuine.body.to_vec()).unwrap().replacen("bot", "but", 1).into_bytes();
    assert_ne!(changed, genuine.body);
    check((second, signed(SECRET, second), genuine.id(), &changed), unsigned).await;
    check((second, signed("another secret of that length", second), genuine.id(), &genuine.body), unsigned).await;
    check((second + 1, signed(SECRET, second), genuine.id(), &genuine.body), unsigned).await;
    check((second, String::new(), genuine.id(), &genuine.body), unsigned).await;
    check((second - 301, signed(SECRET, second - 301), genuine.id(), &genuine.body), misfit).await;
    check((second + 1_000, signed(SECRET, second + 1_000), genuine.id(), &genuine.body), misfit).await;
    check((second, signed(SECRET, second), "another", &genuine.body), (401, "the delivery id is another one")).await;
    // After all that it is still new; a second time it is not, also with a signature of now.
    check((second, signed(SECRET, second), genuine.id(), &genuine.body), (200, "taken")).await;
    check((second, signed(SECRET, second), genuine.id(), &genuine.body), (200, "known")).await;
    check((second + 2, signed(SECRET, second + 2), genuine.id(), &genuine.body), (200, "known")).await;
    assert_eq!(text(&verifier.next_event(), "/delivery"), genuine.id());
}

#[test]
fn the_readme_shows_the_sample_as_it_is() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the README shows the sample");
    let lines: Vec<&str> = shown.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines.len() > 8, "{shown}");
    for line in lines {
        assert!(VERIFIER.lines().any(|own| own.trim() == line), "the sample has no line {line:?}");
    }
}

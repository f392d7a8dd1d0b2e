//! What an agent does in the console.

use serde_json::{Value, json};

use crate::support::http::client;
use crate::support::{Agent, Shopper, TestApp, text};

/// A shopper who waits for a person; the conversation's id.
pub async fn waiting(app: &TestApp) -> (Shopper, String) {
    let mut shopper = app.shopper().await;
    let reply = shopper.asks("I want to talk to a human").await.reply;
    (shopper, text(&reply, "/conversation_id").to_owned())
}

/// Takes a conversation.
pub async fn claim(agent: &Agent, conversation: &str) -> Value {
    let answer = agent.does("claim", conversation).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn only_the_right_password_logs_in_and_nobody_learns_which_part_was_wrong() {
    let app = TestApp::start().await;
    app.hire("ana").await;
    let browser = app.stranger();
    let mut refused = Vec::new();
    for (email, password) in [("ana@shop.example", "wrong"), ("nobody@shop.example", "correct horse battery"), ("", ""), ("\u{0}", "\u{0}")]
    {
        let answer = browser.log_in(email, password).await;
        assert_eq!(answer.status(), 401, "{email:?}");
        assert!(answer.headers().get("set-cookie").is_none());
        refused.push(answer.json::<Value>().await.unwrap());
    }
    assert!(refused.iter().all(|body| *body == refused[0]), "{refused:?}");

    let answer = browser.log_in("ANA@shop.example", "correct horse battery").await;
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for flag in ["nightdesk_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie} has {flag}");
    }
    let body: Value = answer.json().await.unwrap();
    assert_eq!((text(&body, "/agent/name"), text(&body, "/agent/role")), ("ana", "agent"));
    assert!(!body.to_string().contains("argon2"), "{body}");
    assert_eq!(browser.gets("/me").await.status(), 200);

    assert_eq!(browser.posts("/logout", json!({})).await.status(), 204);
    assert_eq!(browser.gets("/me").await.status(), 401);
}

#[tokio::test]
async fn a_session_ends_on_the_server_and_not_only_in_the_browser() {
    let app = TestApp::start().await;
    app.hire("ana").await;
    let browser = app.stranger();
    let answer = browser.log_in("ana@shop.example", "correct horse battery").await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let stolen = || client().get(app.url("/api/v1/agent/me")).header("cookie", &cookie).send();
    assert_eq!(stolen().await.unwrap().status(), 200);
    browser.posts("/logout", json!({})).await;
    assert_eq!(stolen().await.unwrap().status(), 401);
}

#[tokio::test]
async fn without_a_login_nothing_is_shown_or_done() {
    let app = TestApp::start().await;
    let (shopper, conversation) = waiting(&app).await;
    let stranger = app.stranger();
    for path in ["/me", "/tickets", "/events", &format!("/conversations/{conversation}")] {
        assert_eq!(stranger.gets(path).await.status(), 401, "GET {path}");
    }
    for action in ["claim", "resolve", "return"] {
        assert_eq!(stranger.does(action, &conversation).await.status(), 401, "{action}");
    }
    assert_eq!(stranger.replies(&conversation, "hello").await.status(), 401);
    // A shopper's token is no agent's session.
    let client = client();
    let with_cookie = client.get(app.url("/api/v1/agent/me")).header("cookie", format!("nightdesk_session={}", shopper.token));
    assert_eq!(with_cookie.send().await.unwrap().status(), 401);
    let with_bearer = client.get(app.url("/api/v1/agent/tickets")).bearer_auth(&shopper.token);
    assert_eq!(with_bearer.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_page_of_another_site_cannot_act_for_an_agent() {
    let app = TestApp::start().await;
    app.hire("ana").await;
    let body = json!({"email": "ana@shop.example", "password": "correct horse battery"});
    for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let request = client().post(app.url("/api/v1/agent/login")).header(header, value).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 403, "{header}: {value}");
    }
}

#[tokio::test]
async fn the_lists_and_their_numbers_follow_the_work() {
    let app = TestApp::start().await;
    let (ana, ben) = (app.agent("ana").await, app.agent("ben").await);
    let (_first, one) = waiting(&app).await;
    let (_second, two) = waiting(&app).await;
    let ids = |list: &Value| -> Vec<String> {
        list["tickets"].as_array().unwrap().iter().map(|line| text(line, "/conversation/id").to_owned()).collect()
    };
    assert_eq!(ids(&ana.tickets("unassigned").await), [one.clone(), two.clone()], "who waits longest is first");

    claim(&ana, &one).await;

    assert_eq!(ana.tickets("unassigned").await["counts"], json!({"unassigned": 1, "mine": 1, "open": 2}));
    assert_eq!(ben.tickets("unassigned").await["counts"], json!({"unassigned": 1, "mine": 0, "open": 2}));
    assert_eq!(ids(&ana.tickets("mine").await), std::slice::from_ref(&one));
    assert_eq!(ids(&ben.tickets("mine").await), Vec::<String>::new());
    assert_eq!(ids(&ben.tickets("unassigned").await), std::slice::from_ref(&two));

    assert_eq!(ana.does("resolve", &one).await.status(), 200);
    assert_eq!(ana.tickets("open").await["counts"], json!({"unassigned": 1, "mine": 0, "open": 1}));
    assert_eq!(ids(&ana.tickets("closed").await), [one]);
    assert_eq!(ana.gets("/tickets?queue=nonsense").await.status(), 400);
}

#[tokio::test]
async fn an_agent_sees_why_the_bot_said_what_it_said() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut shopper = app.shopper().await;
    let reply = shopper.asks("How long does delivery take?").await.reply;
    let detail = ana.reads(text(&reply, "/conversation_id")).await;
    let seen = &detail["messages"][1];
    assert!(seen["confidence"].as_f64().unwrap() >= 0.6, "{seen}");
    assert_eq!(seen["model"], "stored");
    assert_eq!(seen["sources"][0]["id"], "delivery/time");
    assert!(detail.get("ticket").is_none(), "the bot's conversations have no ticket");
}

#[tokio::test]
async fn two_agents_want_it_and_the_second_is_told_who_has_it() {
    let app = TestApp::start().await;
    let (ana, ben) = (app.agent("ana").await, app.agent("ben").await);
    let (_shopper, conversation) = waiting(&app).await;
    let claimed = claim(&ana, &conversation).await;
    assert_eq!(text(&claimed, "/conversation/assignee/name"), "ana");
    for refused in
        [ben.does("claim", &conversation).await, ben.replies(&conversation, "hi").await, ben.does("resolve", &conversation).await]
    {
        assert_eq!(refused.status(), 409);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(text(&body, "/error/code"), "taken");
        assert!(text(&body, "/error/message").contains("ana"), "{body}");
    }
    assert_eq!(claim(&ana, &conversation).await["conversation"]["assignee"], claimed["conversation"]["assignee"], "twice is no fault");
}

#[tokio::test]
async fn a_reply_reaches_the_shopper_and_the_bot_is_silent() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut desk = ana.listens().await;
    let (mut shopper, conversation) = waiting(&app).await;
    claim(&ana, &conversation).await;

    let answer = ana.replies(&conversation, "Hello, Ana here.").await;
    assert_eq!(answer.status(), 201);
    let message = shopper.hears_agent().await;
    assert_eq!((text(&message, "/content"), text(&message, "/author/name")), ("Hello, Ana here.", "ana"));

    // A question that the bot could answer, while a person has the conversation: nobody answers but the person.
    shopper.sends("How long does delivery take?").await;
    let heard = desk.first(|told| told.data["content"] == "How long does delivery take?").await;
    assert_eq!(text(&heard.data, "/conversation_id"), conversation);
    assert_eq!(ana.replies(&conversation, "Two to three days, as it says.").await.status(), 201);
    shopper.stream.until(|told| told.data["content"] == "Two to three days, as it says.").await;
    let bot: Vec<Value> = shopper.history().await.into_iter().filter(|message| message["author"]["type"] == "bot").collect();
    assert_eq!(bot.len(), 1, "only the handoff's line: {bot:?}");
    let ticket = ana.reads(&conversation).await["ticket"].clone();
    assert!(ticket["first_reply_at"].is_string(), "{ticket}");
}

#[tokio::test]
async fn after_a_resolution_the_next_message_is_the_bots_again() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let (mut shopper, conversation) = waiting(&app).await;
    claim(&ana, &conversation).await;
    assert_eq!(ana.replies(&conversation, "Done.").await.status(), 201);
    let resolved: Value = ana.does("resolve", &conversation).await.json().await.unwrap();
    assert_eq!(resolved["conversation"]["status"], "resolved");
    let told = shopper.stream.first(|told| told.name == "conversation.status_changed" && told.data["to"] == "resolved").await;
    assert_eq!(text(&told.data, "/conversation_id"), conversation);
    assert_eq!(ana.reads(&conversation).await["ticket"]["state"], "closed");

    let heard = shopper.asks("How long does delivery take?").await;

    assert_eq!(heard.decision(), "answer");
    assert_eq!(text(&heard.reply, "/conversation_id"), conversation);
    assert_eq!(ana.reads(&conversation).await["conversation"]["status"], "pending");
    assert_eq!(ana.tickets("open").await["counts"]["open"], 0);
}

//! What nobody should send: a clear refusal or a calm reply, never an error of ours, and the server goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::http::client;
use crate::support::{Shop, TestApp, text};

const MESSAGES: &str = "/api/v1/widget/messages";

/// The status of an answer and the code in its body.
async fn verdict(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    if status < 400 {
        return (status, String::new());
    }
    let sentence = body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    assert!(!sentence.is_empty(), "a refusal with {status} says why: {body}");
    (status, text(&body, "/error/code").to_owned())
}

/// Writes bytes to the server and reads the status line that comes back; 0 where the line is closed without one.
async fn raw(app: &TestApp, bytes: &[u8]) -> u16 {
    let address = app.url("").trim_start_matches("http://").to_owned();
    let mut line = TcpStream::connect(address).await.unwrap();
    // The server may refuse before all is written.
    let _ = line.write_all(bytes).await;
    let mut head = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(10), line.read_exact(&mut head)).await;
    match read {
        Ok(Ok(_)) => std::str::from_utf8(&head[9..]).unwrap().parse().unwrap(),
        _ => 0,
    }
}

#[tokio::test]
async fn bodies_that_are_none() {
    let app = TestApp::start().await;
    let shopper = app.shopper().await;
    let message = |content: &str| format!(r#"{{"content": {content}, "echo_id": "1"}}"#).into_bytes();
    let deep = format!("{}{}", r#"{"content": "#, "[".repeat(30_000)).into_bytes();
    let deep_in_string = message(&format!("\"{}\"", "[".repeat(3_000)));
    let json = Some("application/json");
    for (content_type, body, status, code) in [
        (json, message(r#""""#), 422, "invalid_content"),
        (json, message(r#"" \t\n\u00a0\u3000""#), 422, "invalid_content"),
        (json, message(r#""\u200b\u200d""#), 422, "invalid_content"),
        (json, message(r#""\u0000""#), 422, "invalid_content"),
        (json, message(&format!("\"{}\"", "a".repeat(8_001))), 422, "invalid_content"),
        (json, message(&format!("\"{}\"", "a".repeat(70_000))), 413, "too_large"),
        (json, message("5"), 400, "bad_request"),
        (json, message("null"), 400, "bad_request"),
        (json, br#"{"content": "a", "echo_id": ""}"#.to_vec(), 422, "invalid_content"),
        (json, br#"{"content": "a", "echo_id": "two words"}"#.to_vec(), 422, "invalid_content"),
        (json, format!(r#"{{"content": "a", "echo_id": "{}"}}"#, "x".repeat(129)).into_bytes(), 422, "invalid_content"),
        (json, br#"{"content": "a"}"#.to_vec(), 400, "bad_request"),
        (json, br#"{"content": "a", "echo_id": "1", "author": "agent"}"#.to_vec(), 400, "bad_request"),
        (json, br#"{"content": "a", "content": "b", "echo_id": "1"}"#.to_vec(), 400, "bad_request"),
        (json, br#"["a", "1"]"#.to_vec(), 400, "bad_request"),
        (json, b"null".to_vec(), 400, "bad_request"),
        (json, b"".to_vec(), 400, "invalid_json"),
        (json, b"{".to_vec(), 400, "invalid_json"),
        (json, b"{'content': 'a', 'echo_id': '1'}".to_vec(), 400, "invalid_json"),
        (json, b"{\"content\": \"a\", \"echo_id\": \"1\"} and more".to_vec(), 400, "invalid_json"),
        (json, b"{\"content\": \"a\xff\xfe\", \"echo_id\": \"1\"}".to_vec(), 400, "invalid_json"),
        (json, b"{\"content\": \"a\0b\", \"echo_id\": \"1\"}".to_vec(), 400, "invalid_json"),
        (json, b"\xef\xbb\xbf{\"content\": \"a\", \"echo_id\": \"1\"}".to_vec(), 400, "invalid_json"),
        (json, br#"{"content": "\ud800", "echo_id": "1"}"#.to_vec(), 400, "invalid_json"),
        (json, deep, 400, "bad_request"),
        (json, vec![0; 1_000], 400, "invalid_json"),
        (json, deep_in_string, 202, ""),
        (Some("application/json; charset=utf-8"), message(r#""with a NUL \u0000 in it""#), 202, ""),
        (Some("text/plain"), message(r#""a""#), 415, "unsupported_media_type"),
        (Some("application/x-www-form-urlencoded"), b"content=a&echo_id=1".to_vec(), 415, "unsupported_media_type"),
        (Some("\u{7f}"), message(r#""a""#), 415, "unsupported_media_type"),
        (None, message(r#""a""#), 415, "unsupported_media_type"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let mut request = shopper.post(MESSAGES).body(body);
        if let Some(content_type) = content_type {
            request = request.header(
                "content-type",
                reqwest::header::HeaderValue::from_bytes(content_type.as_bytes()).unwrap_or_else(|_| "?".parse().unwrap()),
            );
        }
        assert_eq!(verdict(request.send().await.unwrap()).await, (status, code.to_owned()), "of {shown}");
    }
    assert!(app.is_well().await);
}

#[tokio::test]
async fn a_megabyte_is_refused_however_it_comes() {
    let app = TestApp::start().await;
    let shopper = app.shopper().await;
    let body = "a".repeat(1 << 20);
    let head = |length: &str| {
        let token = &shopper.token;
        format!(
            "POST {MESSAGES} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
        )
    };
    let whole = format!("{}{{\"content\": \"{body}\", \"echo_id\": \"1\"}}", head(&format!("content-length: {}", (1 << 20) + 31)));
    assert_eq!(raw(&app, whole.as_bytes()).await, 413);
    let in_pieces = format!("{}{:x}\r\n{body}\r\n0\r\n\r\n", head("transfer-encoding: chunked"), body.len());
    assert_eq!(raw(&app, in_pieces.as_bytes()).await, 413);
    assert_eq!(shopper.history().await.len(), 0);
    assert!(app.is_well().await);
}

#[tokio::test]
async fn requests_that_are_none() {
    let app = TestApp::start().await;
    let get = |rest: &str| format!("GET {rest}").into_bytes();
    let huge = "x".repeat(1 << 20);
    for (bytes, expected) in [
        (b"\0\0\0\0\r\n\r\n".to_vec(), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
        (get("/ HTTP/9.9\r\n\r\n"), 400),
        (get("/health/live HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n"), 400),
        (get(&format!("/health/live HTTP/1.1\r\nhost: x\r\nx: {huge}\r\n\r\n")), 431),
        (get(&format!("/{huge} HTTP/1.1\r\nhost: x\r\n\r\n")), 414),
        (get(&format!("/health/live HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(2_000))), 431),
        (get("/health/live HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"), 400),
        (b"BREW /health/live HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), 405),
    ] {
        let status = raw(&app, &bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(50)]).into_owned();
        // A refusal of the bare protocol may be a closed line as well: it is sent while the rest is still being written.
        assert!(status == expected || status == 0 && bytes.len() > 100_000 || status == 431 && expected == 414, "{status} of {shown:?}");
    }
    assert!(app.is_well().await);
}

#[tokio::test]
async fn tokens_and_headers_that_open_nothing() {
    let app = TestApp::start().await;
    let client = client();
    for token in ["", "Demo", "demo ", "demo\0", "\u{0434}emo", &"demo".repeat(10_000)] {
        let answer = client.post(app.url("/api/v1/widget/session")).json(&json!({"website_token": token})).send().await.unwrap();
        assert_eq!(verdict(answer).await, (403, "forbidden".into()), "of {:?}", &token[..token.len().min(20)]);
    }
    let body = json!({"content": "a", "echo_id": "1"});
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        &format!("Bearer {}", "0".repeat(64)),
        "Basic YTpi",
        "Bearer \u{e9}",
        &format!("Bearer {}", "a".repeat(6_000)),
    ] {
        let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        let answer = client.post(app.url(MESSAGES)).header("authorization", value).json(&body).send().await.unwrap();
        assert_eq!(verdict(answer).await, (401, "unauthorized".into()));
    }
    let shopper = app.shopper().await;
    for identity in
        [json!({"email": "none"}), json!({"name": "x".repeat(81)}), json!({"name": "two\nlines"}), json!({"email": "a\u{0}@b.example"})]
    {
        let answer =
            client.post(app.url("/api/v1/widget/session")).json(&json!({"website_token": "demo", "identity": identity})).send().await;
        assert_eq!(verdict(answer.unwrap()).await, (422, "invalid_content".into()), "of {identity}");
    }
    for last in ["", "-1", "x", "99999999999999999999999", "1e3", " 0 ", "\u{e9}"] {
        let last = reqwest::header::HeaderValue::from_bytes(last.as_bytes()).unwrap();
        let request = client.get(app.url("/api/v1/widget/events")).bearer_auth(&shopper.token).header("last-event-id", last);
        assert_eq!(request.send().await.unwrap().status(), 200, "a number that makes no sense begins anew");
    }
}

#[tokio::test]
async fn paths_and_ids_that_name_nothing() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let long = "9".repeat(3_000);
    for id in ["x", "0", "-1", "%00", "..%2f..", "%ff", "' OR 1=1", "00000000-0000-0000-0000-000000000000", "{id}", long.as_str()] {
        for (what, answer) in [
            ("GET", ana.gets(&format!("/conversations/{id}")).await),
            ("claim", ana.does("claim", id).await),
            ("resolve", ana.does("resolve", id).await),
            ("message", ana.replies(id, "hello").await),
        ] {
            assert_eq!(verdict(answer).await, (404, "not_found".into()), "{what} of {}", &id[..id.len().min(40)]);
        }
    }
    let shopper = app.shopper().await;
    for id in [json!("x"), json!(5), Value::Null, json!(""), json!("0".repeat(5_000))] {
        let answer = shopper.posts("/api/v1/widget/feedback", json!({"message_id": id, "helpful": true})).await;
        assert_eq!(verdict(answer).await, (400, "bad_request".into()), "of {id}");
    }
    for path in ["/api/v1/nothing", "/api", "/api/v1/agent/tickets/../../x", "/nothing", "/assets/none.js"] {
        assert_eq!(client().get(app.url(path)).send().await.unwrap().status(), 404, "{path}");
    }
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets//etc/hosts",
        "/assets/%00",
        "//etc/hosts",
    ] {
        let status = raw(&app, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(status, 404, "{path}");
    }
    for (method, path) in [("GET", MESSAGES), ("DELETE", MESSAGES), ("PUT", "/api/v1/agent/login")] {
        let answer = client().request(method.parse().unwrap(), app.url(path)).send().await.unwrap();
        assert_eq!(verdict(answer).await, (405, "method_not_allowed".into()), "{method} {path}");
    }
}

/// Our own list, as JSON strings that are sent as they stand, and long texts that a file need not hold.
fn naughty() -> Vec<String> {
    let list = include_str!("fixtures/naughty.txt").lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
    let long = [
        "a".repeat(7_999),
        "word ".repeat(1_590),
        "longword".repeat(900),
        "?".repeat(5_000),
        "\u{5b57}".repeat(8_000),
        "a\u{301}".repeat(3_900),
        "1234 ".repeat(1_500),
        "@".repeat(4_000),
        "a@b.c ".repeat(1_000),
        "#A1234 ".repeat(1_000),
        "line\n\n".repeat(1_000),
        "where is my order? ".repeat(400),
        "(".repeat(8_000),
        "\u{1f600}".repeat(8_000),
    ];
    let list: Vec<String> = list.chain(long.iter().map(|text| json!(text).to_string())).collect();
    assert!(list.len() > 150, "the list was read");
    list
}

#[tokio::test]
async fn every_naughty_string_gets_a_clear_refusal_or_a_calm_reply() {
    let app = TestApp::start().await;
    let ana = app.agent("ana").await;
    let mut desk = ana.listens().await;
    let client = client();
    let mut waiting: BTreeMap<String, String> = BTreeMap::new();
    for line in naughty() {
        let session = client.post(app.url("/api/v1/widget/session")).json(&json!({"website_token": "demo"})).send().await.unwrap();
        let session: Value = session.json().await.unwrap();
        let body = format!("{{\"content\": {line}, \"echo_id\": \"1\"}}");
        let request =
            client.post(app.url(MESSAGES)).bearer_auth(text(&session, "/session_token")).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        let shown: String = line.chars().take(60).collect();
        match answer.status().as_u16() {
            202 => {
                let taken: Value = answer.json().await.unwrap();
                waiting.insert(text(&taken, "/conversation/id").to_owned(), shown);
            }
            _ => {
                let (status, code) = verdict(answer).await;
                assert!(matches!((status, code.as_str()), (422, "invalid_content") | (400, "invalid_json")), "{status} {code} of {shown}");
            }
        }
    }
    assert!(waiting.len() > 150, "most are messages");
    while !waiting.is_empty() {
        let reply = desk.first(|told| told.is_message_of("bot")).await.data;
        let said = waiting.remove(text(&reply, "/conversation_id")).expect("one reply to each");
        assert!(!text(&reply, "/content").trim().is_empty(), "of {said}");
        let decisions = ["answer", "part_answer", "clarify", "ask_order", "order", "smalltalk", "handoff"];
        assert!(decisions.contains(&text(&reply, "/decision")), "of {said}");
    }
    let tickets = ana.tickets("open").await;
    for line in tickets["tickets"].as_array().unwrap() {
        assert_ne!(line["ticket"]["reason"], "engine_failure", "{line}");
    }
    assert!(app.is_well().await);
    assert_eq!(app.shopper().await.asks("How can I pay?").await.decision(), "answer");
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let shop = Shop::new();
    shop.set("sessions_per_minute = 100000", "sessions_per_minute = 2");
    shop.set("message_burst = 100000", "message_burst = 3");
    shop.set("messages_per_minute = 100000", "messages_per_minute = 1");
    shop.set("logins_per_minute = 100000", "logins_per_minute = 2");
    let app = TestApp::serve(shop).await;
    let (mut shopper, other) = (app.shopper().await, app.shopper().await);
    let session = client().post(app.url("/api/v1/widget/session")).json(&json!({"website_token": "demo"})).send().await.unwrap();
    assert_eq!(session.status(), 429);
    for number in 0..3 {
        shopper.sends(&format!("message {number}")).await;
    }
    let answer = shopper.posts(MESSAGES, json!({"content": "one more", "echo_id": "4"})).await;
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(verdict(answer).await, (429, "too_many_requests".into()));
    assert_eq!(other.posts(MESSAGES, json!({"content": "mine", "echo_id": "1"})).await.status(), 202, "each shopper is counted alone");
    let browser = app.stranger();
    let mut statuses = Vec::new();
    for password in ["a", "b", "c"] {
        statuses.push(browser.log_in("ana@shop.example", password).await.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 429]);
}

//! A server asked by itself: whole answers, broken ones, and everything that is none.

use std::time::Duration;

use super::scripted::{END, LONG, Scripted, Step, ask, remote, request, status, stream, text};
use super::*;

#[tokio::test]
async fn an_answer_comes_in_pieces_however_it_is_cut() {
    let whole = format!(": hello\n\n{}{}: keep-alive\n\n{}{END}", text(""), text("d\u{e9}j\u{e0}"), text(" vu"));
    let cut: Vec<String> = whole.chars().collect::<Vec<_>>().chunks(7).map(|part| part.iter().collect()).collect();
    let server = Scripted::start(vec![stream(&[&whole]), stream(&cut.iter().map(String::as_str).collect::<Vec<_>>())]).await;
    let remote = server.remote();
    assert_eq!(ask(&remote, LONG).await.unwrap(), "d\u{e9}j\u{e0} vu");
    assert_eq!(ask(&remote, LONG).await.unwrap(), "d\u{e9}j\u{e0} vu");
    let asked = server.requests().remove(0);
    assert!(asked.starts_with("POST /v1/chat/completions HTTP/1.1\r\n") && asked.contains("authorization: Bearer hush\r\n"), "{asked}");
    assert!(asked.contains("\"model\":\"small\"") && asked.contains("\"max_tokens\":20"), "{asked}");
    assert_eq!(remote.name(), "small");
}

#[tokio::test]
async fn an_end_is_taken_as_servers_give_it() {
    let last = "data: {\"choices\":[{\"delta\":{\"content\":\" end\"},\"finish_reason\":\"length\"}]}\n\n";
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
    let hanging = [stream(&[&text("the"), last]), vec![Step::Hang]].concat();
    for script in [
        stream(&[&text("the"), &text(" end"), "data: [DONE]"]),
        stream(&[&text("the"), last]),
        stream(&[&text("the"), last, usage, "data: [DONE]\n\n"]),
        stream(&[&text("the"), last, "data: nonsense\n\n"]),
        hanging,
    ] {
        let server = Scripted::start(vec![script.clone()]).await;
        assert_eq!(ask(&server.remote(), LONG).await.unwrap(), "the end", "{script:?}");
    }
    let server = Scripted::start(vec![stream(&[END])]).await;
    assert_eq!(ask(&server.remote(), LONG).await.unwrap(), "");
}

#[tokio::test]
async fn what_is_no_answer_is_said_in_a_sentence() {
    for (script, parts) in [
        (status("500 Oops", "text/plain", "out of\nmemory"), &["status 500", "out of memory"][..]),
        (status("503 Busy", "text/plain", ""), &["status 503"]),
        (status("429 Slow down", "text/plain", ""), &["429"]),
        (status("401 Who", "application/json", "{}"), &["engine.api_key"]),
        (status("404 Not Found", "application/json", "{\"message\":\"no model small\"}"), &["404", "no model small"]),
        (status("302 Found", "text/html", ""), &["engine.url"]),
        (status("200 OK", "text/html", "<html>"), &["text/html", "engine.url"]),
        (status("200 OK", "application/json", "{}"), &["application/json"]),
        (stream(&["data: garbage\n\n"]), &["garbage"]),
        (stream(&["data: {\"error\":{\"message\":\"context full\"}}\n\n"]), &["context full"]),
        (stream(&[&text("half")]), &["cut off"]),
        (stream(&[]), &["cut off"]),
        (vec![Step::Send("\u{1}\u{2} no HTTP\r\n\r\n".to_owned())], &["cannot be reached"]),
        (vec![], &["cannot be reached"]),
    ] {
        let server = Scripted::start(vec![script.clone()]).await;
        let fault = ask(&server.remote(), LONG).await.unwrap_err().to_string();
        assert!(fault.starts_with("the model server http://127.0.0.1:"), "{fault}");
        for part in parts {
            assert!(fault.contains(part), "no {part:?} in {fault:?} of {script:?}");
        }
        assert!(!fault.contains("hush"));
    }
}

#[tokio::test]
async fn nobody_there_and_nobody_who_speaks_tls() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let fault = ask(&remote(&format!("http://{closed}/v1")), LONG).await.unwrap_err().to_string();
    assert!(fault.contains("cannot be reached") && fault.contains("start it"), "{fault}");
    let server = Scripted::start(vec![vec![]]).await;
    let Ok(remote) = Remote::new(RemoteOptions { url: server.url.replace("http:", "https:"), key: None, model: "m".into(), queue: 1 })
    else {
        eprintln!("skipped: HTTPS needs root certificates on this machine");
        return;
    };
    assert!(ask(&remote, Duration::from_secs(5)).await.is_err());
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline() {
    let begun = [stream(&[&text("half")]), vec![Step::Hang]].concat();
    for script in [vec![Step::Hang], [stream(&[]), vec![Step::Hang]].concat(), begun] {
        let server = Scripted::start(vec![script]).await;
        let fault = ask(&server.remote(), Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(fault, InferenceError::DeadlinePassed { .. }), "{fault}");
        server.client_leaves().await;
    }
}

#[tokio::test]
async fn a_reader_who_leaves_closes_the_connection_and_frees_the_place() {
    for script in [vec![Step::Hang], [stream(&[&text("half")]), vec![Step::Hang]].concat()] {
        let server = Scripted::start(vec![script]).await;
        let remote = server.remote();
        let mut pieces = remote.generate(remote.admit(Class::Shopper).unwrap(), request(LONG));
        let other = remote.admit(Class::Shopper).unwrap();
        assert!(remote.admit(Class::Shopper).is_err(), "two places");
        drop(other);
        let _ = tokio::time::timeout(Duration::from_millis(50), pieces.recv()).await;
        drop(pieces);
        server.client_leaves().await;
        let both_free = || remote.admit(Class::Shopper).and_then(|first| Ok((first, remote.admit(Class::Shopper)?))).is_ok();
        while !both_free() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

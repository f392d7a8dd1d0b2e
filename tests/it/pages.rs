//! What a browser and an operator load besides the API.

use std::collections::BTreeSet;

use regex::Regex;

use crate::support::http::builder;
use crate::support::{Program, Shop, TestApp};

async fn get(url: String) -> (u16, reqwest::header::HeaderMap, String) {
    let client = builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
}

#[tokio::test]
async fn pages_load_only_their_own_files_and_all_of_them_are_there() {
    let app = TestApp::start().await;
    let link = Regex::new(r##"(?:src|href)="([^"#]+)""##).unwrap();
    let import = Regex::new(r#"(?m)^(?:import|export)(?: [^"';]* from)? ["']([^"']+)["']"#).unwrap();
    let mut waiting = vec!["/demo".to_owned(), "/widget".to_owned(), "/console".to_owned(), "/sdk.js".to_owned()];
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let (status, headers, text) = get(app.url(&path)).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let base = reqwest::Url::parse(&app.url(&path)).unwrap();
        let of_page = headers["content-type"].to_str().unwrap().starts_with("text/html");
        if of_page {
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
            for forbidden in ["<style", " style=", " onclick=", " onload=", "<script>", "javascript:"] {
                assert!(!text.contains(forbidden), "{path} has {forbidden}");
            }
        }
        let pattern = if of_page { &link } else { &import };
        for found in pattern.captures_iter(&text) {
            let url = base.join(&found[1]).unwrap();
            if url.scheme() == "data" {
                continue;
            }
            assert_eq!(url.origin(), base.origin(), "{path} loads {url} from elsewhere");
            waiting.push(url.path().to_owned());
        }
    }
    assert!(seen.len() > 15, "the pages lead to scripts and styles: {seen:?}");
    let (status, headers, _) = get(app.url("/")).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (307, "/demo"));
}

#[tokio::test]
async fn a_shop_of_ones_own_has_no_demo_and_says_who_may_embed_it() {
    let shop = Shop::new();
    shop.set("[server]", "[shop]\ndemo = false\n\n[widget]\nallowed_origins = [\"https://shop.example\"]\n\n[server]");
    let app = TestApp::serve(shop).await;
    assert_eq!(get(app.url("/demo")).await.0, 404);
    let (status, headers, _) = get(app.url("/")).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (307, "/console"));
    let ancestors = |headers: &reqwest::header::HeaderMap| {
        headers["content-security-policy"].to_str().unwrap().split("frame-ancestors ").nth(1).unwrap().to_owned()
    };
    assert_eq!(ancestors(&get(app.url("/widget")).await.1), "'self' https://shop.example");
    assert_eq!(ancestors(&get(app.url("/console")).await.1), "'none'");
    let mut shopper = app.shopper().await;
    assert_eq!(shopper.asks("#AP10011 thomas.okafor@example.com").await.decision(), "ask_order", "and no demo orders");
}

#[tokio::test]
async fn the_metrics_count_and_stand_on_their_own_address() {
    let shop = Shop::new();
    let server = Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve();
    let mut shopper = crate::support::Shopper::arrive(&server.url).await;
    shopper.asks("How can I pay?").await;
    let metrics = server.metrics.clone();
    let (status, _, text) = get(metrics).await;
    assert_eq!(status, 200);
    for line in [
        "nightdesk_turns_total{decision=\"answer\",outcome=\"committed\"} 1",
        "nightdesk_http_requests_total{method=\"POST\",route=\"/api/v1/widget/messages\",status=\"202\"} 1",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    assert_eq!(get(format!("{}/metrics", server.url)).await.0, 404, "not on the public address");
    assert_eq!(get(format!("{}/health/live", server.url)).await.0, 200);
    assert_eq!(get(format!("{}/health/ready", server.url)).await.0, 200);
}

#[tokio::test]
async fn a_stop_lets_the_running_reply_finish_and_tells_every_stream() {
    let shop = Shop::new();
    let server = Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve();
    let mut shopper = crate::support::Shopper::arrive(&server.url).await;
    shopper.sends("How long does delivery take?").await;
    shopper.stream.until(|told| told.name == "message.delta").await;
    let code = server.stop();
    assert_eq!(code, Some(0));
    let said = shopper.stream.read_to_end().await;
    assert_eq!(said.last().map(String::as_str), Some("reconnect"), "{said:?}");

    let server = Program::of(&shop, &["serve"]).env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0").serve();
    shopper.follow(&server.url).await;
    shopper.stream.until(|told| told.is_message_of("bot")).await;
    assert_eq!(shopper.history().await.len(), 2, "begun before the stop, finished before it or after the start, never twice");
}

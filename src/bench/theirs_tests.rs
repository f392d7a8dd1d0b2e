//! Servers of several kinds, each a table of paths and answers.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::side::{Ask, Means};
use super::*;
use crate::inference::{ChatMessage, ModelRole, ModelStore, Profile, Silent};

const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

fn tokens() -> Arc<PromptReader> {
    let store = ModelStore::open(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
    store.ensure(Profile::Default, &Silent).unwrap();
    Arc::new(PromptReader::open(&store.path(ModelRole::Language)).unwrap())
}

/// Answers a path with a status and a body; every other path with 404.
async fn server(answers: Vec<(&'static str, u16, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 65_536];
            let length = socket.read(&mut request).await.unwrap();
            let path = String::from_utf8_lossy(&request[..length]).split(' ').nth(1).unwrap_or_default().to_owned();
            let missing = ("", 404, String::new());
            let (_, status, body) = answers.iter().find(|(name, ..)| *name == path).unwrap_or(&missing);
            let kind = if body.starts_with("data:") { "text/event-stream" } else { "application/json" };
            let answer =
                format!("HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

fn props(file: &str, context: usize) -> (&'static str, u16, String) {
    let body = serde_json::json!({"default_generation_settings": {"n_ctx": context}, "total_slots": 4, "model_path": format!("/models/{file}"), "build_info": "b1-x"});
    ("/props", 200, body.to_string())
}

async fn fault(url: &str) -> String {
    let fault = find(url, tokens(), FILE, 4).await.err().expect("it is refused");
    format!("{fault:#}")
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_a_sentence() {
    assert!(fault("nowhere").await.contains("--against nowhere"));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let said = fault(&format!("http://{closed}/v1")).await;
    assert!(said.contains("does not answer") && said.contains("llama-server -m"), "{said}");
    for (answers, parts) in [
        (vec![props("Other.gguf", 4096)], &["Other.gguf", FILE, "--model"][..]),
        (vec![props(FILE, 512)], &["512", "1100", "-c 4400"]),
        (vec![props(FILE, 4096), ("/tokenize", 200, "{\"tokens\":[1,2,3]}".into())], &["other tokens"]),
        (vec![("/props", 503, "{\"error\":{}}".into())], &["still loading"]),
        (vec![("/props", 401, "{}".into())], &["wants a key"]),
        (vec![], &["neither"]),
    ] {
        let said = fault(&server(answers).await).await;
        for part in parts {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
}

#[tokio::test]
async fn llama_server_is_asked_with_our_tokens_and_tells_its_own_times() {
    let reader = tokens();
    let sample = [ChatMessage::system("D\u{e9}j\u{e0} vu: 12,345 \u{4f60}\u{597d}"), ChatMessage::user("It's  2 words,\n\nisn't it?")];
    let ids = serde_json::json!({"tokens": reader.tokens(&sample).unwrap()}).to_string();
    let stream = "data: {\"content\":\"a\",\"stop\":false}\n\ndata: {\"content\":\"\",\"stop\":true,\"timings\":{\"prompt_n\":20,\"prompt_ms\":10.0,\
                  \"predicted_n\":8,\"predicted_ms\":50.5,\"cache_n\":3}}\n\n";
    let url = server(vec![props(FILE, 4096), ("/tokenize", 200, ids), ("/completion", 200, stream.to_owned())]).await;
    let side = find(&format!("{url}/v1/"), reader, FILE, 4).await.unwrap();
    assert_eq!(side.name(), format!("llama-server b1-x with {FILE}"));
    assert!(!side.note(4).unwrap().contains("wait") && side.note(8).unwrap().contains("-np 8"));
    let answered = side.answer(Ask { messages: vec![ChatMessage::user("Hello")], tokens: 8, means: Means::Bare }).await.unwrap();
    assert_eq!((answered.read, answered.written), (20, 8));
    assert_eq!((answered.reading, answered.writing), (Duration::from_millis(10), Duration::from_micros(50_500)));
}

#[tokio::test]
async fn another_server_is_asked_through_the_protocol_of_openai() {
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"one two three\"},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let models = "{\"data\":[{\"id\":\"big\"}]}".to_owned();
    let url = server(vec![("/v1/models", 200, models), ("/v1/chat/completions", 200, stream.to_owned())]).await;
    let side = find(&url, tokens(), FILE, 4).await.unwrap();
    assert!(side.name().starts_with("big at http://"), "{}", side.name());
    let answered = side.answer(Ask { messages: vec![ChatMessage::user("Hello")], tokens: 8, means: Means::All }).await.unwrap();
    assert_eq!(answered.written, 3);
    assert!(answered.read > 5 && answered.whole >= answered.first);
}

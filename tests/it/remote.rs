//! A model on a server of OpenAI's protocol: the real llama-server with the shop's own model file.

use std::sync::Arc;
use std::time::Duration;

use nightdesk::inference::{
    ChatMessage, Class, Engine, EngineOptions, Fallback, Generate, Generation, InferenceError, ModelRole, Remote, RemoteOptions,
};

use crate::support::LlamaServer;
use crate::support::shop::models;

fn remote(server: &LlamaServer, key: &str) -> Remote {
    let options = RemoteOptions { url: format!("{}/v1", server.url), key: Some(key.into()), model: "small".to_owned(), queue: 4 };
    Remote::new(options).unwrap()
}

fn request(max_tokens: usize, stop: &[&str]) -> Generation {
    let messages = vec![
        ChatMessage::system("Copy the sentence that answers the question, word for word."),
        ChatMessage::user("Text:\nParcels arrive within 2 to 4 working days. Returns are free.\n\nQuestion: How long does delivery take?"),
    ];
    let stop = stop.iter().map(|&stop| stop.to_owned()).collect();
    Generation { max_tokens, stop, deadline: Duration::from_secs(60), ..Generation::new(messages) }
}

async fn ask(model: &dyn Generate, request: Generation) -> Result<Vec<String>, InferenceError> {
    let mut pieces = model.generate(model.admit(Class::Shopper).unwrap(), request);
    let mut said = Vec::new();
    while let Some(piece) = pieces.recv().await {
        said.push(piece?);
    }
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn llama_server_answers_and_the_local_model_takes_over_when_it_is_gone() {
    let path = models().path(ModelRole::Language);
    let Some(mut server) = LlamaServer::start(&path).await else { return };

    let alone = remote(&server, "hush");
    let said = ask(&alone, request(40, &[])).await.unwrap();
    assert!(said.len() > 3, "in pieces: {said:?}");
    assert!(said.concat().contains("days"), "{said:?}");
    let stopped = ask(&alone, request(40, &[" days"])).await.unwrap().concat();
    assert!(!stopped.contains(" days") && !stopped.is_empty(), "{stopped}");
    let short = ask(&alone, request(2, &[])).await.unwrap();
    assert!((1..=2).contains(&short.len()), "{short:?}");
    let fault = ask(&remote(&server, "wrong"), request(2, &[])).await.unwrap_err().to_string();
    assert!(fault.contains("engine.api_key") && !fault.contains("wrong"), "{fault}");
    let fault = ask(&alone, Generation { messages: vec![ChatMessage::user("word ".repeat(6_000))], ..request(2, &[]) }).await.unwrap_err();
    assert!(fault.to_string().contains("status 4") || fault.to_string().contains("context"), "{fault}");

    let local = tokio::task::spawn_blocking(move || Engine::load(&path, None, EngineOptions::new(4, 1024))).await.unwrap().unwrap();
    let both = Fallback::new(remote(&server, "hush"), Some(Arc::new(local)));
    assert!(ask(&both, request(40, &[])).await.unwrap().concat().contains("days"));
    server.kill();
    for _ in 0..4 {
        assert!(ask(&both, request(40, &[])).await.unwrap().concat().contains("days"));
    }
    let fault = ask(&alone, request(2, &[])).await.unwrap_err().to_string();
    assert!(fault.contains("cannot be reached"), "{fault}");
}

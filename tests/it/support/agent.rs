//! An agent with the console open.

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::http::builder;
use super::stream::Stream;

/// One browser; logged in or not.
pub struct Agent {
    client: Client,
    url: String,
}

impl Agent {
    /// A browser without a session.
    pub fn nobody(url: &str) -> Self {
        Self { client: builder().cookie_store(true).build().unwrap(), url: url.to_owned() }
    }

    /// Logs in.
    pub async fn log_in(&self, email: &str, password: &str) -> Response {
        self.posts("/login", json!({"email": email, "password": password})).await
    }

    /// A POST of the agents' side.
    pub async fn posts(&self, path: &str, body: Value) -> Response {
        self.client.post(format!("{}/api/v1/agent{path}", self.url)).json(&body).send().await.unwrap()
    }

    /// A GET of the agents' side.
    pub async fn gets(&self, path: &str) -> Response {
        self.client.get(format!("{}/api/v1/agent{path}", self.url)).send().await.unwrap()
    }

    /// A list of tickets with the counts.
    pub async fn tickets(&self, queue: &str) -> Value {
        let response = self.gets(&format!("/tickets?queue={queue}")).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Opens a conversation.
    pub async fn reads(&self, conversation: &str) -> Value {
        let response = self.gets(&format!("/conversations/{conversation}")).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Does something to a conversation: `claim`, `resolve`, `return`.
    pub async fn does(&self, action: &str, conversation: &str) -> Response {
        self.posts(&format!("/conversations/{conversation}/{action}"), json!({})).await
    }

    /// Writes to the shopper.
    pub async fn replies(&self, conversation: &str, content: &str) -> Response {
        let body = json!({"content": content, "echo_id": format!("reply-{}", content.len())});
        self.posts(&format!("/conversations/{conversation}/messages"), body).await
    }

    /// The stream of all conversations.
    pub async fn listens(&self) -> Stream {
        let mut stream = Stream::of(self.gets("/events").await);
        stream.until(|told| told.name == "ready").await;
        stream
    }
}

//! A shopper with the widget open.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::http::client;
use super::stream::{Stream, Told};
use super::text;

/// One browser with one session.
pub struct Shopper {
    client: Client,
    url: String,
    /// The session's token.
    pub token: String,
    /// The session as it was begun.
    pub session: Value,
    /// What the widget hears.
    pub stream: Stream,
    sent: usize,
}

/// A reply with all that was heard on the way to it.
pub struct Heard {
    /// Every event since the question.
    pub events: Vec<Told>,
    /// The bot's message.
    pub reply: Value,
}

impl Heard {
    /// What the bot did.
    #[track_caller]
    pub fn decision(&self) -> &str {
        text(&self.reply, "/decision")
    }

    /// What it said.
    #[track_caller]
    pub fn says(&self) -> &str {
        text(&self.reply, "/content")
    }
}

impl Shopper {
    /// Opens the widget for the first time.
    pub async fn arrive(url: &str) -> Self {
        let body = json!({"website_token": "demo"});
        let session: Value = ok(client().post(format!("{url}/api/v1/widget/session")).json(&body).send().await.unwrap()).await;
        Self::with(url, text(&session, "/session_token").to_owned(), session).await
    }

    async fn with(url: &str, token: String, session: Value) -> Self {
        let client = client();
        let stream = Stream::of(client.get(format!("{url}/api/v1/widget/events")).bearer_auth(&token).send().await.unwrap());
        Self { client, url: url.to_owned(), token, session, stream, sent: 0 }
    }

    /// Opens the page anew with the token that the browser kept.
    pub async fn refresh(&self) -> Self {
        let request = self.post("/api/v1/widget/session").json(&json!({"website_token": "demo"}));
        let session: Value = ok(request.send().await.unwrap()).await;
        Self::with(&self.url, text(&session, "/session_token").to_owned(), session).await
    }

    /// The same shopper after the server moved to another address; the stream is opened anew.
    pub async fn follow(&mut self, url: &str) {
        let (sent, fresh) = (self.sent, Self::with(url, self.token.clone(), self.session.clone()).await);
        *self = Self { sent, ..fresh };
    }

    /// A POST in the session's name.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// A POST of JSON, and its answer.
    pub async fn posts(&self, path: &str, body: Value) -> Response {
        self.post(path).json(&body).send().await.unwrap()
    }

    /// A GET in the session's name.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// A second stream that resumes after an event.
    pub async fn stream_after(&self, id: &str) -> Stream {
        let request = self.get("/api/v1/widget/events").header("last-event-id", id);
        Stream::of(request.send().await.unwrap())
    }

    /// Sends a message; its 202.
    pub async fn sends(&mut self, content: &str) -> Value {
        self.sent += 1;
        let body = json!({"content": content, "echo_id": format!("{}-{}", self.sent, &self.token[..8])});
        let response = self.posts("/api/v1/widget/messages", body).await;
        assert_eq!(response.status(), 202, "of {content:?}");
        response.json().await.unwrap()
    }

    /// Sends a message and waits for the bot's.
    pub async fn asks(&mut self, content: &str) -> Heard {
        self.sends(content).await;
        let events = self.stream.until(|told| told.is_message_of("bot")).await;
        let reply = events.last().expect("until ends with one").data.clone();
        Heard { events, reply }
    }

    /// The next message of an agent.
    pub async fn hears_agent(&mut self) -> Value {
        self.stream.first(|told| told.is_message_of("agent")).await.data
    }

    /// The log of their conversation up to its newest event; empty without one.
    pub async fn log(&self) -> Vec<Told> {
        let session: Value = ok(self.posts("/api/v1/widget/session", json!({"website_token": "demo"})).await).await;
        let Some(newest) = session["conversation"]["last_seq"].as_i64() else { return Vec::new() };
        let newest = newest.to_string();
        self.stream_after("0").await.until(|told| told.id.as_deref() == Some(newest.as_str())).await
    }

    /// All messages, as a page that is opened now shows them.
    pub async fn history(&self) -> Vec<Value> {
        let session: Value = ok(self.posts("/api/v1/widget/session", json!({"website_token": "demo"})).await).await;
        session["messages"].as_array().expect("a list").clone()
    }
}

/// The JSON of a 200.
async fn ok(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

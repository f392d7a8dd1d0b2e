//! The wire: sessions, log-ins, messages, and the event streams with what they carry.

use anyhow::Context;
use reqwest::header::{COOKIE, HeaderValue, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::screen::{Author, Heard};
use crate::bench::visitor::{Door, checked};
use crate::inference::EventReader;

/// What an agent logs in with.
#[derive(Debug, Clone)]
pub struct Login {
    /// The e-mail.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

/// What a stream says, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Message(Heard),
    /// Words of a reply that is not stored yet.
    Words,
    /// A conversation waits for a person.
    Waits(Uuid),
}

/// A shopper's way to the server.
pub struct ShopperLine {
    token: String,
}

/// An agent's way to the server.
pub struct AgentLine {
    cookie: HeaderValue,
}

impl ShopperLine {
    /// Opens the widget for the first time; its stream.
    pub async fn open(door: &Door) -> anyhow::Result<(Self, Response)> {
        let session = door.session(None).await?;
        let token = session["session_token"].as_str().context("the server gave a session without a token")?.to_owned();
        let line = Self { token };
        let stream = line.with(door.client().get(door.api("widget/events")?)).send().await?;
        Ok((line, checked(stream, StatusCode::OK).await?))
    }

    /// Sends a message; as it was stored.
    pub async fn write(&self, door: &Door, content: &str, echo: &str) -> anyhow::Result<Heard> {
        let request = self.with(door.client().post(door.api("widget/messages")?)).json(&json!({"content": content, "echo_id": echo}));
        stored(request, StatusCode::ACCEPTED).await
    }

    /// The messages of a page that is opened now.
    pub async fn kept(&self, door: &Door) -> anyhow::Result<Vec<Heard>> {
        let session = door.session(Some(&self.token)).await?;
        let messages = session["messages"].as_array().context("the server gave a session without messages")?;
        messages.iter().map(|message| message_of(message.clone())).collect()
    }

    fn with(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token)
    }
}

impl AgentLine {
    /// Logs in and opens the console; its stream, which has begun.
    pub async fn open(door: &Door, login: &Login) -> anyhow::Result<(Self, Response)> {
        let body = json!({"email": login.email, "password": login.password.expose_secret()});
        let answer = checked(door.client().post(door.api("agent/login")?).json(&body).send().await?, StatusCode::OK).await?;
        let cookie = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
        let line = Self { cookie: HeaderValue::from_str(cookie.context("the server logs in without a cookie")?)? };
        let stream = line.with(door.client().get(door.api("agent/events")?)).send().await?;
        Ok((line, checked(stream, StatusCode::OK).await?))
    }

    /// Replies to the shopper; the reply as it was stored.
    pub async fn reply(&self, door: &Door, conversation: Uuid, content: &str, echo: &str) -> anyhow::Result<Heard> {
        let address = door.api(&format!("agent/conversations/{conversation}/messages"))?;
        stored(self.with(door.client().post(address)).json(&json!({"content": content, "echo_id": echo})), StatusCode::CREATED).await
    }

    /// Does something to a conversation: `claim`, `resolve`.
    pub async fn act(&self, door: &Door, conversation: Uuid, action: &str) -> anyhow::Result<()> {
        let address = door.api(&format!("agent/conversations/{conversation}/{action}"))?;
        checked(self.with(door.client().post(address)).json(&json!({})).send().await?, StatusCode::OK).await.map(drop)
    }

    fn with(&self, request: RequestBuilder) -> RequestBuilder {
        request.header(COOKIE, self.cookie.clone())
    }
}

async fn stored(request: RequestBuilder, status: StatusCode) -> anyhow::Result<Heard> {
    let mut answer: Value = checked(request.send().await?, status).await?.json().await?;
    message_of(answer["message"].take())
}

fn message_of(message: Value) -> anyhow::Result<Heard> {
    let wire: Wire = serde_json::from_value(message).context("the server's message is not of the documented form")?;
    wire.message().context("the server's message is not of the documented form")
}

/// The fields of all events.
#[derive(Deserialize)]
struct Wire {
    id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    seq: Option<i64>,
    author: Option<AuthorWire>,
    echo_id: Option<String>,
    decision: Option<String>,
    message_id: Option<Uuid>,
    to: Option<String>,
    conversation: Option<ConversationWire>,
}

#[derive(Deserialize)]
struct AuthorWire {
    #[serde(rename = "type")]
    kind: Author,
}

#[derive(Deserialize)]
struct ConversationWire {
    assignee: Option<serde::de::IgnoredAny>,
}

impl Wire {
    fn message(self) -> Option<Heard> {
        Some(Heard {
            id: self.id?,
            conversation: self.conversation_id?,
            seq: self.seq?,
            author: self.author?.kind,
            echo: self.echo_id,
            decision: self.decision,
        })
    }

    fn said(self) -> Option<Said> {
        match &self {
            Self { message_id: Some(_), .. } => Some(Said::Words),
            Self { to: Some(to), conversation: Some(ConversationWire { assignee: None }), .. } if to == "open" => {
                self.conversation_id.map(Said::Waits)
            }
            _ => self.message().map(Said::Message),
        }
    }
}

/// Reads a stream to its end and hands on what it says.
pub async fn listen(mut stream: Response, mut hear: impl FnMut(Said)) {
    let mut reader = EventReader::default();
    while let Ok(Some(bytes)) = stream.chunk().await {
        let Ok(events) = reader.push(&bytes) else { return };
        events.iter().filter_map(|data| serde_json::from_str::<Wire>(data).ok()?.said()).for_each(&mut hear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_says_is_told_apart() {
        let (id, conversation) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let message =
            json!({"id": id, "conversation_id": conversation, "seq": 3, "author": {"type": "bot"}, "content": "Hi", "decision": "answer"});
        let heard = Heard { id, conversation, seq: 3, author: Author::Bot, echo: None, decision: Some("answer".to_owned()) };
        let of = |assignee: Value| json!({"conversation_id": conversation, "conversation": {"assignee": assignee}, "from": "pending", "to": "open"});
        for (event, expected) in [
            (message, Some(Said::Message(heard))),
            (json!({"conversation_id": conversation, "message_id": id, "text": "H"}), Some(Said::Words)),
            (of(Value::Null), Some(Said::Waits(conversation))),
            (of(json!({"id": id, "name": "Ana"})), None),
            (json!({"conversation_id": conversation, "conversation": {}, "from": "open", "to": "resolved"}), None),
            (json!({"conversation_id": conversation, "who": "bot", "on": true}), None),
            (json!({}), None),
        ] {
            let said = serde_json::from_value::<Wire>(event.clone()).unwrap().said();
            assert_eq!(said, expected, "{event}");
        }
    }
}

//! One visitor of the widget: a session, its event stream, and what was heard on it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::inference::{EventReader, base, client};

/// A reply that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where visitors come in.
pub struct Door {
    client: Client,
    root: Url,
    website_token: String,
}

impl Door {
    /// The widget of the server at `url`.
    pub fn new(url: &str, website_token: &str) -> anyhow::Result<Self> {
        let root = base(url).with_context(|| format!("--url {url} is no address; give one such as http://127.0.0.1:8080"))?;
        Ok(Self { client: client(&root)?, root, website_token: website_token.to_owned() })
    }

    /// Begins a session, or opens the page of one anew.
    pub(super) async fn session(&self, token: Option<&str>) -> anyhow::Result<Value> {
        let request = self.client.post(self.path("session")?).json(&json!({"website_token": self.website_token}));
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        let answer =
            request.send().await.with_context(|| format!("the server at {} does not answer; start it or correct --url", self.root))?;
        Ok(checked(answer, StatusCode::OK).await?.json().await?)
    }

    fn path(&self, name: &str) -> anyhow::Result<Url> {
        self.api(&format!("widget/{name}"))
    }

    /// An address of the API.
    pub(super) fn api(&self, path: &str) -> anyhow::Result<Url> {
        Ok(self.root.join(&format!("api/v1/{path}"))?)
    }

    /// What requests are made with.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}

/// The answer, if it is the one that was hoped for; else what the server says against it.
pub(super) async fn checked(answer: Response, status: StatusCode) -> anyhow::Result<Response> {
    let found = answer.status();
    if found == status {
        return Ok(answer);
    }
    let body: Value = answer.json().await.unwrap_or_default();
    let sentence = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("without a reason that could be read").to_owned();
    match found {
        StatusCode::TOO_MANY_REQUESTS => {
            bail!(
                "the server refuses so many messages ({sentence}); raise sessions_per_minute, message_burst and messages_per_minute in its [limits]"
            )
        }
        StatusCode::FORBIDDEN => {
            bail!("the server refuses the website token ({sentence}); measure with the configuration that it runs with")
        }
        _ => bail!("the server answered {found}: {sentence}"),
    }
}

/// A reply as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Milliseconds to its first words; nothing where it was not told in pieces.
    pub first: Option<f64>,
    /// Milliseconds to the stored message.
    pub whole: f64,
    /// What the bot did.
    pub decision: String,
    /// Whether its pieces are not the message.
    pub is_torn: bool,
}

/// What came of one visit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visit {
    /// The replies.
    pub heard: Vec<Heard>,
    /// Messages or replies that are missing.
    pub lost: usize,
    /// Messages or replies that are there twice.
    pub doubled: usize,
}

/// Somebody with the widget open.
pub struct Visitor<'d> {
    door: &'d Door,
    token: String,
    events: UnboundedReceiver<(Instant, Value)>,
    listening: JoinHandle<()>,
    sent: Vec<String>,
    /// Ids of the messages that came over the stream, each as often as it came.
    messages: Vec<(String, Author)>,
    visit: Visit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    Shopper,
    Bot,
}

impl<'d> Visitor<'d> {
    /// Opens the widget for the first time.
    pub async fn arrive(door: &'d Door) -> anyhow::Result<Self> {
        let session = door.session(None).await?;
        let token = session["session_token"].as_str().context("the server gave a session without a token")?.to_owned();
        let request = door.client.get(door.path("events")?).bearer_auth(&token);
        let stream = checked(request.send().await?, StatusCode::OK).await?;
        let (sender, events) = unbounded_channel();
        let listening = tokio::spawn(listen(stream, sender));
        Ok(Self { door, token, events, listening, sent: Vec::new(), messages: Vec::new(), visit: Visit::default() })
    }

    /// How many messages were sent.
    pub fn asked(&self) -> usize {
        self.sent.len()
    }

    /// Sends a message and waits for the reply. Whether the bot goes on replying: not once a person has the conversation, nor when no reply came.
    pub async fn ask(&mut self, question: &str) -> anyhow::Result<bool> {
        let echo_id = format!("bench-{}", self.sent.len());
        let body = json!({"content": question, "echo_id": &echo_id});
        let began = Instant::now();
        let answer = self.door.client.post(self.door.path("messages")?).bearer_auth(&self.token).json(&body).send().await?;
        checked(answer, StatusCode::ACCEPTED).await?;
        self.sent.push(echo_id);
        let Ok(heard) = tokio::time::timeout(PATIENCE, self.reply(began)).await else { return Ok(false) };
        let heard = heard.context("the server ended the event stream")?;
        let goes_on = heard.decision != "handoff";
        self.visit.heard.push(heard);
        Ok(goes_on)
    }

    /// The next message of the bot's; nothing when the stream is over.
    async fn reply(&mut self, began: Instant) -> Option<Heard> {
        let (mut first, mut pieces) = (None, String::new());
        loop {
            let (at, event) = self.events.recv().await?;
            let milliseconds = at.duration_since(began).as_secs_f64() * 1e3;
            if let (Some(text), true) = (event["text"].as_str(), event["message_id"].is_string()) {
                first.get_or_insert(milliseconds);
                pieces.push_str(text);
            } else if let Some(message) = message_of(&event) {
                let is_new = !self.messages.contains(&message);
                let is_reply = is_new && message.1 == Author::Bot;
                self.messages.push(message);
                if is_reply {
                    let is_torn = first.is_some() && event["content"] != *pieces;
                    let decision = event["decision"].as_str().unwrap_or("none").to_owned();
                    return Some(Heard { first, whole: milliseconds, decision, is_torn });
                }
            }
        }
    }

    /// Opens the page anew and compares what it shows with what was sent and heard.
    pub async fn leave(mut self) -> anyhow::Result<Visit> {
        let session = self.door.session(Some(&self.token)).await?;
        while let Ok((_, event)) = self.events.try_recv() {
            self.messages.extend(message_of(&event));
        }
        self.listening.abort();
        let empty = Vec::new();
        let kept = session["messages"].as_array().unwrap_or(&empty);
        let (lost, doubled) = compare(&self.sent, &self.messages, kept);
        Ok(Visit { lost, doubled, ..self.visit })
    }
}

/// What is missing and what is there twice: each message that was sent is kept once and came over the stream once, and so did one reply to each.
fn compare(sent: &[String], heard: &[(String, Author)], kept: &[Value]) -> (usize, usize) {
    let kept_of =
        |author: Author| kept.iter().filter_map(message_of).filter(|(_, other)| *other == author).map(|(id, _)| id).collect::<Vec<_>>();
    let (own, replies) = (kept_of(Author::Shopper), kept_of(Author::Bot));
    let echoes: Vec<&str> = kept.iter().filter_map(|message| message["echo_id"].as_str()).collect();
    let times = |echo: &str| echoes.iter().filter(|other| **other == echo).count();
    let unkept = sent.iter().filter(|echo| times(echo) == 0).count();
    let unanswered = sent.len().saturating_sub(replies.len());
    let ids = |texts: &[String]| texts.iter().cloned().collect::<BTreeSet<_>>();
    let heard_ids: Vec<String> = heard.iter().map(|(id, _)| id.clone()).collect();
    let untold = ids(&own).union(&ids(&replies)).filter(|id| !heard_ids.contains(id)).count();

    let kept_twice: usize = sent.iter().map(|echo| times(echo).saturating_sub(1)).sum();
    let answered_twice = replies.len().saturating_sub(sent.len());
    let told_twice = heard_ids.len() - ids(&heard_ids).len();
    (unkept + unanswered + untold, kept_twice + answered_twice + told_twice)
}

/// The id and the author of a message; of an event that is none, nothing.
fn message_of(event: &Value) -> Option<(String, Author)> {
    let author = match event["author"]["type"].as_str()? {
        "shopper" => Author::Shopper,
        "bot" => Author::Bot,
        _ => return None,
    };
    Some((event["id"].as_str()?.to_owned(), author))
}

/// Reads the stream to its end, each event with the time at which it came.
async fn listen(mut stream: Response, sender: UnboundedSender<(Instant, Value)>) {
    let mut reader = EventReader::default();
    while let Ok(Some(bytes)) = stream.chunk().await {
        let at = Instant::now();
        let Ok(events) = reader.push(&bytes) else { return };
        for event in events.iter().filter_map(|data| serde_json::from_str(data).ok()) {
            if sender.send((at, event)).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_or_doubled_is_seen() {
        let kept = |rows: &[(&str, &str, &str)]| -> Vec<Value> {
            let one = |(id, author, echo): &(&str, &str, &str)| {
                let mut message = json!({"id": id, "author": {"type": author}, "content": "x"});
                if !echo.is_empty() {
                    message["echo_id"] = json!(echo);
                }
                message
            };
            rows.iter().map(one).collect()
        };
        let heard = |ids: &str| -> Vec<(String, Author)> {
            let author = |id: &str| if id.starts_with('b') { Author::Bot } else { Author::Shopper };
            ids.split_whitespace().map(|id| (id.to_owned(), author(id))).collect()
        };
        let sent = ["e1".to_owned(), "e2".to_owned()];
        let all = [("s1", "shopper", "e1"), ("b1", "bot", ""), ("s2", "shopper", "e2"), ("b2", "bot", "")];
        for (ids, rows, expected) in [
            ("s1 b1 s2 b2", &all[..], (0, 0)),
            ("s1 b1 s2", &all[..], (1, 0)),
            ("s1 b1 s2 b2 b2", &all[..], (0, 1)),
            ("s1 b1 s2", &all[..3], (1, 0)),
            ("s1 b1", &all[..2], (2, 0)),
            ("s1 b1 s2 b2 b3", &[all[0], all[1], all[2], all[3], ("b3", "bot", "")][..], (0, 1)),
            ("s1 b1 s2 b2 s3", &[all[0], all[1], all[2], all[3], ("s3", "shopper", "e2")][..], (0, 1)),
        ] {
            assert_eq!(compare(&sent, &heard(ids), &kept(rows)), expected, "{ids}");
        }
        assert_eq!(message_of(&json!({"conversation_id": "c", "message_id": "m", "text": "a"})), None);
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_a_remedy() {
        let fault = Door::new("here", "demo").err().map(|fault| fault.to_string()).unwrap_or_default();
        assert!(fault.contains("--url here is no address"), "{fault}");
    }
}

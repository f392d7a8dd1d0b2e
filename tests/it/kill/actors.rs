//! Shoppers who write and agents who work, whatever becomes of the server meanwhile.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, PASSWORD};
use super::ear;
use super::line::Line;
use super::story::WISHES;
use crate::support::{Told, text};

/// Questions that an entry answers.
const QUESTIONS: [&str; 6] = [
    "How can I pay?",
    "Do I get an invoice?",
    "Do you deliver on Saturdays?",
    "How do I return an item?",
    "How much does delivery cost?",
    "thank you",
];
/// No entry says anything about it.
const UNKNOWN: &str = "Can your staff teach my grandfather to ride a motorcycle?";
/// The button is no message and has no words.
const BUTTON: &str = "/api/v1/widget/handoff";

/// What all of them have in common: which conversations there are, and how often something was said again.
#[derive(Clone, Default)]
pub struct Talked {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    conversations: Vec<String>,
    lines: Vec<Line>,
}

impl Talked {
    /// How often something was said again.
    pub fn retries(&self) -> usize {
        self.shared.lock().unwrap().lines.iter().map(Line::retries).sum()
    }

    fn over(&self, line: &Line) {
        self.shared.lock().unwrap().lines.push(line.clone());
    }

    fn in_conversation(&self, id: &str) {
        let conversations = &mut self.shared.lock().unwrap().conversations;
        if conversations.iter().all(|known| known != id) {
            conversations.push(id.to_owned());
        }
    }

    fn any(&self, rng: &mut Rng) -> Option<String> {
        rng.choice(&self.shared.lock().unwrap().conversations).cloned()
    }
}

/// A message that was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The client's id.
    pub echo_id: String,
    /// Its words.
    pub content: String,
    /// The number that it was given.
    pub seq: i64,
}

/// What is known of a shopper to those who check.
#[derive(Clone)]
pub struct Book {
    line: Line,
    accepted: Arc<Mutex<Vec<Sent>>>,
    conversation: Arc<Mutex<String>>,
}

impl Book {
    /// The messages that were acknowledged, in the order in which they were sent.
    pub fn accepted(&self) -> Vec<Sent> {
        self.accepted.lock().unwrap().clone()
    }

    /// The id of their conversation; empty where they have none.
    pub fn conversation(&self) -> String {
        self.conversation.lock().unwrap().clone()
    }

    /// The number of the newest event, as a page that is opened now is told it.
    pub async fn newest_number(&self) -> i64 {
        let (_, session) = self.line.posts("/api/v1/widget/session", &json!({"website_token": "demo"})).await;
        session["conversation"]["last_seq"].as_i64().unwrap_or_default()
    }

    /// The log from its beginning.
    pub async fn whole_log(&self) -> Vec<Told> {
        ear::whole(&self.line, "/api/v1/widget/events", "0", self.newest_number().await).await
    }
}

/// A shopper.
pub struct Shopper {
    number: usize,
    line: Line,
    talked: Talked,
    book: Book,
    sent: usize,
}

impl Shopper {
    /// Opens the widget.
    pub async fn arrive(line: Line, number: usize, talked: Talked) -> Self {
        let (_, session) = line.posts("/api/v1/widget/session", &json!({"website_token": "demo"})).await;
        let line = line.of_session(text(&session, "/session_token"));
        talked.over(&line);
        let book = Book { line: line.clone(), accepted: Arc::default(), conversation: Arc::default() };
        Self { number, line, talked, book, sent: 0 }
    }

    /// What they will have said.
    pub fn book(&self) -> Book {
        self.book.clone()
    }

    /// Their line.
    pub fn line(&self) -> Line {
        self.line.clone()
    }

    /// Writes until they are told to stop.
    pub async fn live(mut self, mut rng: Rng, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match rng.u8(..18) {
                0..=7 => self.says(rng.choice(QUESTIONS).unwrap_or_default(), &mut rng).await,
                8..=11 => self.says_at_once(&mut rng).await,
                12 | 13 => self.says(rng.choice(WISHES).unwrap_or_default(), &mut rng).await,
                14 => self.presses_the_button().await,
                15 | 16 => self.lets_the_bot_go_on(rng.bool()).await,
                _ => self.says(UNKNOWN, &mut rng).await,
            }
            tokio::time::sleep(Duration::from_millis(rng.u64(20..700))).await;
        }
    }

    /// Several messages one right after the other.
    async fn says_at_once(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(2..5) {
            let content = if rng.u8(..8) == 0 { rng.choice(WISHES) } else { rng.choice(QUESTIONS) };
            self.says(content.unwrap_or_default(), rng).await;
            tokio::time::sleep(Duration::from_millis(rng.u64(..40))).await;
        }
    }

    async fn says(&mut self, content: &str, rng: &mut Rng) {
        self.sent += 1;
        let echo_id = format!("{}-{}", self.number, self.sent);
        let body = json!({"content": content, "echo_id": echo_id});
        let taken = self.sends(&body).await;
        let seq = taken["message"]["seq"].as_i64().expect("a number");
        // The answer was lost on the way, and the message is sent again.
        if rng.u8(..6) == 0 {
            let again = self.sends(&body).await;
            assert_eq!(again["message"], taken["message"], "a retry is the message of before");
        }
        let conversation = text(&taken, "/message/conversation_id");
        self.talked.in_conversation(conversation);
        let mut known = self.book.conversation.lock().unwrap();
        assert!(known.is_empty() || *known == conversation, "a shopper has one conversation");
        conversation.clone_into(&mut known);
        self.book.accepted.lock().unwrap().push(Sent { echo_id, content: content.to_owned(), seq });
    }

    async fn sends(&self, body: &Value) -> Value {
        let (status, answer) = self.line.posts("/api/v1/widget/messages", body).await;
        assert_eq!(status, 202, "{body}: {answer}");
        answer
    }

    async fn presses_the_button(&mut self) {
        let (status, answer) = self.line.posts(BUTTON, &json!({})).await;
        assert_eq!(status, 202, "{answer}");
        let conversation = text(&answer, "/conversation/id");
        self.talked.in_conversation(conversation);
        conversation.clone_into(&mut self.book.conversation.lock().unwrap());
    }

    /// While they wait for a person; in other hands it is refused.
    async fn lets_the_bot_go_on(&mut self, on: bool) {
        if !self.book.conversation().is_empty() {
            let (status, answer) = self.line.posts("/api/v1/widget/assistant", &json!({"on": on})).await;
            assert!(matches!(status, 200 | 409), "{status}: {answer}");
        }
    }
}

/// An agent.
pub struct Agent {
    number: usize,
    line: Line,
    talked: Talked,
    sent: usize,
}

impl Agent {
    /// Adds one and logs in.
    pub async fn hire(desk: &Desk, talked: Talked, number: usize) -> Self {
        let line = desk.line();
        let email = format!("agent-{}@shop.example", fastrand::u64(..));
        desk.hire(&email, &format!("Agent {number}")).await;
        let (status, _) = line.posts("/api/v1/agent/login", &json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(status, 200);
        talked.over(&line);
        Self { number, line, talked, sent: 0 }
    }

    /// Their line.
    pub fn line(&self) -> Line {
        self.line.clone()
    }

    /// Works until they are told to stop.
    pub async fn work(mut self, mut rng: Rng, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(rng.u64(50..500))).await;
            // Mostly somebody who waits; now and then one of the bot's, whose turn may be running.
            let found = if rng.u8(..5) == 0 { self.talked.any(&mut rng) } else { self.waiting(&mut rng).await };
            let Some(conversation) = found else { continue };
            if self.does(&conversation, "claim").await != 200 {
                continue;
            }
            for _ in 0..rng.usize(..3) {
                self.replies(&conversation).await;
                tokio::time::sleep(Duration::from_millis(rng.u64(..150))).await;
            }
            match rng.u8(..4) {
                0 => self.does(&conversation, "return").await,
                1 => continue,
                _ => self.does(&conversation, "resolve").await,
            };
        }
    }

    async fn waiting(&self, rng: &mut Rng) -> Option<String> {
        let queue = if rng.u8(..3) == 0 { "mine" } else { "unassigned" };
        let list = self.line.gets(&format!("/api/v1/agent/tickets?queue={queue}")).await;
        let ticket = rng.choice(list["tickets"].as_array()?)?;
        Some(text(ticket, "/conversation/id").to_owned())
    }

    async fn does(&self, conversation: &str, action: &str) -> u16 {
        self.line.posts(&format!("/api/v1/agent/conversations/{conversation}/{action}"), &json!({})).await.0
    }

    async fn replies(&mut self, conversation: &str) {
        self.sent += 1;
        let body = json!({"content": format!("Reply {}", self.sent), "echo_id": format!("agent-{}-{}", self.number, self.sent)});
        let (status, answer) = self.line.posts(&format!("/api/v1/agent/conversations/{conversation}/messages"), &body).await;
        assert_eq!(status, 201, "to one's own conversation: {answer}");
    }
}

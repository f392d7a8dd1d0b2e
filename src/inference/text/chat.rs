//! What is asked of the language model, and the port through which it is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::inference::engine::constraint::Constraint;
use crate::inference::engine::queue::Permit;
use crate::inference::error::InferenceError;

/// For whom the model works; a shopper goes before an agent, an agent before work that nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A shopper waits.
    Shopper,
    /// An agent waits.
    Agent,
    /// Nobody waits.
    Background,
}

impl Class {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Shopper, Self::Agent, Self::Background];

    /// Its place in [`Self::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::Shopper => 0,
            Self::Agent => 1,
            Self::Background => 2,
        }
    }

    /// What metrics call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Shopper => "shopper",
            Self::Agent => "agent",
            Self::Background => "background",
        }
    }
}

/// No place in the queue is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is busy; a place should be free in {} s", retry_after.as_secs())]
pub struct Overloaded {
    /// When a place is likely to be free.
    pub retry_after: Duration,
}

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions.
    System,
    /// The shopper or agent.
    User,
    /// The model itself.
    Assistant,
}

impl Role {
    /// What chat templates call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a prompt. Its content is text: nothing in it becomes a control token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl ChatMessage {
    /// Instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// What a person said.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model said before.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// One request; the most likely token is taken at each step, so that the same request has the same answer.
#[derive(Debug, Clone)]
pub struct Generation {
    /// The conversation so far.
    pub messages: Vec<ChatMessage>,
    /// At most this many tokens are generated.
    pub max_tokens: usize,
    /// Texts that end the answer and are not part of it.
    pub stop: Vec<String>,
    /// From now until the last piece, waiting included.
    pub deadline: Duration,
    /// What the answer may be made of; anything, if there is none.
    pub constraint: Option<Arc<dyn Constraint>>,
    /// Whether the engine may guess ahead. The answer is the same; this is for measurements.
    pub guessing: Guessing,
}

/// Where guesses for what comes next are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guessing {
    /// From the prompt and the answer so far.
    FromText,
    /// Nowhere: one token a pass.
    Off,
}

impl Generation {
    /// An answer to `messages` that is neither long nor late, and of which nothing else is asked.
    pub fn new(messages: Vec<ChatMessage>) -> Self {
        Self {
            messages,
            max_tokens: 256,
            stop: Vec::new(),
            deadline: Duration::from_secs(30),
            constraint: None,
            guessing: Guessing::FromText,
        }
    }
}

/// A request for how likely texts are to follow a prompt.
#[derive(Debug, Clone)]
pub struct Scoring {
    /// What they would follow.
    pub prompt: ScoringPrompt,
    /// The texts.
    pub continuations: Vec<String>,
    /// From now until the scores, waiting included.
    pub deadline: Duration,
}

/// What continuations would follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoringPrompt {
    /// A conversation, up to where the model's reply begins.
    Chat(Vec<ChatMessage>),
    /// Plain text, as if the model itself had written it.
    Text(String),
}

/// A language model that takes requests.
pub trait Generate: Send + Sync {
    /// A place in the queue, or that there is none. Never waits.
    fn admit(&self, class: Class) -> Result<Permit, Overloaded>;

    /// The answer, in pieces of whole characters. The channel closes after the last piece; an `Err` is the last item. Dropping the receiver
    /// cancels at the next step.
    fn generate(&self, permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>>;

    /// For each continuation the log-likelihood of each of its tokens, given the prompt and the tokens before. Dropping the receiver cancels.
    fn score(&self, permit: Permit, request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>>;

    /// The tokens of each text, as constraints are made of: nothing in a text becomes a control token.
    fn tokens(&self, texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>>;

    /// The model's name, for traces.
    fn name(&self) -> &str;

    /// The name, and what tells its weights from others of that name, where they are known here.
    fn fingerprint(&self) -> String {
        self.name().to_owned()
    }
}

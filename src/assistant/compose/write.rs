//! Letting the language model write a reply that can only be one of several: token by token, along a trie of all of them.

use std::sync::Arc;
use std::time::Duration;

use crate::inference::{ChatMessage, Class, Constraint, Generate, Generation, InferenceError, Permit, Trie, Units};
use crate::prompt::ReplyPrompt;

/// Hears the words of a reply as they are written.
pub type Tell<'t> = dyn Fn(&str) + Send + Sync + 't;

/// Tokens behind which a reply is cut off; none that may be said is as long.
const MOST_TOKENS: usize = 1_024;

/// How the model is asked.
#[derive(Clone)]
pub struct Writer {
    /// The language model.
    pub engine: Arc<dyn Generate>,
    /// How long it may take, waiting for a place included.
    pub deadline: Duration,
    /// Who waits.
    pub class: Class,
}

/// Why the model wrote nothing that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// No place in its queue.
    Overloaded,
    /// It did not come to the end in time.
    Late,
    /// It failed, or wrote what was not among the replies.
    Failed,
}

impl Unwritten {
    /// The stable name in metrics and traces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl Writer {
    /// The number of the reply that the model writes; `tell` hears it on the way.
    pub async fn choose(&self, prompt: ReplyPrompt, replies: &[&str], tell: &Tell<'_>) -> Result<usize, Unwritten> {
        let written = tokio::time::timeout(self.deadline, self.write(prompt, replies, tell)).await;
        written.unwrap_or(Err(Unwritten::Late))
    }

    /// What the model writes by itself.
    pub async fn freely(&self, prompt: ReplyPrompt, max_tokens: usize) -> Result<String, Unwritten> {
        let written = tokio::time::timeout(self.deadline, async {
            let permit = self.engine.admit(self.class).map_err(|_| Unwritten::Overloaded)?;
            self.generated(permit, Generation { max_tokens, ..Generation::new(messages(prompt)) }, &|_| {}).await
        });
        written.await.unwrap_or(Err(Unwritten::Late))
    }

    async fn write(&self, prompt: ReplyPrompt, replies: &[&str], tell: &Tell<'_>) -> Result<usize, Unwritten> {
        let permit = self.engine.admit(self.class).map_err(|_| Unwritten::Overloaded)?;
        let texts = replies.iter().map(|reply| (*reply).to_owned()).collect();
        let tokens = self.engine.tokens(texts).await.map_err(|fault| failed(&fault))?.map_err(|fault| failed(&fault))?;
        let constraint: Option<Arc<dyn Constraint>> = Some(Arc::new(Trie::new(tokens, Units::One)));
        let request = Generation { max_tokens: MOST_TOKENS, constraint, ..Generation::new(messages(prompt)) };
        let text = self.generated(permit, request, tell).await?;
        replies.iter().position(|reply| *reply == text).ok_or_else(|| failed(&"it wrote none of the replies that it was given"))
    }

    async fn generated(&self, permit: Permit, request: Generation, tell: &Tell<'_>) -> Result<String, Unwritten> {
        let mut pieces = self.engine.generate(permit, Generation { deadline: self.deadline, ..request });
        let mut text = String::new();
        while let Some(piece) = pieces.recv().await {
            match piece {
                Ok(piece) => {
                    tell(&piece);
                    text.push_str(&piece);
                }
                Err(InferenceError::DeadlinePassed { .. }) => return Err(Unwritten::Late),
                Err(fault) => return Err(failed(&fault)),
            }
        }
        Ok(text)
    }
}

fn messages(prompt: ReplyPrompt) -> Vec<ChatMessage> {
    vec![ChatMessage::system(prompt.system), ChatMessage::user(prompt.user)]
}

fn failed(fault: &dyn std::fmt::Display) -> Unwritten {
    tracing::warn!(error.message = %fault, "the model did not write a reply");
    Unwritten::Failed
}

//! Asking the language model for a draft, under a deadline, and checking it.

use std::sync::Arc;
use std::time::Duration;

use crate::inference::{ChatMessage, Class, Generate, Generation, InferenceError};
use crate::prompt::Prompts;

use super::sentences::sentences;
use super::verify::{Rejection, may_stand, verify, without_cut_sentence};

/// Longer answers are not put before a small model: it would take longer than a shopper waits.
const LONGEST_SOURCE: usize = 1_600;

/// How drafts are asked for.
#[derive(Clone)]
pub struct Drafter {
    /// The language model.
    pub engine: Arc<dyn Generate>,
    /// How long it may take.
    pub deadline: Duration,
    /// How long it may be.
    pub max_tokens: usize,
    /// For whom.
    pub class: Class,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drafted {
    /// Every sentence stands in the source.
    Accepted(String),
    /// The stored answer is sent; the reason counts in the metrics.
    Refused(&'static str),
}

impl Drafter {
    /// A draft for `question` out of `source`. Nothing of it is shown before the whole of it is verified.
    pub async fn draft(&self, prompts: &Prompts, question: &str, source: &str) -> Drafted {
        let drafted = self.try_draft(prompts, question, source).await;
        let outcome = match &drafted {
            Drafted::Accepted(_) => "accepted",
            Drafted::Refused(reason) => reason,
        };
        metrics::counter!("nightdesk_drafts_total", "outcome" => outcome).increment(1);
        drafted
    }

    async fn try_draft(&self, prompts: &Prompts, question: &str, source: &str) -> Drafted {
        if sentences(source).len() < 2 {
            return Drafted::Refused("nothing_to_choose");
        }
        if source.chars().count() > LONGEST_SOURCE {
            return Drafted::Refused("source_too_long");
        }
        let Ok(prompt) = prompts.reply(question, source) else { return Drafted::Refused("prompt") };
        let Ok(permit) = self.engine.admit(self.class) else { return Drafted::Refused("overloaded") };
        let messages = vec![ChatMessage::system(prompt.system), ChatMessage::user(prompt.user)];
        let request = Generation { max_tokens: self.max_tokens, deadline: self.deadline, ..Generation::new(messages) };
        let mut pieces = self.engine.generate(permit, request);
        let mut text = String::new();
        let read = async {
            while let Some(piece) = pieces.recv().await {
                match piece {
                    Ok(piece) => text.push_str(&piece),
                    // What is complete by then may still stand.
                    Err(InferenceError::DeadlinePassed { .. }) => return None,
                    Err(fault) => {
                        tracing::debug!(error.message = %fault, "a draft was not finished");
                        return Some("engine");
                    }
                }
                // Most drafts that fail leave the source in their first words: the shopper need not wait for the rest.
                if !may_stand(&text, source) {
                    return Some(Rejection::Unsupported.as_str());
                }
            }
            None
        };
        let refused = tokio::time::timeout(self.deadline, read).await.unwrap_or(None);
        drop(pieces);
        match refused.map_or_else(|| verify(without_cut_sentence(&text, source), source, question), |_| Err(Rejection::Unsupported)) {
            Ok(accepted) => Drafted::Accepted(accepted),
            Err(rejection) => {
                let reason = refused.unwrap_or(rejection.as_str());
                tracing::debug!(draft.text = text, draft.rejection = reason, "a draft was refused");
                Drafted::Refused(reason)
            }
        }
    }
}

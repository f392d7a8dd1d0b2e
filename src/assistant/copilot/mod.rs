//! Help for the agent who takes a conversation: a summary in the shopper's own words, drafts of a reply, and a warning where what they type is borne
//! out by nothing. Whatever the language model adds is a choice among given sentences; it never writes.
//!
//! All of it is worked out when it is asked for and kept in memory until something happens in the conversation. The model is asked as a background
//! task: while shoppers keep it busy, the plain rule ([`rule`]) and the stored answers stand in at once.

pub mod check;
pub mod drafts;
pub mod mood;
pub mod quote;
pub mod rule;
pub mod summary;
pub mod tried;

mod choose;
mod kept;

#[cfg(test)]
#[path = "copilot_tests.rs"]
mod copilot_tests;
#[cfg(test)]
mod fixture;

pub use check::{Checked, Finding};
pub use drafts::{Drafts, ReplyDraft};
pub use mood::{Felt, Mood};
pub use quote::Quote;
pub use summary::{By, OrderMention, Summary};
pub use tried::Tried;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::check::Named;
use self::choose::Chooser;
use self::drafts::{Candidate, candidates, from_entries, from_order, with_order};
use self::kept::{Kept, Key};
use super::respond::{RespondError, Responder};
use super::understand::order_talk;
use crate::commerce::Order;
use crate::conversation::{Conversation, ConversationId, Conversations, EventKind, Message, Source, Status};
use crate::inference::Generate;
use crate::prompt::Prompts;
use crate::support::StoreError;

/// How far back a conversation is read.
const HISTORY: u32 = 200;
/// How many events can stand between that many messages: changes of hands and ratings are few beside them.
const EVENTS: u32 = 1_000;

/// What a copilot is made of.
pub struct CopilotParts {
    /// The store.
    pub conversations: Arc<dyn Conversations>,
    /// What replies are composed by: as for shoppers, but its drafter asks in the background.
    pub responder: Arc<Responder>,
    /// Templates, phrases, patterns.
    pub prompts: Arc<Prompts>,
    /// The language model, where there is one.
    pub engine: Option<Arc<dyn Generate>>,
    /// How long an agent waits for the model's choices; then the rule's stand.
    pub patience: Duration,
}

/// Helps agents.
pub struct Copilot {
    parts: CopilotParts,
    summaries: Kept<Arc<Summary>>,
    candidates: Kept<Arc<Vec<Candidate>>>,
    drafts: Kept<Arc<Vec<ReplyDraft>>>,
}

/// A conversation as it is read.
struct Case {
    key: Key,
    /// Its messages since it was last taken up.
    transcript: Vec<Message>,
}

impl Copilot {
    /// A copilot of these parts.
    pub fn new(parts: CopilotParts) -> Self {
        Self { parts, summaries: Kept::default(), candidates: Kept::default(), drafts: Kept::default() }
    }

    /// What an agent should know of a conversation; `None` where there is no such conversation.
    pub async fn summary(&self, id: ConversationId) -> Result<Option<Arc<Summary>>, StoreError> {
        Ok(match self.case(id).await? {
            Some(case) => Some(self.summary_of(&case).await),
            None => None,
        })
    }

    /// Replies that the agent may send; `None` where there is no such conversation.
    pub async fn drafts(&self, id: ConversationId) -> Result<Option<Drafts>, RespondError> {
        let Some(case) = self.case(id).await? else { return Ok(None) };
        let Some(question) = self.summary_of(&case).await.owed.clone() else {
            return Ok(Some(Drafts { question: None, drafts: Vec::new() }));
        };
        let key = case.key.about(&question);
        let entries = match self.drafts.get(&key) {
            Some(kept) => kept,
            None => {
                let candidates = self.candidates_of(&case, &question).await?;
                let drafts = Arc::new(from_entries(&self.parts.responder, &question.text, &candidates, &case.transcript).await);
                self.drafts.put(key, Arc::clone(&drafts));
                drafts
            }
        };
        // An order is read anew each time: its parcel moves while the conversation stands still.
        let order = self.order_of(&case).await?.map(|order| from_order(&self.parts.responder, &question.text, &order, &case.transcript));
        let drafts = with_order(entries.to_vec(), order, &question.text, self.parts.prompts.patterns());
        Ok(Some(Drafts { question: Some(question), drafts }))
    }

    /// What the shop knows about each sentence of a text; `None` where there is no such conversation.
    pub async fn check(&self, id: ConversationId, text: String) -> Result<Option<Vec<Checked>>, RespondError> {
        let Some(case) = self.case(id).await? else { return Ok(None) };
        let sources = self.sources_of(&case, &text).await?;
        let checked = tokio::task::spawn_blocking(move || check::check(&text, &sources)).await;
        checked.map(Some).map_err(|fault| RespondError::Worker(fault.to_string()))
    }

    async fn case(&self, id: ConversationId) -> Result<Option<Case>, StoreError> {
        let store = &self.parts.conversations;
        let Some(Conversation { last_seq, .. }) = store.conversation(id).await? else { return Ok(None) };
        let mut transcript = store.messages(id, HISTORY).await?;
        let newest = transcript.last().map_or(0, |message| message.seq);
        let before = transcript.first().map_or(0, |message| message.seq - 1);
        // What was resolved once is another matter.
        let events = store.events_after(id, before, EVENTS).await?;
        let resolved = |kind: &EventKind| matches!(kind, EventKind::StatusChanged { to: Status::Resolved, .. });
        let taken_up = events.iter().rfind(|event| event.seq < newest && resolved(&event.kind)).map_or(before, |event| event.seq);
        transcript.retain(|message| message.seq > taken_up);
        let knowledge = self.parts.responder.knowledge().hash.clone();
        Ok(Some(Case { key: Key { id, seq: last_seq, knowledge, question: None }, transcript }))
    }

    async fn summary_of(&self, case: &Case) -> Arc<Summary> {
        if let Some(kept) = self.summaries.get(&case.key) {
            return kept;
        }
        let until = Instant::now() + self.parts.patience;
        let chooser = self.parts.engine.as_deref().map(|engine| Chooser { engine, until });
        let summary = Arc::new(summary::summary(&case.transcript, &self.parts.prompts, chooser.as_ref()).await);
        let by = match summary.by {
            By::Model => "model",
            By::Rule => "rule",
        };
        metrics::counter!("nightdesk_summaries_total", "by" => by).increment(1);
        // What the model had no time for it may have time for when the agent looks again.
        if !summary.hurried {
            self.summaries.put(case.key.clone(), Arc::clone(&summary));
        }
        summary
    }

    async fn candidates_of(&self, case: &Case, question: &Quote) -> Result<Arc<Vec<Candidate>>, RespondError> {
        let key = case.key.about(question);
        if let Some(kept) = self.candidates.get(&key) {
            return Ok(kept);
        }
        let place = case.transcript.iter().position(|message| message.id == question.message_id).unwrap_or(case.transcript.len());
        let found = Arc::new(candidates(&self.parts.responder, &question.text, &case.transcript[..place]).await?);
        self.candidates.put(key, Arc::clone(&found));
        Ok(found)
    }

    async fn order_of(&self, case: &Case) -> Result<Option<Order>, StoreError> {
        self.parts.responder.verified_order(&order_talk(&case.transcript).details).await
    }

    /// What an agent's words may rest on: the entries that the bot named, those that may answer what is open, and the shopper's order.
    async fn sources_of(&self, case: &Case, text: &str) -> Result<Vec<Named>, RespondError> {
        let named = case.transcript.iter().filter_map(|message| message.trace.as_ref()).flat_map(|trace| &trace.sources);
        let mut ids: BTreeSet<String> = named
            .filter_map(|source| match source {
                Source::Entry { id, .. } => Some(id.clone()),
                Source::Order { .. } => None,
            })
            .collect();
        // Whoever types is not kept waiting for the model.
        let summary = match self.summaries.get(&case.key) {
            Some(kept) => kept,
            None => Arc::new(summary::summary(&case.transcript, &self.parts.prompts, None).await),
        };
        if let Some(question) = &summary.owed {
            ids.extend(self.candidates_of(case, question).await?.iter().map(|one| one.entry.id.as_str().to_owned()));
        }
        let knowledge = self.parts.responder.knowledge();
        let entries = knowledge.entries.iter().filter(|entry| ids.contains(entry.id.as_str()));
        let mut sources: Vec<Named> = entries
            .map(|entry| Named {
                source: Source::Entry { id: entry.id.as_str().to_owned(), title: entry.question.clone() },
                text: entry.answer.clone(),
            })
            .collect();
        if let Some(order) = self.order_of(case).await? {
            let number = order.number.as_str().to_owned();
            sources.push(Named { source: Source::Order { number }, text: self.parts.responder.about_order(text, &order).content });
        }
        Ok(sources)
    }
}

//! From the transcript to a reply. All the ifs of a turn live here; nothing is written.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::commerce::{CustomerProof, GuestClaim, Orders};
use crate::confidence::{Rule, Verdict};
use crate::conversation::{Decision, HandoffReason, Message, Source};
use crate::knowledge::Entry;
use crate::prompt::{Phrases, Prompts};
use crate::retrieval::{RetrievalError, Retriever};
use crate::support::StoreError;

use super::draft::{Drafted, Drafter};
use super::language::locale_of;
use super::order_reply;
use super::understand::{Intent, OrderTalk, question_of, understand};

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum RespondError {
    /// The database did not answer; the turn is tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Retrieval failed; the conversation goes to a person.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),
    /// A worker died.
    #[error("retrieval stopped: {0}")]
    Worker(String),
}

/// What the bot would say.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What kind of reply it is.
    pub decision: Decision,
    /// The words.
    pub content: String,
    /// The probability that the answer is right.
    pub confidence: f64,
    /// What it rests on.
    pub sources: Vec<Source>,
    /// Who chose the words.
    pub model: String,
    /// Why a person gets the conversation, if one does.
    pub handoff: Option<HandoffReason>,
}

impl Reply {
    /// Words that code chose.
    fn spoken(decision: Decision, content: String) -> Self {
        Self { decision, content, confidence: 1.0, sources: Vec::new(), model: "stored".to_owned(), handoff: None }
    }

    /// A handoff with its one line.
    pub fn handoff(reason: HandoffReason, phrases: &Phrases, confidence: f64) -> Self {
        let content = phrases.text(&format!("handoff.{}", reason.as_str()), &[]);
        Self { confidence, handoff: Some(reason), ..Self::spoken(Decision::Handoff, content) }
    }
}

/// What a responder is made of.
pub struct ResponderParts {
    /// Search over the entries.
    pub retriever: Arc<Retriever>,
    /// The order port.
    pub orders: Arc<dyn Orders>,
    /// Templates, phrases, patterns.
    pub prompts: Arc<Prompts>,
    /// The language model, where there is one.
    pub drafter: Option<Drafter>,
    /// By what it is decided whether the bot answers. Replaced while the bot runs, when the knowledge is.
    pub rule: Arc<ArcSwap<Rule>>,
    /// Failed verifications before a person gets the conversation.
    pub verify_attempts: usize,
    /// The shop's language.
    pub locale: String,
}

/// Answers one message.
pub struct Responder {
    parts: ResponderParts,
}

impl Responder {
    /// A responder of these parts.
    pub fn new(parts: ResponderParts) -> Self {
        Self { parts }
    }

    /// The reply to what the shopper last wrote.
    pub async fn respond(&self, transcript: &[Message]) -> Result<Reply, RespondError> {
        let question = question_of(transcript);
        let phrases = self.phrases_for(&question);
        match understand(transcript, self.parts.prompts.patterns()) {
            Intent::Person => Ok(Reply::handoff(HandoffReason::Asked, phrases, 1.0)),
            Intent::Smalltalk(phrase) => Ok(Reply::spoken(Decision::Smalltalk, phrases.text(phrase, &[]))),
            Intent::Order(talk) => self.order(talk, phrases).await,
            Intent::OrderChange => self.answer(&question, HandoffReason::OrderChange).await,
            Intent::Question => self.answer(&question, HandoffReason::LowConfidence).await,
        }
    }

    /// The phrases in the language of a text.
    pub fn phrases_for(&self, text: &str) -> &Phrases {
        self.parts.prompts.phrases(locale_of(text, &self.parts.locale))
    }

    /// The rule that holds now.
    pub fn rule(&self) -> Arc<Rule> {
        self.parts.rule.load_full()
    }

    async fn order(&self, talk: OrderTalk, phrases: &Phrases) -> Result<Reply, RespondError> {
        let ask = |phrase| Ok(Reply::spoken(Decision::AskOrder, phrases.text(phrase, &[])));
        let (number, email) = match (talk.details.number, talk.details.email) {
            (Some(number), Some(email)) => (number, email),
            (None, None) => return ask("order.ask"),
            (None, Some(_)) => return ask("order.ask_number"),
            (Some(_), None) => return ask("order.ask_email"),
        };
        let claim = GuestClaim { number: number.clone(), email };
        let owner = self.parts.orders.owner(&number).await?;
        let order = match CustomerProof::of_guest(&claim, owner.as_ref()) {
            Some(proof) => self.parts.orders.order(&proof, &number).await?,
            None => None,
        };
        match order {
            Some(order) => {
                let content = order_reply::describe(&order, phrases);
                let sources = vec![Source::Order { number: order.number.as_str().to_owned() }];
                Ok(Reply { sources, ..Reply::spoken(Decision::Order, content) })
            }
            None if talk.attempts >= self.parts.verify_attempts => Ok(Reply::handoff(HandoffReason::OrderNotVerified, phrases, 1.0)),
            None => ask("order.not_verified"),
        }
    }

    async fn answer(&self, question: &str, otherwise: HandoffReason) -> Result<Reply, RespondError> {
        match self.decide(question).await? {
            Verdict::HandOver { confidence } => Ok(Reply::handoff(otherwise, self.phrases_for(question), confidence)),
            Verdict::Answer { entry, confidence } => Ok(self.compose(question, &entry, confidence).await),
        }
    }

    async fn decide(&self, question: &str) -> Result<Verdict, RespondError> {
        let retriever = Arc::clone(&self.parts.retriever);
        let rule = self.rule();
        let question = question.to_owned();
        let search = move || retriever.candidates(&question).map(|hits| rule.decide(&hits));
        let verdict = tokio::task::spawn_blocking(search).await.map_err(|fault| RespondError::Worker(fault.to_string()))?;
        Ok(verdict?)
    }

    async fn compose(&self, question: &str, entry: &Entry, confidence: f64) -> Reply {
        let sources = vec![Source::Entry { id: entry.id.as_str().to_owned(), title: entry.question.clone() }];
        let stored = Reply { sources, confidence, ..Reply::spoken(Decision::Answer, entry.answer.clone()) };
        let Some(drafter) = &self.parts.drafter else { return stored };
        match drafter.draft(&self.parts.prompts, question, &entry.answer).await {
            Drafted::Accepted(content) => Reply { content, model: drafter.engine.name().to_owned(), ..stored },
            Drafted::Refused(_) => stored,
        }
    }
}

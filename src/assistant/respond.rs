//! From the transcript to a reply. All the ifs of a turn live here; nothing is written.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::commerce::{CustomerProof, GuestClaim, Order, Orders};
use crate::confidence::{Asking, Rule};
use crate::conversation::{Decision, HandoffReason, Message, Source};
use crate::knowledge::Entry;
use crate::prompt::{Phrases, Prompts};
use crate::retrieval::{Hit, RetrievalError, Retriever};
use crate::support::StoreError;
use crate::support::text::ellipsis;

use super::choice::{Choice, was_asked};
use super::context::topic_of;
use super::draft::{Drafted, Drafter};
use super::gloss::in_english;
use super::language::locale_of;
use super::order;
use super::plan::{Known, Plan, Queries};
use super::understand::{Intent, OrderTalk, question_of, understand};

/// How much of a question that has no answer is repeated to the shopper, in characters.
const REPEATED: usize = 120;

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
    /// What it rests on, or the entries that it offers to choose from.
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

    /// The entries to choose from, where the reply asks which one was meant: id and question.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.decision.options(&self.sources)
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
            Intent::Manipulation => Ok(Reply::spoken(Decision::Smalltalk, phrases.text("refused", &[]))),
            Intent::Choice(choice) => self.chosen(choice, phrases).await,
            Intent::Declined => Ok(Reply::spoken(Decision::Smalltalk, phrases.text("smalltalk.declined", &[]))),
            // Whoever wants something done is not asked which rule they mean.
            Intent::OrderChange => self.answer(&question, transcript, HandoffReason::OrderChange, Asking::Spent).await,
            Intent::Question => {
                let asking = if was_asked(transcript) { Asking::Spent } else { Asking::Allowed };
                self.answer(&question, transcript, HandoffReason::LowConfidence, asking).await
            }
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
            Some(order) => Ok(self.about_order(&talk.question, &order)),
            None if talk.attempts >= self.parts.verify_attempts => Ok(Reply::handoff(HandoffReason::OrderNotVerified, phrases, 1.0)),
            None => ask("order.not_verified"),
        }
    }

    async fn answer(
        &self,
        question: &str,
        transcript: &[Message],
        otherwise: HandoffReason,
        asking: Asking,
    ) -> Result<Reply, RespondError> {
        let phrases = self.phrases_for(question);
        let queries = Queries::of(question, topic_of(transcript).as_ref(), &|text| {
            let english = in_english(text);
            self.parts.retriever.corrected(english.as_deref().unwrap_or(text)).or(english)
        });
        let found = self.search(queries.texts()).await?;
        let rule = self.rule();
        match queries.settle(&found, &|hits, asking| rule.decide(hits, asking), asking) {
            Plan::HandOver { confidence } => Ok(Reply::handoff(otherwise, phrases, confidence)),
            Plan::Clarify { entries, confidence } => {
                let sources = entries.iter().map(|entry| source(entry)).collect();
                Ok(Reply { sources, confidence, ..Reply::spoken(Decision::Clarify, phrases.text("clarify", &[])) })
            }
            Plan::Answer { known, unknown: None } if known.len() == 1 => Ok(self.compose(&known[0]).await),
            Plan::Answer { known, unknown } => Ok(together(&known, unknown.as_deref(), phrases)),
        }
    }

    /// The hits of each text.
    async fn search(&self, texts: Vec<String>) -> Result<Vec<Vec<Hit>>, RespondError> {
        let retriever = Arc::clone(&self.parts.retriever);
        let search = move || texts.iter().map(|text| retriever.candidates(text)).collect::<Result<Vec<_>, _>>();
        let found = tokio::task::spawn_blocking(search).await.map_err(|fault| RespondError::Worker(fault.to_string()))?;
        Ok(found?)
    }

    /// The entry that the shopper chose. Nothing is left to guess, so the confidence is 1; where nothing of what was offered is right, it is 0. An
    /// entry that is gone since it was offered goes to a person as well.
    async fn chosen(&self, choice: Choice, phrases: &Phrases) -> Result<Reply, RespondError> {
        let knowledge = self.parts.retriever.knowledge();
        let entry = match &choice {
            Choice::Entry(id) => knowledge.entries.iter().find(|entry| entry.id.as_str() == id),
            Choice::None => None,
        };
        match entry {
            Some(entry) => Ok(self.compose(&Known { entry: Arc::clone(entry), confidence: 1.0, question: entry.question.clone() }).await),
            None => Ok(Reply::handoff(HandoffReason::LowConfidence, phrases, 0.0)),
        }
    }

    /// The reply to a question from the entry that answers it.
    pub async fn from_entry(&self, question: &str, entry: &Arc<Entry>) -> Reply {
        self.compose(&Known { entry: Arc::clone(entry), confidence: 1.0, question: question.to_owned() }).await
    }

    /// The reply to a question about an order whose owner asks.
    pub fn about_order(&self, question: &str, order: &Order) -> Reply {
        let spoken = order::reply(order, question, self.parts.prompts.patterns(), self.phrases_for(question));
        let sources = vec![Source::Order { number: order.number.as_str().to_owned() }];
        Reply { sources, ..Reply::spoken(Decision::Order, spoken.into_parts().0) }
    }

    async fn compose(&self, known: &Known) -> Reply {
        let Known { entry, confidence, question } = known;
        let stored =
            Reply { sources: vec![source(entry)], confidence: *confidence, ..Reply::spoken(Decision::Answer, entry.answer.clone()) };
        let Some(drafter) = &self.parts.drafter else { return stored };
        match drafter.draft(&self.parts.prompts, question, &entry.answer).await {
            Drafted::Accepted(content) => Reply { content, model: drafter.engine.name().to_owned(), ..stored },
            Drafted::Refused(_) => stored,
        }
    }
}

fn source(entry: &Entry) -> Source {
    Source::Entry { id: entry.id.as_str().to_owned(), title: entry.question.clone() }
}

/// Stored answers one after the other, and a line on what has none. A reply is as sure as its least sure answer.
fn together(known: &[Known], unknown: Option<&str>, phrases: &Phrases) -> Reply {
    let mut paragraphs: Vec<String> = known.iter().map(|one| one.entry.answer.clone()).collect();
    let decision = match unknown {
        None => Decision::Answer,
        Some(question) => {
            let question = ellipsis(&question.split_whitespace().collect::<Vec<_>>().join(" "), REPEATED);
            paragraphs.push(phrases.text("part_unknown", &[("question", question)]));
            Decision::PartAnswer
        }
    };
    let confidence = known.iter().map(|one| one.confidence).fold(1.0, f64::min);
    let sources = known.iter().map(|one| source(&one.entry)).collect();
    Reply { sources, confidence, ..Reply::spoken(decision, paragraphs.join("\n\n")) }
}

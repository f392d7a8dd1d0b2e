//! From the transcript to a reply. All the ifs of a turn live here; nothing is written.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::commerce::{CustomerProof, GuestClaim, Order, Orders};
use crate::confidence::{Asking, Rule};
use crate::conversation::{Cause, Decision, HandoffReason, MadeWith, Message, Origin, STORED, Source, Statement};
use crate::knowledge::{Entry, HandoffRule, Knowledge};
use crate::prompt::{Group, Phrases, Prompts, Situation};
use crate::retrieval::{Hit, RetrievalError, Retriever};
use crate::support::StoreError;
use crate::support::text::ellipsis;

use super::cause::unanswered;
use super::choice::{Choice, was_asked};
use super::compose::{Asked, Composed, Composer, Spoken, Tell};
use super::context::{Leaning, leaning, topic_of};
use super::details::OrderDetails;
use super::failure::{failures, is_told_out, retry};
use super::gloss::in_english;
use super::language::locale_of;
use super::order;
use super::plan::{Known, Plan, Queries};
use super::sheet::facts_of;
use super::topics::Topics;
use super::understand::{Intent, OrderTalk, question_of, situation_of, understand};
use super::verify::{Sources, verify};

/// How much of a question that has no answer is repeated to the shopper, in characters.
const REPEATED: usize = 120;

/// Where a reply begins with its answer.
const NO_OPENING: &[String] = &[];

/// Between answers to several questions.
const BETWEEN: &str = "\n\n";

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
    /// What each part of them rests on.
    pub statements: Vec<Statement>,
    /// The probability that the answer is right.
    pub confidence: f64,
    /// What it rests on, or the entries that it offers to choose from.
    pub sources: Vec<Source>,
    /// Who chose the words.
    pub model: String,
    /// Why a person gets the conversation, if one does.
    pub handoff: Option<Cause>,
}

impl Reply {
    /// Words that code chose.
    fn spoken(decision: Decision, spoken: Spoken) -> Self {
        let (content, statements) = spoken.into_parts();
        Self { decision, content, statements, confidence: 1.0, sources: Vec::new(), model: STORED.to_owned(), handoff: None }
    }

    /// A phrase of the shop's without variables.
    fn phrase(decision: Decision, phrases: &Phrases, key: &str) -> Self {
        Self::spoken(decision, Spoken::phrase(key, &phrases.text(key, &[])))
    }

    /// The entries to choose from, where the reply asks which one was meant: id and question.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.decision.options(&self.sources)
    }

    /// What it was made with, of what the responder had before it. Words that no language model chose do not depend on one.
    pub fn made_with(&self, had: MadeWith) -> MadeWith {
        if self.model == STORED { MadeWith { model: STORED.to_owned(), ..had } } else { had }
    }

    /// A handoff with its one line.
    pub fn handoff(cause: impl Into<Cause>, phrases: &Phrases, confidence: f64) -> Self {
        let cause = cause.into();
        Self { confidence, ..Self::phrase(Decision::Handoff, phrases, &line_of(&cause)) }.handed_over(cause)
    }

    /// The same words, with which a person gets the conversation: the line of that stands under them.
    fn and_handed_over(mut self, cause: Cause, phrases: &Phrases) -> Self {
        let key = line_of(&cause);
        let line = phrases.text(&key, &[]);
        self.content.push_str(BETWEEN);
        let start = self.content.chars().count();
        self.content.push_str(&line);
        self.statements.push(Statement { start, end: start + line.chars().count(), origin: Origin::Phrase { key } });
        self.handed_over(cause)
    }

    fn handed_over(self, cause: Cause) -> Self {
        Self { decision: Decision::Handoff, handoff: Some(cause), ..self }
    }
}

/// A question to the knowledge base.
struct Inquiry<'a> {
    /// What the shopper wrote.
    said: &'a str,
    /// What is looked for: mostly the same.
    question: &'a str,
    /// What it came behind, and itself.
    transcript: &'a [Message],
    /// Entries that are not told again.
    told: &'a [String],
    /// Why a person gets it where nothing answers.
    otherwise: Cause,
    /// Whether it may be asked which entry is meant.
    asking: Asking,
}

/// What a responder is made of.
pub struct ResponderParts {
    /// Search over the entries.
    pub retriever: Arc<Retriever>,
    /// The order port.
    pub orders: Arc<dyn Orders>,
    /// Templates, phrases, patterns.
    pub prompts: Arc<Prompts>,
    /// Makes replies of entries.
    pub composer: Composer,
    /// By what it is decided whether the bot answers. Replaced while the bot runs, when the knowledge is.
    pub rule: Arc<ArcSwap<Rule>>,
    /// What a person has to see at once.
    pub topics: Topics,
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
        self.respond_telling(transcript, &|_| {}).await
    }

    /// The same; `tell` hears the words of a reply that the language model writes, while it does.
    pub async fn respond_telling(&self, transcript: &[Message], tell: &Tell<'_>) -> Result<Reply, RespondError> {
        let question = question_of(transcript);
        let reply = self.decided(transcript, &question, tell).await?;
        let reply = self.verified(reply, &question, "");
        if is_told_out(transcript, reply.decision, &reply.content, &reply.statements) {
            return Ok(Reply::handoff(HandoffReason::RepeatedFailure, self.phrases_for(&question), reply.confidence));
        }
        Ok(reply)
    }

    async fn decided(&self, transcript: &[Message], question: &str, tell: &Tell<'_>) -> Result<Reply, RespondError> {
        let phrases = self.phrases_for(question);
        match understand(transcript, self.parts.prompts.patterns(), &self.parts.topics) {
            Intent::Person(cause) => Ok(Reply::handoff(cause, phrases, 1.0)),
            Intent::Smalltalk(phrase) => Ok(Reply::phrase(Decision::Smalltalk, phrases, phrase)),
            Intent::Order(talk) => self.order(talk, phrases).await,
            Intent::Manipulation => Ok(Reply::phrase(Decision::Smalltalk, phrases, "refused")),
            Intent::Choice(choice) => self.chosen(choice, phrases, tell).await,
            Intent::Declined => Ok(Reply::phrase(Decision::Smalltalk, phrases, "smalltalk.declined")),
            // Whoever wants something done is not asked which rule they mean.
            Intent::OrderChange => {
                let otherwise = HandoffReason::OrderChange.into();
                self.answer(Inquiry { said: question, question, transcript, told: &[], otherwise, asking: Asking::Spent }, tell).await
            }
            Intent::Question => self.question(transcript, question, tell).await,
        }
    }

    async fn question(&self, transcript: &[Message], said: &str, tell: &Tell<'_>) -> Result<Reply, RespondError> {
        let patterns = self.parts.prompts.patterns();
        let otherwise = unanswered(said, failures(transcript, patterns), patterns);
        let asking = if was_asked(transcript) { Asking::Spent } else { Asking::Allowed };
        let retry = retry(transcript, patterns);
        let inquiry = match &retry {
            Some(retry) => Inquiry { said, question: &retry.question, transcript: retry.transcript, told: &retry.told, otherwise, asking },
            None => Inquiry { said, question: said, transcript, told: &[], otherwise, asking },
        };
        self.answer(inquiry, tell).await
    }

    /// The last gate: a reply that says what its sources do not is replaced by their stored answers, or where there is none goes to a person. `order` are
    /// the facts of the order that it may speak of. An order's reply has been here before, with them.
    fn verified(&self, reply: Reply, question: &str, order: &str) -> Reply {
        if reply.decision == Decision::Order && order.is_empty() {
            return reply;
        }
        let knowledge = self.parts.retriever.knowledge();
        let phrases = self.phrases_for(question);
        let phrase = |key: &str| phrases.source(key);
        let claims_transfer = |said: &str| self.claims_transfer(said);
        let sources = Sources { entries: &knowledge.entries, order, question, phrase: &phrase, claims_transfer: &claims_transfer };
        let Err(refused) = verify(&reply.content, &reply.statements, &sources) else { return reply };
        metrics::counter!("nightdesk_replies_refused_total", "reason" => refused.reason.as_str()).increment(1);
        tracing::error!(
            reply.decision = reply.decision.as_str(),
            reply.model,
            said = refused.said,
            reason = ?refused.reason,
            "a reply said what its source does not; the stored answer is sent instead"
        );
        let named = reply.sources.iter().filter_map(|source| match source {
            Source::Entry { id, .. } => knowledge.entries.iter().find(|entry| entry.id.as_str() == id),
            Source::Order { .. } => None,
        });
        let mut spoken = Spoken::default();
        named.for_each(|entry| spoken.append(BETWEEN, &Spoken::stored(entry)));
        let is_answer = matches!(reply.decision, Decision::Answer | Decision::PartAnswer);
        if spoken.content().is_empty() || !is_answer || self.claims_transfer(spoken.content()) {
            return Reply::handoff(HandoffReason::EngineFailure, phrases, 0.0);
        }
        Reply { sources: reply.sources, confidence: reply.confidence, ..Reply::spoken(Decision::Answer, spoken) }
    }

    /// Whether words say that a person was called.
    fn claims_transfer(&self, said: &str) -> bool {
        self.parts.prompts.patterns().finds(Group::ClaimsTransfer, said)
    }

    /// The phrases in the language of a text.
    pub fn phrases_for(&self, text: &str) -> &Phrases {
        self.parts.prompts.phrases(locale_of(text, &self.parts.locale))
    }

    /// The rule that holds now.
    pub fn rule(&self) -> Arc<Rule> {
        self.parts.rule.load_full()
    }

    /// What replies are made with now. Whoever keeps it asks before the reply: what is replaced meanwhile then shows as a change, and never hides one.
    pub fn made_with(&self) -> MadeWith {
        let parts = &self.parts;
        MadeWith {
            model: parts.composer.fingerprint(),
            index: parts.retriever.fingerprint(),
            prompts: parts.prompts.hash().to_owned(),
            calibration: self.rule().fingerprint(&parts.retriever.correction()),
            // Nothing is drawn: at each step the most likely token is taken.
            seed: 0,
        }
    }

    async fn order(&self, talk: OrderTalk, phrases: &Phrases) -> Result<Reply, RespondError> {
        let ask = |phrase| Ok(Reply::phrase(Decision::AskOrder, phrases, phrase));
        match (&talk.details.number, &talk.details.email) {
            (Some(_), Some(_)) => {}
            (None, None) => return ask("order.ask"),
            (None, Some(_)) => return ask("order.ask_number"),
            (Some(_), None) => return ask("order.ask_email"),
        }
        match self.verified_order(&talk.details).await? {
            Some(order) => Ok(self.about_order(&talk.question, &order)),
            None if talk.attempts >= self.parts.verify_attempts => Ok(Reply::handoff(HandoffReason::OrderNotVerified, phrases, 1.0)),
            None => ask("order.not_verified"),
        }
    }

    /// The order that somebody names, if they show that it is theirs.
    pub async fn verified_order(&self, details: &OrderDetails) -> Result<Option<Order>, StoreError> {
        let (Some(number), Some(email)) = (&details.number, &details.email) else { return Ok(None) };
        let claim = GuestClaim { number: number.clone(), email: email.clone() };
        let owner = self.parts.orders.owner(number).await?;
        match CustomerProof::of_guest(&claim, owner.as_ref()) {
            Some(proof) => self.parts.orders.order(&proof, number).await,
            None => Ok(None),
        }
    }

    async fn answer(&self, inquiry: Inquiry<'_>, tell: &Tell<'_>) -> Result<Reply, RespondError> {
        let Inquiry { said, question, transcript, told, otherwise, asking } = inquiry;
        let phrases = self.phrases_for(said);
        let queries = self.queries(question, transcript);
        let found = self.search(queries.texts()).await?;
        let rule = self.rule();
        let openings = self.openings(said, topic_of(transcript).is_some() && leaning(question) == Leaning::Strong);
        match queries.settle(&found, &|hits, asking| rule.decide(&untold(hits, told), asking), asking) {
            Plan::HandOver { confidence } => Ok(Reply::handoff(otherwise, phrases, confidence)),
            Plan::Clarify { entries, confidence } => {
                let sources = entries.iter().map(|entry| source(entry)).collect();
                Ok(Reply { sources, confidence, ..Reply::phrase(Decision::Clarify, phrases, "clarify") })
            }
            Plan::Answer { known, unknown } => {
                // What was asked before is not repeated as if it were said now, and a person who comes anyway is not offered.
                let unknown = unknown.filter(|_| question == said && !is_for_a_person(&known));
                let reply = match (known.as_slice(), unknown) {
                    ([known], None) => self.compose(known, openings, tell).await,
                    (known, unknown) => self.together(known, unknown.as_deref(), phrases, openings).await,
                };
                Ok(by_rule(reply, &known, phrases))
            }
        }
    }

    /// What may answer a question that came behind `before`, the best first: by that reading of it which leads to the surest entry. Empty where
    /// nothing was found.
    pub async fn candidates(&self, question: &str, before: &[Message]) -> Result<Vec<Hit>, RespondError> {
        let found = self.search(self.queries(question, before).texts()).await?;
        let rule = self.rule();
        let sure = |hits: &[Hit]| rule.calibration.confidence(hits);
        Ok(found.into_iter().reduce(|best, next| if sure(&next) > sure(&best) { next } else { best }).unwrap_or_default())
    }

    /// The knowledge that is answered from now.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        self.parts.retriever.knowledge()
    }

    fn queries(&self, question: &str, transcript: &[Message]) -> Queries {
        Queries::of(question, topic_of(transcript).as_ref(), &|text| {
            let english = in_english(text);
            self.parts.retriever.corrected(english.as_deref().unwrap_or(text)).or(english)
        })
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
    async fn chosen(&self, choice: Choice, phrases: &Phrases, tell: &Tell<'_>) -> Result<Reply, RespondError> {
        let knowledge = self.parts.retriever.knowledge();
        let entry = match &choice {
            Choice::Entry(id) => knowledge.entries.iter().find(|entry| entry.id.as_str() == id),
            Choice::None => None,
        };
        match entry {
            Some(entry) => {
                let known = Known { entry: Arc::clone(entry), confidence: 1.0, question: entry.question.clone() };
                let reply = self.compose(&known, (Situation::Neutral.key(), NO_OPENING), tell).await;
                Ok(by_rule(reply, &[known], phrases))
            }
            None => Ok(Reply::handoff(HandoffReason::LowConfidence, phrases, 0.0)),
        }
    }

    /// The reply to a question from the entry that answers it.
    pub async fn from_entry(&self, question: &str, entry: &Arc<Entry>) -> Reply {
        let known = Known { entry: Arc::clone(entry), confidence: 1.0, question: question.to_owned() };
        self.verified(self.compose(&known, self.openings(question, false), &|_| {}).await, question, "")
    }

    /// The reply to a question about an order whose owner asks.
    pub fn about_order(&self, question: &str, order: &Order) -> Reply {
        let spoken = order::reply(order, question, self.parts.prompts.patterns(), self.phrases_for(question));
        let sources = vec![Source::Order { number: order.number.as_str().to_owned() }];
        self.verified(Reply { sources, ..Reply::spoken(Decision::Order, spoken) }, question, &facts_of(order))
    }

    async fn compose(&self, known: &Known, openings: (&'static str, &[String]), tell: &Tell<'_>) -> Reply {
        // Words that may be refused are not told while they are written.
        let tell: &Tell<'_> = if self.claims_transfer(&known.entry.answer) { &|_| {} } else { tell };
        let Composed { spoken, by } = self.composed(known, openings, tell).await;
        Reply { sources: vec![source(&known.entry)], confidence: known.confidence, model: by, ..Reply::spoken(Decision::Answer, spoken) }
    }

    /// How a reply begins.
    fn openings(&self, question: &str, follows: bool) -> (&'static str, &[String]) {
        let situation = situation_of(question, follows, self.parts.prompts.patterns());
        (situation.key(), self.phrases_for(question).openings(situation))
    }

    async fn composed(&self, known: &Known, openings: (&'static str, &[String]), tell: &Tell<'_>) -> Composed {
        let asked = Asked { question: &known.question, entry: &known.entry, openings };
        self.parts.composer.compose(&self.parts.prompts, asked, tell).await
    }

    /// Answers one after the other, and a line on what has none. A reply is as sure as its least sure answer.
    async fn together(&self, known: &[Known], unknown: Option<&str>, phrases: &Phrases, openings: (&'static str, &[String])) -> Reply {
        let mut spoken = Spoken::default();
        let mut by = Vec::new();
        for (place, one) in known.iter().enumerate() {
            // Of several answers the first has the opening.
            let openings = if place == 0 { openings } else { (openings.0, NO_OPENING) };
            let composed = self.composed(one, openings, &|_| {}).await;
            spoken.append(BETWEEN, &composed.spoken);
            by.push(composed.by);
        }
        let decision = match unknown {
            None => Decision::Answer,
            Some(question) => {
                let question = ellipsis(&question.split_whitespace().collect::<Vec<_>>().join(" "), REPEATED);
                let text = phrases.text("part_unknown", &[("question", question)]);
                spoken.push(BETWEEN, &text, Origin::Phrase { key: "part_unknown".to_owned() });
                Decision::PartAnswer
            }
        };
        let confidence = known.iter().map(|one| one.confidence).fold(1.0, f64::min);
        let sources = known.iter().map(|one| source(&one.entry)).collect();
        by.dedup();
        Reply { sources, confidence, model: by.join(", "), ..Reply::spoken(decision, spoken) }
    }
}

/// The key of the one line that the shopper sees.
fn line_of(cause: &Cause) -> String {
    format!("handoff.{}", cause.reason.as_str())
}

/// The hits without entries that did not help.
fn untold<'a>(hits: &'a [Hit], told: &[String]) -> Cow<'a, [Hit]> {
    if told.is_empty() {
        return Cow::Borrowed(hits);
    }
    hits.iter().filter(|hit| !told.iter().any(|id| id == hit.entry.id.as_str())).cloned().collect()
}

/// Whether one of the entries says that a person deals with it.
fn is_for_a_person(known: &[Known]) -> bool {
    known.iter().any(|one| one.entry.handoff == HandoffRule::Always)
}

/// The answer, behind which a person gets the conversation where an entry says so.
fn by_rule(reply: Reply, known: &[Known], phrases: &Phrases) -> Reply {
    if is_for_a_person(known) { reply.and_handed_over(HandoffReason::Policy.into(), phrases) } else { reply }
}

fn source(entry: &Entry) -> Source {
    Source::Entry { id: entry.id.as_str().to_owned(), title: entry.question.clone() }
}

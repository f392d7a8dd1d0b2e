//! Bodies of the help for agents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::message::{DecisionDto, SourceDto};
use crate::assistant::copilot::{By, Checked, Drafts, Finding, Mood, Quote, ReplyDraft, Summary, Tried};

/// The shopper's own words.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteDto {
    /// The message that they stand in.
    pub message_id: Uuid,
    /// The first character in the message, from 0.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
    /// The words, at most 280 characters.
    pub text: String,
}

impl From<&Quote> for QuoteDto {
    fn from(quote: &Quote) -> Self {
        Self { message_id: quote.message_id.0, start: quote.start, end: quote.end, text: quote.text.clone() }
    }
}

/// What the bot tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tried)]
pub struct TriedDto {
    /// The bot's message.
    pub message_id: Uuid,
    /// What kind of reply it was.
    pub decision: DecisionDto,
    /// The entries and orders that it named, or offered to choose from.
    pub sources: Vec<SourceDto>,
    /// Whether the shopper said that it helped, if they said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helped: Option<bool>,
}

impl From<&Tried> for TriedDto {
    fn from(tried: &Tried) -> Self {
        Self {
            message_id: tried.message_id.0,
            decision: tried.decision.into(),
            sources: tried.sources.iter().map(SourceDto::from).collect(),
            helped: tried.helped,
        }
    }
}

/// The order that is talked about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderMention)]
pub struct OrderMentionDto {
    /// Its number, as the shop writes it.
    #[schema(example = "#W2611340")]
    pub number: String,
    /// Whether the shopper has shown that it is theirs, and was told of it.
    pub shown: bool,
}

/// How the shopper seems to feel.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Mood)]
#[serde(rename_all = "snake_case")]
pub enum MoodDto {
    /// Nothing speaks against it.
    Calm,
    /// Something did not help, or went wrong.
    Unhappy,
    /// It must be quick.
    Urgent,
    /// They are angry.
    Angry,
}

impl From<Mood> for MoodDto {
    fn from(mood: Mood) -> Self {
        match mood {
            Mood::Calm => Self::Calm,
            Mood::Unhappy => Self::Unhappy,
            Mood::Urgent => Self::Urgent,
            Mood::Angry => Self::Angry,
        }
    }
}

/// Who chose the sentences.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ChosenBy)]
#[serde(rename_all = "snake_case")]
pub enum ByDto {
    /// The language model.
    Model,
    /// A plain rule.
    Rule,
}

/// What an agent should know before the first word.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Summary)]
pub struct SummaryDto {
    /// What the shopper wants; absent where they wrote nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wants: Option<QuoteDto>,
    /// What the bot tried, the last ten.
    pub tried: Vec<TriedDto>,
    /// The order that is talked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderMentionDto>,
    /// How the shopper seems to feel.
    pub mood: MoodDto,
    /// The sentence that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mood_shown_by: Option<QuoteDto>,
    /// The question that waits for its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<QuoteDto>,
    /// Who chose `wants` and `open` among the shopper's sentences.
    pub by: ByDto,
}

impl From<&Summary> for SummaryDto {
    fn from(summary: &Summary) -> Self {
        Self {
            wants: summary.wants.as_ref().map(QuoteDto::from),
            tried: summary.tried.iter().map(TriedDto::from).collect(),
            order: summary.order.as_ref().map(|order| OrderMentionDto { number: order.number.clone(), shown: order.shown }),
            mood: summary.mood.mood.into(),
            mood_shown_by: summary.mood.because.as_ref().map(QuoteDto::from),
            open: summary.open.as_ref().map(QuoteDto::from),
            by: match summary.by {
                By::Model => ByDto::Model,
                By::Rule => ByDto::Rule,
            },
        }
    }
}

/// A summary.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryResponse {
    /// The summary.
    pub summary: SummaryDto,
}

/// A reply that the agent may send.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplyDraft)]
pub struct DraftDto {
    /// Always `true`: nobody has sent it, and nobody but the agent will.
    pub draft: bool,
    /// Plain text.
    pub content: String,
    /// What it rests on.
    pub sources: Vec<SourceDto>,
    /// The probability that it answers the question.
    pub confidence: f64,
    /// Who chose the words: `stored`, or the language model's name where it chose among the stored sentences.
    pub model: String,
    /// Whether the shopper was told that in this conversation already.
    pub told: bool,
}

impl From<&ReplyDraft> for DraftDto {
    fn from(draft: &ReplyDraft) -> Self {
        let reply = &draft.reply;
        Self {
            draft: true,
            content: reply.content.clone(),
            sources: reply.sources.iter().map(SourceDto::from).collect(),
            confidence: reply.confidence,
            model: reply.model.clone(),
            told: draft.told,
        }
    }
}

/// Replies that the agent may send.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftsResponse {
    /// What they answer; absent where nothing is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<QuoteDto>,
    /// At most two.
    pub drafts: Vec<DraftDto>,
}

impl From<Drafts> for DraftsResponse {
    fn from(drafts: Drafts) -> Self {
        Self { question: drafts.question.as_ref().map(QuoteDto::from), drafts: drafts.drafts.iter().map(DraftDto::from).collect() }
    }
}

/// A text to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// What the agent has typed: something visible, at most 8000 characters.
    #[schema(min_length = 1, max_length = 8000)]
    pub content: String,
}

/// What was found of a sentence.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Verdict)]
#[serde(rename_all = "snake_case")]
pub enum VerdictDto {
    /// The source says so.
    Supported,
    /// It says something that could be held against the shop, and no source says so.
    Doubtful,
    /// There is nothing in it that a source could bear out.
    Unchecked,
}

/// What no source says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultDto {
    /// A stable code: `amount`, `number`, `date`, `negation` …
    #[schema(example = "amount")]
    pub code: String,
    /// The words that are at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// A sentence.
    pub message: String,
}

/// A sentence of the text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedSentence)]
pub struct CheckedDto {
    /// Its words.
    pub text: String,
    /// What was found.
    pub verdict: VerdictDto,
    /// What says so; of a doubtful sentence what comes nearest, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceDto>,
    /// What is doubtful.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultDto>,
}

impl From<&Checked> for CheckedDto {
    fn from(checked: &Checked) -> Self {
        let text = checked.text.clone();
        match &checked.finding {
            Finding::Supported(source) => Self { text, verdict: VerdictDto::Supported, source: Some(source.into()), fault: None },
            Finding::Doubtful { fault, nearest } => {
                let fault = FaultDto { code: fault.as_str().to_owned(), said: fault.said().map(str::to_owned), message: fault.to_string() };
                Self { text, verdict: VerdictDto::Doubtful, source: nearest.as_ref().map(SourceDto::from), fault: Some(fault) }
            }
            Finding::Unchecked => Self { text, verdict: VerdictDto::Unchecked, source: None, fault: None },
        }
    }
}

/// A text, sentence by sentence.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckResponse {
    /// At most the first 60.
    pub sentences: Vec<CheckedDto>,
}

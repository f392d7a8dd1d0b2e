//! A message, who wrote it, and what stood behind it.

use super::{AgentId, ConversationId, MadeWith, MessageId, Statement};
use crate::support::Timestamp;

/// The longest message in characters that is taken in.
pub const CONTENT_LIMIT: usize = 8_000;
/// The longest client message id in bytes.
pub const ECHO_ID_LIMIT: usize = 128;

/// What was written: not blank, no NUL or other control character but line breaks and tabs, at most [`CONTENT_LIMIT`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(String);

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Nothing visible in it.
    #[error("the message is empty")]
    Empty,
    /// Over [`CONTENT_LIMIT`] characters.
    #[error("the message is longer than {CONTENT_LIMIT} characters")]
    TooLong,
}

impl Content {
    /// Takes a text in: line ends become `\n`, control characters are dropped, outer white space goes.
    pub fn parse(raw: &str) -> Result<Self, ContentError> {
        let text: String = raw.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let text = text.trim();
        if text.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
            return Err(ContentError::Empty);
        }
        if text.chars().count() > CONTENT_LIMIT {
            return Err(ContentError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// The client's own id of a message: a retry with the same one adds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EchoId(String);

impl EchoId {
    /// 1 to [`ECHO_ID_LIMIT`] visible ASCII characters.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=ECHO_ID_LIMIT).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(raw.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The shopper.
    Shopper,
    /// The bot.
    Bot,
    /// A support agent.
    Agent(AgentId),
    /// The desk itself: 'Ana has joined', 'resolved'.
    System,
}

/// A message as stored. `seq` is the number of the event that created it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id; deltas of a streamed reply carry it before the message exists.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// The event that created it.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The text. Plain text with blank lines between paragraphs and `- ` list lines; never HTML.
    pub content: String,
    /// The client's id, of a shopper's or agent's message.
    pub echo_id: Option<EchoId>,
    /// When.
    pub created_at: Timestamp,
    /// What stood behind a bot message.
    pub trace: Option<BotTrace>,
    /// What the shopper said of a bot message: helpful or not.
    pub helpful: Option<bool>,
}

/// Why a bot message says what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct BotTrace {
    /// What kind of reply it is.
    pub decision: Decision,
    /// The calibrated probability that the answer is right; 1.0 where code alone decided (a form, a person asked for).
    pub confidence: f64,
    /// Entries and order rows it rests on; of a message that asks which entry was meant, the entries that it offers.
    pub sources: Vec<Source>,
    /// What each part of the words rests on, in their order; none in a message of before this was kept.
    pub statements: Vec<Statement>,
    /// What it was made with; empty in a message of before this was kept.
    pub made_with: MadeWith,
    /// Who chose the words: `stored` or the language model's name.
    pub model: String,
    /// Whole turn in milliseconds, from taking the message up to the commit.
    pub milliseconds: i64,
}

/// Who chose the words where whole stored answers, rows or phrases are said.
pub const STORED: &str = "stored";

impl BotTrace {
    /// Whether the message may say less than its entries do.
    pub fn is_abridged(&self) -> bool {
        matches!(self.decision, Decision::Answer | Decision::PartAnswer) && self.model != STORED
    }

    /// The trace of words that code chose and that rest on nothing.
    pub fn stored(decision: Decision) -> Self {
        Self {
            decision,
            confidence: 1.0,
            sources: Vec::new(),
            statements: Vec::new(),
            made_with: MadeWith::default(),
            model: "stored".to_owned(),
            milliseconds: 0,
        }
    }

    /// The entries that the shopper may choose from, in the order of the buttons; none unless the message asks which one was meant.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.decision.options(&self.sources)
    }
}

/// What the bot decided to do in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Answered from the knowledge base.
    Answer,
    /// Answered what is known of several questions, said what is not, and offered a person for that.
    PartAnswer,
    /// Asked which of two or three entries was meant.
    Clarify,
    /// Asked for order number and e-mail.
    AskOrder,
    /// Answered from the order database.
    Order,
    /// Greeting, thanks, goodbye.
    Smalltalk,
    /// Handed the conversation over to a person.
    Handoff,
}

impl Decision {
    /// The stable name in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::PartAnswer => "part_answer",
            Self::Clarify => "clarify",
            Self::AskOrder => "ask_order",
            Self::Order => "order",
            Self::Smalltalk => "smalltalk",
            Self::Handoff => "handoff",
        }
    }

    /// Of what a reply of this kind names, the entries to choose from: id and question.
    pub fn options(self, sources: &[Source]) -> impl Iterator<Item = (&str, &str)> {
        sources.iter().filter(move |_| self == Self::Clarify).filter_map(|source| match source {
            Source::Entry { id, title } => Some((id.as_str(), title.as_str())),
            Source::Order { .. } => None,
        })
    }

    /// The decision of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Answer, Self::PartAnswer, Self::Clarify, Self::AskOrder, Self::Order, Self::Smalltalk, Self::Handoff];
        all.into_iter().find(|decision| decision.as_str() == name)
    }
}

/// What a statement rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An entry of the knowledge base.
    Entry {
        /// Its stable id.
        id: String,
        /// Its question, as the shopper sees it.
        title: String,
    },
    /// An order of the order database.
    Order {
        /// Its number, `#W2611340`.
        number: String,
    },
}

//! Conversations for the tests of this room.

use std::sync::LazyLock;

use super::super::content::is_han;
use crate::conversation::{AgentId, Author, BotTrace, ConversationId, Decision, Message, MessageId, Source};
use crate::prompt::{Patterns, Prompts};
use crate::support::Timestamp;

static PROMPTS: LazyLock<Prompts> = LazyLock::new(|| Prompts::load(None, "Alder & Pine").unwrap());

/// The built-in prompts.
pub fn prompts() -> &'static Prompts {
    &PROMPTS
}

/// The built-in patterns.
pub fn patterns() -> &'static Patterns {
    PROMPTS.patterns()
}

/// A conversation: who spoke, and what. The bot is `bot`, its decision, and `helpful` or `unhelpful` where the shopper said so. What it answers rests
/// on an entry that is called as the text, and on the order `#AP10042`.
pub fn talk(turns: &[(&str, &str)]) -> Vec<Message> {
    turns.iter().enumerate().map(|(place, (who, text))| message(place, who, text)).collect()
}

fn message(place: usize, who: &str, text: &str) -> Message {
    let words: Vec<&str> = who.split(' ').collect();
    let author = match words[0] {
        "shopper" => Author::Shopper,
        "bot" => Author::Bot,
        "agent" => Author::Agent(AgentId(uuid::Uuid::nil())),
        "system" => Author::System,
        other => panic!("nobody is called {other}"),
    };
    let decision = words.get(1).and_then(|name| Decision::parse(name));
    let helpful = words.get(2).map(|said| *said == "helpful");
    Message {
        id: MessageId(uuid::Uuid::from_u128(place as u128 + 1)),
        conversation_id: ConversationId(uuid::Uuid::nil()),
        seq: place as i64 + 1,
        author,
        content: text.to_owned(),
        echo_id: None,
        created_at: Timestamp::UNIX_EPOCH,
        trace: decision.map(|decision| trace(decision, text)),
        helpful,
    }
}

fn trace(decision: Decision, text: &str) -> BotTrace {
    let id = if text.chars().any(is_han) { "zh/entry" } else { "en/entry" };
    let sources = match decision {
        Decision::Answer | Decision::PartAnswer => vec![Source::Entry { id: id.to_owned(), title: text.to_owned() }],
        Decision::Clarify => ["first", "second"].map(|title| Source::Entry { id: format!("en/{title}"), title: title.to_owned() }).into(),
        Decision::Order => vec![Source::Order { number: "#AP10042".to_owned() }],
        Decision::AskOrder | Decision::Smalltalk | Decision::Handoff => Vec::new(),
    };
    BotTrace { confidence: 0.9, sources, ..BotTrace::stored(decision) }
}

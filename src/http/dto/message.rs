//! A message on the wire, as much of it as the reader may see.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MadeWithDto, StatementDto, time};
use crate::conversation::{Author, BotTrace, Decision, MadeWith, Message, Source};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The shopper: what the bot did and what it rests on.
    Shopper,
    /// An agent: also how sure it was, who chose the words and how long it took.
    Agent,
}

/// What kind of author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorType {
    /// The shopper.
    Shopper,
    /// The bot.
    Bot,
    /// A support agent.
    Agent,
    /// The desk itself.
    System,
}

/// Who wrote a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Author)]
pub struct AuthorDto {
    /// What kind of author.
    #[serde(rename = "type")]
    pub kind: AuthorType,
    /// An agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a statement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Source)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SourceDto {
    /// An entry of the knowledge base.
    Entry {
        /// Its stable id.
        id: String,
        /// Its question.
        title: String,
    },
    /// An order.
    Order {
        /// Its number.
        #[schema(example = "#W2611340")]
        number: String,
    },
}

impl From<&Source> for SourceDto {
    fn from(source: &Source) -> Self {
        match source {
            Source::Entry { id, title } => Self::Entry { id: id.clone(), title: title.clone() },
            Source::Order { number } => Self::Order { number: number.clone() },
        }
    }
}

/// An entry that the shopper may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClarifyOption)]
pub struct OptionDto {
    /// The entry's stable id.
    pub id: String,
    /// Its question: the text to send as the shopper's message when it is chosen.
    pub title: String,
}

/// What the bot decided to do in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Decision)]
#[serde(rename_all = "snake_case")]
pub enum DecisionDto {
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

impl From<Decision> for DecisionDto {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Answer => Self::Answer,
            Decision::PartAnswer => Self::PartAnswer,
            Decision::Clarify => Self::Clarify,
            Decision::AskOrder => Self::AskOrder,
            Decision::Order => Self::Order,
            Decision::Smalltalk => Self::Smalltalk,
            Decision::Handoff => Self::Handoff,
        }
    }
}

/// A message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageDto {
    /// Its id; the deltas of a streamed reply carry it before the message exists.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// The number of the event that created it.
    pub seq: i64,
    /// Who wrote it.
    pub author: AuthorDto,
    /// Plain text.
    pub content: String,
    /// The client's own id of a message it sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub echo_id: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What the shopper said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helpful: Option<bool>,
    /// Bot messages: what kind of reply it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionDto>,
    /// Bot messages: what it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<SourceDto>>,
    /// Bot messages: there, if they say a part of what the entries among `sources` say; all of it is at `/api/v1/widget/entry`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub abridged: bool,
    /// Bot messages: what each part of the content rests on, in its order; missing in old ones. What lies between the parts rests on nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<StatementDto>>,
    /// Bot messages that ask which entry was meant: the two or three to choose from, the likeliest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<OptionDto>>,
    /// Bot messages, for agents: the calibrated probability that it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Bot messages, for agents: who chose the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Bot messages, for agents: how long the turn took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<i64>,
    /// Bot messages, for agents: what it was made with; missing in old ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_with: Option<MadeWithDto>,
}

impl MessageDto {
    /// The message as `viewer` may see it, with its agent's name.
    pub fn new(message: &Message, agent_name: Option<String>, viewer: Viewer) -> Self {
        let kind = match message.author {
            Author::Shopper => AuthorType::Shopper,
            Author::Bot => AuthorType::Bot,
            Author::Agent(_) => AuthorType::Agent,
            Author::System => AuthorType::System,
        };
        let inside = message.trace.as_ref().filter(|_| viewer == Viewer::Agent);
        let options: Option<Vec<OptionDto>> = message
            .trace
            .as_ref()
            .filter(|trace| trace.decision == Decision::Clarify)
            .map(|trace| trace.options().map(|(id, title)| OptionDto { id: id.to_owned(), title: title.to_owned() }).collect());
        // What is offered to choose from is not what the message rests on.
        let rests_on = message.trace.as_ref().map(|trace| if options.is_some() { &[] } else { trace.sources.as_slice() });
        let statements = message.trace.as_ref().map(|trace| &trace.statements).filter(|statements| !statements.is_empty());
        let made_with = inside.map(|trace| &trace.made_with).filter(|made_with| **made_with != MadeWith::default());
        Self {
            id: message.id.0,
            conversation_id: message.conversation_id.0,
            seq: message.seq,
            author: AuthorDto { kind, name: agent_name },
            content: message.content.clone(),
            echo_id: message.echo_id.as_ref().map(|id| id.as_str().to_owned()),
            created_at: time(message.created_at),
            helpful: message.helpful,
            decision: message.trace.as_ref().map(|trace| trace.decision.into()),
            sources: rests_on.map(|sources| sources.iter().map(SourceDto::from).collect()),
            abridged: message.trace.as_ref().is_some_and(BotTrace::is_abridged),
            statements: statements.map(|all| all.iter().map(|one| StatementDto::new(one, viewer)).collect()),
            options,
            confidence: inside.map(|trace| trace.confidence),
            model: inside.map(|trace| trace.model.clone()),
            milliseconds: inside.map(|trace| trace.milliseconds),
            made_with: made_with.map(MadeWithDto::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{BotTrace, ConversationId, MessageId, Origin, Statement};

    #[test]
    fn how_sure_the_bot_was_is_for_agents_only() {
        let message = Message {
            id: MessageId(Uuid::from_u128(1)),
            conversation_id: ConversationId(Uuid::from_u128(2)),
            seq: 3,
            author: Author::Bot,
            content: "Three days.".into(),
            echo_id: None,
            created_at: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            trace: Some(BotTrace {
                confidence: 0.93,
                sources: vec![Source::Entry { id: "delivery-time".into(), title: "How long?".into() }],
                milliseconds: 12,
                statements: vec![Statement { start: 0, end: 11, origin: Origin::Phrase { key: "days".into() } }],
                made_with: MadeWith { model: "stored".into(), index: "i".into(), prompts: "p".into(), calibration: "c".into(), seed: 0 },
                ..BotTrace::stored(Decision::Answer)
            }),
            helpful: None,
        };
        let mut expected = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001", "conversation_id": "00000000-0000-0000-0000-000000000002", "seq": 3,
            "author": {"type": "bot"}, "content": "Three days.", "created_at": "2026-01-02T03:04:05.678Z", "decision": "answer",
            "sources": [{"type": "entry", "id": "delivery-time", "title": "How long?"}],
            "statements": [{"start": 0, "end": 11, "source": {"type": "phrase"}}],
        });
        assert_eq!(serde_json::to_value(MessageDto::new(&message, None, Viewer::Shopper)).unwrap(), expected);
        for (name, value) in [("confidence", serde_json::json!(0.93)), ("model", "stored".into()), ("milliseconds", 12.into())] {
            expected[name] = value;
        }
        expected["statements"][0]["source"]["key"] = "days".into();
        expected["made_with"] = serde_json::json!({"model": "stored", "index": "i", "prompts": "p", "calibration": "c", "seed": 0});
        assert_eq!(serde_json::to_value(MessageDto::new(&message, None, Viewer::Agent)).unwrap(), expected);
    }

    #[test]
    fn an_old_message_says_nothing_of_what_was_not_kept() {
        let message = Message {
            id: MessageId(Uuid::nil()),
            conversation_id: ConversationId(Uuid::nil()),
            seq: 1,
            author: Author::Bot,
            content: "Hello".into(),
            echo_id: None,
            created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            trace: Some(BotTrace::stored(Decision::Smalltalk)),
            helpful: None,
        };
        let sent = serde_json::to_value(MessageDto::new(&message, None, Viewer::Agent)).unwrap();
        assert_eq!(sent["decision"], "smalltalk");
        assert!(sent.get("statements").is_none() && sent.get("made_with").is_none(), "{sent}");
    }

    #[test]
    fn what_is_offered_is_not_a_source() {
        let entry = |id: &str| Source::Entry { id: id.into(), title: id.to_uppercase() };
        let of = |decision: Decision| {
            let message = Message {
                id: MessageId(Uuid::nil()),
                conversation_id: ConversationId(Uuid::nil()),
                seq: 1,
                author: Author::Bot,
                content: "Which?".into(),
                echo_id: None,
                created_at: "2026-01-02T03:04:05Z".parse().unwrap(),
                trace: Some(BotTrace { sources: vec![entry("a"), entry("b")], ..BotTrace::stored(decision) }),
                helpful: None,
            };
            let sent = MessageDto::new(&message, None, Viewer::Shopper);
            (
                sent.sources.map_or(0, |sources| sources.len()),
                sent.options.map(|options| options.into_iter().map(|one| one.title).collect()),
            )
        };
        assert_eq!(of(Decision::Clarify), (0, Some(vec!["A".to_owned(), "B".to_owned()])));
        assert_eq!(of(Decision::PartAnswer), (2, None));
    }
}

//! Values that stand in a column as text or JSON.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::error::unreadable;
use crate::conversation::{Actor, AgentId, MadeWith, Origin, Source, Statement, Status};
use crate::support::{StoreError, Timestamp};

/// An actor as `shopper`, `bot:0.1.0`, `agent:<id>` or `rule:<name>`.
pub(super) fn actor_code(actor: &Actor) -> String {
    match actor {
        Actor::Shopper => "shopper".to_owned(),
        Actor::Bot { version } => format!("bot:{version}"),
        Actor::Agent(AgentId(id)) => format!("agent:{id}"),
        Actor::Rule(name) => format!("rule:{name}"),
    }
}

/// The actor of such a code.
pub(super) fn actor_of(code: &str) -> Result<Actor, StoreError> {
    let (kind, rest) = code.split_once(':').unwrap_or((code, ""));
    match kind {
        "shopper" => Ok(Actor::Shopper),
        "bot" => Ok(Actor::Bot { version: rest.to_owned() }),
        "agent" => Uuid::parse_str(rest).map(|id| Actor::Agent(AgentId(id))).map_err(|_| unreadable("an event's actor", code)),
        "rule" => Ok(Actor::Rule(rest.to_owned())),
        _ => Err(unreadable("an event's actor", code)),
    }
}

/// The status of that name.
pub(super) fn status_of(name: &str) -> Result<Status, StoreError> {
    Status::parse(name).ok_or_else(|| unreadable("a conversation's status", name))
}

/// The instant of that many microseconds.
pub(super) fn time_of(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| unreadable("a time", &micros.to_string()))
}

/// A source in the JSON of a message.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SourceJson {
    Entry { id: String, title: String },
    Order { number: String },
}

/// Sources as a JSON list.
pub(super) fn sources_json(sources: &[Source]) -> String {
    let list: Vec<SourceJson> = sources
        .iter()
        .map(|source| match source.clone() {
            Source::Entry { id, title } => SourceJson::Entry { id, title },
            Source::Order { number } => SourceJson::Order { number },
        })
        .collect();
    json(&list)
}

/// The sources of such a list.
pub(super) fn sources_of(text: &str) -> Result<Vec<Source>, StoreError> {
    let list: Vec<SourceJson> = parse("a message's sources", text)?;
    let source = |source| match source {
        SourceJson::Entry { id, title } => Source::Entry { id, title },
        SourceJson::Order { number } => Source::Order { number },
    };
    Ok(list.into_iter().map(source).collect())
}

/// A statement in the JSON of a message.
#[derive(Serialize, Deserialize)]
struct StatementJson {
    start: usize,
    end: usize,
    origin: OriginJson,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OriginJson {
    Entry { id: String, version: String, start: usize, end: usize },
    Row { table: String, key: String, column: String },
    Phrase { key: String },
}

/// Statements as a JSON list.
pub(super) fn statements_json(statements: &[Statement]) -> String {
    let origin = |origin: &Origin| match origin.clone() {
        Origin::Entry { id, version, start, end } => OriginJson::Entry { id, version, start, end },
        Origin::Row { table, key, column } => OriginJson::Row { table, key, column },
        Origin::Phrase { key } => OriginJson::Phrase { key },
    };
    let one = |statement: &Statement| StatementJson { start: statement.start, end: statement.end, origin: origin(&statement.origin) };
    json(&statements.iter().map(one).collect::<Vec<_>>())
}

/// The statements of such a list.
pub(super) fn statements_of(text: &str) -> Result<Vec<Statement>, StoreError> {
    let list: Vec<StatementJson> = parse("a message's statements", text)?;
    let origin = |origin| match origin {
        OriginJson::Entry { id, version, start, end } => Origin::Entry { id, version, start, end },
        OriginJson::Row { table, key, column } => Origin::Row { table, key, column },
        OriginJson::Phrase { key } => Origin::Phrase { key },
    };
    let one = |StatementJson { start, end, origin: of }| Statement { start, end, origin: origin(of) };
    Ok(list.into_iter().map(one).collect())
}

/// What a message was made with, in its JSON.
#[derive(Serialize, Deserialize)]
struct MadeWithJson {
    model: String,
    index: String,
    prompts: String,
    calibration: String,
    seed: u64,
}

/// What a message was made with, as JSON.
pub(super) fn made_with_json(made_with: &MadeWith) -> String {
    let MadeWith { model, index, prompts, calibration, seed } = made_with.clone();
    json(&MadeWithJson { model, index, prompts, calibration, seed })
}

/// What such a JSON says.
pub(super) fn made_with_of(text: &str) -> Result<MadeWith, StoreError> {
    let MadeWithJson { model, index, prompts, calibration, seed } = parse("what a message was made with", text)?;
    Ok(MadeWith { model, index, prompts, calibration, seed })
}

/// What a `conversation.status_changed` says.
#[derive(Serialize, Deserialize)]
pub(super) struct StatusChangedJson {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) assignee: Option<Uuid>,
    pub(super) reason: String,
}

/// What a `conversation.updated` says.
#[derive(Serialize, Deserialize)]
pub(super) struct UpdatedJson {
    pub(super) what: String,
}

/// What a `conversation.rated` says.
#[derive(Serialize, Deserialize)]
pub(super) struct RatedJson {
    pub(super) rating: u8,
    pub(super) comment: Option<String>,
}

/// A value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("strings, numbers and lists of them have a JSON form")
}

/// A value from JSON that this program wrote into `what`.
pub(super) fn parse<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable(what, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_survives_its_code() {
        for actor in [
            Actor::Shopper,
            Actor::Bot { version: "0.1.0".to_owned() },
            Actor::Agent(AgentId(Uuid::from_u128(7))),
            Actor::Rule("handoff:line".to_owned()),
        ] {
            assert_eq!(actor_of(&actor_code(&actor)).unwrap(), actor);
        }
        for code in ["", "agent:ana", "robot:1"] {
            assert!(matches!(actor_of(code), Err(StoreError::Corrupt(_))), "{code}");
        }
    }

    #[test]
    fn sources_survive_their_json_and_what_is_none_is_refused() {
        let sources = vec![
            Source::Entry { id: "delivery/how-long".to_owned(), title: "How \"long\"?".to_owned() },
            Source::Order { number: "#W1".to_owned() },
        ];
        assert_eq!(sources_of(&sources_json(&sources)).unwrap(), sources);
        assert!(sources_of("[{}]").is_err());
        assert!(statements_of("[{\"start\": 0, \"end\": 1}]").is_err());
        assert!(made_with_of("{}").is_err());
    }
}

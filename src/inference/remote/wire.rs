//! OpenAI's chat completions: the request, and the chunks of its answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::{RemoteFault, beginning};
use crate::inference::text::chat::Generation;

/// How the stream ends.
pub(super) const DONE: &str = "[DONE]";

#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    max_tokens: usize,
    temperature: f32,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop: Vec<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    pub(super) fn new(model: &'a str, request: &'a Generation) -> Self {
        Self {
            model,
            messages: request.messages.iter().map(|message| Message { role: message.role.as_str(), content: &message.content }).collect(),
            max_tokens: request.max_tokens,
            temperature: 0.0,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            stop: request.stop.iter().map(String::as_str).filter(|stop| !stop.is_empty()).collect(),
        }
    }
}

/// What one event says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// More of the answer, perhaps nothing.
    pub(super) text: String,
    /// Whether the answer is complete; only figures follow.
    pub(super) is_last: bool,
    /// The figures.
    pub(super) usage: Option<Usage>,
}

/// What the answer cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

#[derive(Deserialize)]
struct Wire {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<Value>,
    object: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

impl Chunk {
    /// Reads the data of an event.
    pub(super) fn read(data: &str) -> Result<Self, RemoteFault> {
        let wire: Wire = serde_json::from_str(data).map_err(|_| RemoteFault::Malformed(beginning(data)))?;
        if let Some(error) = wire.error.filter(|error| !error.is_null()) {
            let said = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
            return Err(RemoteFault::Failed(beginning(&said)));
        }
        if wire.object.as_deref() == Some("error") {
            return Err(RemoteFault::Failed(beginning(wire.message.as_deref().unwrap_or(data))));
        }
        let choices = match (wire.choices, wire.usage) {
            (None, None) => return Err(RemoteFault::Malformed(beginning(data))),
            (choices, _) => choices.unwrap_or_default(),
        };
        let is_last = choices.iter().any(|choice| choice.finish_reason.is_some());
        let text = choices.into_iter().next().and_then(|choice| choice.delta?.content).unwrap_or_default();
        Ok(Self { text, is_last, usage: wire.usage })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::inference::text::chat::ChatMessage;

    #[test]
    fn a_request_is_greedy_and_bounded() {
        let messages = vec![ChatMessage::system("Be brief."), ChatMessage::user("Why?")];
        let stop = vec![String::new(), "\n".to_owned()];
        let request = Generation { max_tokens: 7, stop, deadline: Duration::from_secs(1), ..Generation::new(messages) };
        let body = serde_json::to_value(Body::new("m", &request)).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"model": "m", "max_tokens": 7, "temperature": 0.0, "stream": true, "stop": ["\n"],
                "stream_options": {"include_usage": true},
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]})
        );
    }

    #[test]
    fn chunks_of_several_servers_are_read() {
        let text = |text: &str| Chunk { text: text.to_owned(), ..Chunk::default() };
        let usage = Usage { prompt_tokens: 3, completion_tokens: 2 };
        for (data, expected) in [
            (r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#, text("")),
            (r#"{"choices":[{"delta":{"content":"Hi"}}],"usage":null,"object":"chat.completion.chunk"}"#, text("Hi")),
            (r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#, text("")),
            (r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#, Chunk { is_last: true, ..text("") }),
            (r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#, Chunk { usage: Some(usage), ..text("") }),
        ] {
            assert_eq!(Chunk::read(data).unwrap(), expected, "{data}");
        }
    }

    #[test]
    fn errors_and_nonsense_are_told_apart() {
        for data in [
            r#"{"error":{"code":500,"message":"out of memory"}}"#,
            r#"{"error":"out of memory"}"#,
            r#"{"object":"error","message":"out of memory","code":500}"#,
        ] {
            assert!(matches!(Chunk::read(data), Err(RemoteFault::Failed(said)) if said.contains("out of memory")), "{data}");
        }
        for data in ["", "hello", "{}", "[]", r#"{"choices":{}}"#, r#"{"choices":[{"delta":{"content":4}}]}"#] {
            assert!(matches!(Chunk::read(data), Err(RemoteFault::Malformed(_))), "{data}");
        }
    }
}

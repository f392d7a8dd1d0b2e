//! What the bot says by itself, in one language: each phrase is a template.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Deserialize;

use super::prompts::PromptError;

/// The keys that a file has to have.
const KEYS: [&str; 28] = [
    "greeting",
    "smalltalk.hello",
    "smalltalk.thanks",
    "smalltalk.bye",
    "smalltalk.declined",
    "clarify",
    "part_unknown",
    "order.ask",
    "order.ask_number",
    "order.ask_email",
    "order.not_verified",
    "order.status.pending",
    "order.status.processed",
    "order.status.shipped",
    "order.status.delivered",
    "order.status.cancelled",
    "order.status.returned",
    "order.tracking",
    "order.expected",
    "order.delivered_on",
    "order.items",
    "order.total",
    "order.refunded",
    "handoff.asked",
    "handoff.low_confidence",
    "handoff.order_not_verified",
    "handoff.order_change",
    "handoff.engine_failure",
];

/// The variables that a phrase may use.
const VARIABLES: [&str; 8] = ["shop", "number", "tracking", "carrier", "date", "items", "amount", "question"];

#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Text(String),
    List(Vec<String>),
    Group(BTreeMap<String, Node>),
}

/// The phrases of one language.
#[derive(Debug)]
pub struct Phrases {
    locale: String,
    shop: String,
    texts: Environment<'static>,
    quick_replies: Vec<String>,
}

impl Phrases {
    /// Parses a file; every phrase is rendered once.
    pub fn parse(file: &str, locale: &str, shop: &str, text: &str) -> Result<Self, PromptError> {
        let root: BTreeMap<String, Node> = serde_norway::from_str(text).map_err(|fault| PromptError::invalid(file, fault))?;
        let mut texts = Environment::new();
        texts.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut quick_replies = Vec::new();
        let mut queue: Vec<(String, Node)> = root.into_iter().collect();
        while let Some((key, node)) = queue.pop() {
            match node {
                Node::Text(template) => {
                    if !KEYS.contains(&key.as_str()) {
                        return Err(PromptError::invalid(file, format!("unknown phrase '{key}'")));
                    }
                    texts
                        .add_template_owned(key.clone(), template)
                        .map_err(|fault| PromptError::invalid(file, format!("phrase '{key}': {fault:#}")))?;
                }
                Node::List(list) if key == "quick_replies" => quick_replies = list,
                Node::List(_) => return Err(PromptError::invalid(file, format!("'{key}' must be one text, not a list"))),
                Node::Group(group) => queue.extend(group.into_iter().map(|(name, node)| (format!("{key}.{name}"), node))),
            }
        }
        let phrases = Self { locale: locale.to_owned(), shop: shop.to_owned(), texts, quick_replies };
        let sample: Vec<(&str, String)> = VARIABLES.iter().map(|name| (*name, "x".to_owned())).collect();
        for key in KEYS {
            phrases.try_text(key, &sample).map_err(|reason| PromptError::invalid(file, format!("phrase '{key}': {reason}")))?;
        }
        Ok(phrases)
    }

    /// The language.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// What the widget offers to ask.
    pub fn quick_replies(&self) -> &[String] {
        &self.quick_replies
    }

    /// A phrase with its variables. `key` is one of the known keys, all of which were rendered at load.
    pub fn text(&self, key: &str, variables: &[(&str, String)]) -> String {
        self.try_text(key, variables).unwrap_or_else(|reason| {
            tracing::error!(phrase.key = key, reason, "a phrase could not be rendered");
            String::new()
        })
    }

    /// The templates by their keys.
    pub(super) fn texts(&self) -> &Environment<'static> {
        &self.texts
    }

    /// A phrase as it stands in the file, its variables not filled in.
    pub fn source(&self, key: &str) -> Option<String> {
        self.texts.get_template(key).ok().map(|template| template.source().to_owned())
    }

    fn try_text(&self, key: &str, variables: &[(&str, String)]) -> Result<String, String> {
        let template = self.texts.get_template(key).map_err(|_| "it is missing".to_owned())?;
        let shop = [("shop", Value::from(self.shop.as_str()))];
        let values = variables.iter().map(|(name, value)| (*name, Value::from(value.as_str())));
        let all: BTreeMap<&str, Value> = shop.into_iter().chain(values).collect();
        template.render(all).map(|text| text.trim().to_owned()).map_err(|fault| format!("{fault:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_and_an_unknown_phrase_are_named() {
        let fault = Phrases::parse("p.yaml", "en", "s", "greeting: hi").unwrap_err().to_string();
        assert!(fault.contains("p.yaml") && fault.contains("missing"), "{fault}");
        let fault = Phrases::parse("p.yaml", "en", "s", "greting: hi").unwrap_err().to_string();
        assert!(fault.contains("greting"), "{fault}");
    }
}

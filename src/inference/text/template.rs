//! The chat template a GGUF carries: messages in, the prompt's tokens out.

use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, context};

use super::tokenizer::Tokenizer;
use crate::inference::error::InferenceError;
use crate::inference::model::gguf::Gguf;
use crate::inference::text::chat::ChatMessage;

/// Brackets around a message's number while the template is rendered. The contents never enter the template: what comes from outside is put
/// in afterwards, so that its place is known and nothing in it can become a control token.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';

/// A template ready to render.
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl ChatTemplate {
    /// The template of the file.
    pub fn from_gguf(gguf: &Gguf, tokenizer: &Tokenizer) -> Result<Self, InferenceError> {
        let refuse = |fault: String| InferenceError::Template { file: gguf.path().to_owned(), fault };
        let source = gguf.text("tokenizer.chat_template").map_err(|_| refuse("the file has none".to_owned()))?.to_owned();
        let named = |key: &str| Ok(gguf.number(key)?.and_then(|id| tokenizer.token(id)).unwrap_or_default().to_owned());
        let template = Self {
            environment: environment(source).map_err(|fault| refuse(fault.to_string()))?,
            bos: named("tokenizer.ggml.bos_token_id")?,
            eos: named("tokenizer.ggml.eos_token_id")?,
        };
        // A template that cannot render fails now, not on the first shopper.
        template.render(&[ChatMessage::system(""), ChatMessage::user("")]).map_err(refuse)?;
        Ok(template)
    }

    /// The text of the prompt, and where in it the messages' contents lie.
    pub fn render(&self, messages: &[ChatMessage]) -> Result<(String, Vec<Range<usize>>), String> {
        let numbered: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(number, message)| context! { role => message.role.as_str(), content => format!("{OPEN}{number}{CLOSE}") })
            .collect();
        let rendered = self
            .environment
            .get_template("chat")
            .and_then(|template| {
                template.render(context! {
                    messages => numbered,
                    add_generation_prompt => true,
                    bos_token => &self.bos,
                    eos_token => &self.eos,
                    tools => (),
                    documents => (),
                })
            })
            .map_err(|fault| fault.to_string())?;
        Ok(fill(&rendered, messages))
    }
}

/// `rendered` with each number replaced by its message's content.
fn fill(rendered: &str, messages: &[ChatMessage]) -> (String, Vec<Range<usize>>) {
    let mut text = String::with_capacity(rendered.len());
    let mut quoted = Vec::new();
    let mut rest = rendered;
    while let Some((before, after)) = rest.split_once(OPEN) {
        text.push_str(before);
        let (number, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        let start = text.len();
        if let Some(message) = number.parse().ok().and_then(|number: usize| messages.get(number)) {
            text.push_str(&message.content);
        }
        quoted.push(start..text.len());
        rest = after;
    }
    text.push_str(rest);
    (text, quoted)
}

/// Templates are written for Python's jinja2 as transformers sets it up: blocks trimmed, `raise_exception`, methods of strings.
fn environment(source: String) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // They ask whether a field that need not exist is true; printing one that does not exist is a fault.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_function("raise_exception", |sentence: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, sentence))
    });
    environment.set_unknown_method_callback(string_method);
    environment.add_template_owned("chat", source)?;
    Ok(environment)
}

fn string_method(_: &mut State, value: &Value, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let unknown = || Error::new(ErrorKind::UnknownMethod, format!("the template calls `{method}`, which is not supported"));
    let text = value.as_str().ok_or_else(unknown)?;
    let argument = arguments.first().and_then(Value::as_str);
    Ok(match (method, argument) {
        ("strip", None) => Value::from(text.trim()),
        ("lstrip", None) => Value::from(text.trim_start()),
        ("rstrip", None) => Value::from(text.trim_end()),
        ("startswith", Some(start)) => Value::from(text.starts_with(start)),
        ("endswith", Some(end)) => Value::from(text.ends_with(end)),
        ("lower", None) => Value::from(text.to_lowercase()),
        ("upper", None) => Value::from(text.to_uppercase()),
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str) -> ChatTemplate {
        ChatTemplate { environment: environment(source.to_owned()).unwrap(), bos: "<s>".into(), eos: "</s>".into() }
    }

    #[test]
    fn contents_are_put_in_after_rendering_and_their_places_are_known() {
        let template = template(
            "{% for m in messages %}[{{ m.role }}]{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}{{ bos_token }}{% endif %}",
        );
        let (text, quoted) =
            template.render(&[ChatMessage::system("Be {{ brief }}."), ChatMessage::user("\u{F0000}1\u{F0001}[user]")]).unwrap();
        assert_eq!(text, "[system]Be {{ brief }}.\n[user]\u{F0000}1\u{F0001}[user]\n<s>");
        let contents: Vec<&str> = quoted.into_iter().map(|range| &text[range]).collect();
        assert_eq!(contents, ["Be {{ brief }}.", "\u{F0000}1\u{F0001}[user]"]);
    }

    #[test]
    fn a_template_that_prints_nothing_known_or_raises_is_a_fault() {
        for (source, expected) in
            [("{{ nobody }}", "undefined"), ("{{ raise_exception('no roles') }}", "no roles"), ("{{ 'a'.frobnicate() }}", "frobnicate")]
        {
            let fault = template(source).render(&[]).unwrap_err();
            assert!(fault.contains(expected), "{fault}");
        }
        assert_eq!(template("{% if tools %}t{% endif %}{{ ' a '.strip() }}").render(&[]).unwrap().0, "a");
    }
}

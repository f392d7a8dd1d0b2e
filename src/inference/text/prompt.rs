//! Prompts without weights: the text and the tokens that a model file makes of messages, for whoever measures or compares.

use std::path::Path;

use super::template::ChatTemplate;
use super::tokenizer::Tokenizer;
use crate::inference::error::InferenceError;
use crate::inference::model::gguf::Gguf;
use crate::inference::text::chat::ChatMessage;

/// Template and tokenizer of a model file.
pub struct PromptReader {
    tokenizer: Tokenizer,
    template: ChatTemplate,
}

impl PromptReader {
    /// Reads the file's directory; its weights are let go.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        let gguf = Gguf::open(path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?;
        Ok(Self { tokenizer, template })
    }

    /// The prompt as text, control tokens spelled out.
    pub fn text(&self, messages: &[ChatMessage]) -> Result<String, InferenceError> {
        Ok(self.render(messages)?.0)
    }

    /// The prompt as the engine reads it.
    pub fn tokens(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, InferenceError> {
        let (text, quoted) = self.render(messages)?;
        self.tokenizer.encode(&text, &quoted)
    }

    /// How many tokens a plain text has.
    pub fn count(&self, text: &str) -> Result<usize, InferenceError> {
        Ok(self.tokenizer.encode(text, std::slice::from_ref(&(0..text.len())))?.len())
    }

    fn render(&self, messages: &[ChatMessage]) -> Result<(String, Vec<std::ops::Range<usize>>), InferenceError> {
        self.template.render(messages).map_err(|fault| InferenceError::Failed { fault: format!("chat template: {fault}") })
    }
}

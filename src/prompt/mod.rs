//! Prompts: the templates, phrases and patterns of `prompts/`, rendered with strict undefined and hashed. Only this room knows minijinja
//! (beside the chat template of a model file).

pub mod fault;
mod files;
mod keys;
pub mod patterns;
pub mod phrases;
pub mod prompts;
pub mod shapes;

pub use fault::{PromptError, PromptFault};
pub use patterns::{Aspect, Group, Patterns, Sensitive};
pub use phrases::{Phrases, Situation};
pub use prompts::{Checked, Pick, Prompts, ReplyPrompt};

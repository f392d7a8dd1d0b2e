//! Prompts: the templates, phrases and patterns of `prompts/`, rendered with strict undefined and hashed. Only this room knows minijinja
//! (beside the chat template of a model file).

pub mod patterns;
pub mod phrases;
pub mod prompts;
pub mod shapes;

pub use patterns::{Group, Patterns};
pub use phrases::Phrases;
pub use prompts::{Pick, PromptError, Prompts, ReplyPrompt};

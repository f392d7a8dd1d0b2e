//! Text on its way in and out: conversations, templates, tokens, pieces of a reply.

pub mod chat;
pub mod pieces;
pub mod prompt;
pub mod template;
pub mod tokenizer;

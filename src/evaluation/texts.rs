//! JSON fields that hold one text or a list of texts.

use serde::Deserialize;

/// One or many.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Texts {
    One(String),
    /// An element without a text is left out.
    Many(Vec<Option<String>>),
}

impl Texts {
    /// Those that say something, without blanks around them.
    pub(super) fn list(&self) -> Vec<String> {
        let all: Vec<&str> = match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts.iter().flatten().map(String::as_str).collect(),
        };
        all.into_iter().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }
}

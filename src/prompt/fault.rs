//! What is wrong with the files of `prompts/`: each fault with its place and its remedy.

use std::fmt;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFault {
    /// The file's name within the folder.
    pub file: String,
    /// The key, section or line; empty where the whole file is meant.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for PromptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, key, reason, remedy } = self;
        match key.as_str() {
            "" => write!(f, "{file}: {reason}; {remedy}"),
            key => write!(f, "{file}: {key}: {reason}; {remedy}"),
        }
    }
}

/// Why the prompts cannot be used: all that is wrong with them.
#[derive(Debug, thiserror::Error)]
#[error("the prompts cannot be used: {}", sentence(.faults))]
pub struct PromptError {
    faults: Vec<PromptFault>,
}

impl PromptError {
    /// Each fault, at least one.
    pub fn faults(&self) -> &[PromptFault] {
        &self.faults
    }
}

/// The first fault, and how many more there are.
fn sentence(faults: &[PromptFault]) -> String {
    let first = faults.first().map(ToString::to_string).unwrap_or_default();
    match faults.len() {
        0 | 1 => first,
        count => format!("{first} (and {} more: `nightdesk prompts check` lists them)", count - 1),
    }
}

/// Collects the faults of one file.
#[derive(Debug)]
pub(super) struct Faults {
    file: String,
    found: Vec<PromptFault>,
}

impl Faults {
    pub(super) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    pub(super) fn add(&mut self, key: &str, reason: impl fmt::Display, remedy: impl fmt::Display) {
        let (reason, remedy) = (one_line(&reason.to_string()), remedy.to_string());
        self.found.push(PromptFault { file: self.file.clone(), key: key.to_owned(), reason, remedy });
    }

    /// Takes in what is wrong elsewhere.
    pub(super) fn extend(&mut self, error: PromptError) {
        self.found.extend(error.faults);
    }

    /// What could be read, if it could; what is wrong with it is taken in.
    pub(super) fn keep<T>(&mut self, read: Result<T, PromptError>) -> Option<T> {
        read.map_err(|error| self.extend(error)).ok()
    }

    /// All of them, as an error.
    pub(super) fn into_error(self) -> PromptError {
        PromptError { faults: self.found }
    }

    /// A value that is only good without faults.
    pub(super) fn unless_any<T>(self, value: T) -> Result<T, PromptError> {
        if self.found.is_empty() { Ok(value) } else { Err(PromptError { faults: self.found }) }
    }

    /// Of a file that cannot be understood at all.
    pub(super) fn fatal(mut self, key: &str, reason: impl fmt::Display, remedy: impl fmt::Display) -> PromptError {
        self.add(key, reason, remedy);
        PromptError { faults: self.found }
    }
}

/// Messages of parsers come in several lines, with a picture of the place.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_first_fault_and_counts_the_rest() {
        let mut faults = Faults::of("phrases/en.yaml");
        faults.add("order.ask", "it is\n   missing", "add it");
        faults.add("", "b", "c");
        let error = faults.unless_any(()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the prompts cannot be used: phrases/en.yaml: order.ask: it is missing; add it (and 1 more: `nightdesk prompts check` lists them)"
        );
        assert_eq!(error.faults()[1].to_string(), "phrases/en.yaml: b; c");
        assert!(Faults::of("x").unless_any(1).is_ok());
    }
}

//! A reply in the making: its words, and what each part of them rests on.

use crate::conversation::{Origin, Statement};

/// Words with their origins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    content: String,
    characters: usize,
    statements: Vec<Statement>,
}

impl Spoken {
    /// One part and nothing else.
    pub fn of(text: &str, origin: Origin) -> Self {
        let mut spoken = Self::default();
        spoken.push("", text, origin);
        spoken
    }

    /// A phrase of the shop's.
    pub fn phrase(key: &str, text: &str) -> Self {
        Self::of(text, Origin::Phrase { key: key.to_owned() })
    }

    /// Adds a part behind `joint`, which is left out at the beginning. An empty part adds nothing.
    pub fn push(&mut self, joint: &str, text: &str, origin: Origin) {
        if text.is_empty() {
            return;
        }
        if !self.content.is_empty() {
            self.content.push_str(joint);
            self.characters += joint.chars().count();
        }
        let start = self.characters;
        self.content.push_str(text);
        self.characters += text.chars().count();
        self.statements.push(Statement { start, end: self.characters, origin });
    }

    /// Adds another reply behind `joint`.
    pub fn append(&mut self, joint: &str, other: &Self) {
        if other.content.is_empty() {
            return;
        }
        if !self.content.is_empty() {
            self.content.push_str(joint);
            self.characters += joint.chars().count();
        }
        let before = self.characters;
        self.content.push_str(&other.content);
        self.characters += other.characters;
        let moved = |statement: &Statement| Statement {
            start: statement.start + before,
            end: statement.end + before,
            origin: statement.origin.clone(),
        };
        self.statements.extend(other.statements.iter().map(moved));
    }

    /// The words.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// What each part rests on, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Both, to keep.
    pub fn into_parts(self) -> (String, Vec<Statement>) {
        (self.content, self.statements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_keeps_its_place_in_characters() {
        let mut spoken = Spoken::phrase("opening.sorry", "Tut uns leid für 很.");
        spoken.push(" ", "", Origin::Phrase { key: "nothing".into() });
        let mut rest = Spoken::phrase("a", "Zwölf.");
        rest.push("\n", "两天。", Origin::Phrase { key: "b".into() });
        spoken.append(" ", &rest);
        let characters: Vec<char> = spoken.content().chars().collect();
        let parts: Vec<String> = spoken.statements().iter().map(|part| characters[part.start..part.end].iter().collect()).collect();
        assert_eq!(parts, ["Tut uns leid für 很.", "Zwölf.", "两天。"]);
        assert_eq!(spoken.content(), "Tut uns leid für 很. Zwölf.\n两天。");
    }
}

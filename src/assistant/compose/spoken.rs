//! A reply in the making: its words, and what each part of them rests on.

use crate::conversation::{Origin, Statement};
use crate::knowledge::{Entry, sentences};

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

    /// Words and what they rest on, as they were kept.
    pub fn from_parts(content: String, statements: Vec<Statement>) -> Self {
        Self { characters: content.chars().count(), content, statements }
    }

    /// A phrase of the shop's.
    pub fn phrase(key: &str, text: &str) -> Self {
        Self::of(text, Origin::Phrase { key: key.to_owned() })
    }

    /// What an entry says, as it stands.
    pub fn stored(entry: &Entry) -> Self {
        Self::from_entry(&entry.answer, entry)
    }

    /// Sentences of an entry's answer in its order, each a part of its own; a sentence that does not stand in the answer rests on nothing.
    pub fn from_entry(content: &str, entry: &Entry) -> Self {
        let version = entry.version();
        let (mut said, mut source) = (Characters::of(content), Characters::of(&entry.answer));
        let mut known = sentences(&entry.answer).into_iter();
        let mut statements = Vec::new();
        for range in sentences(content) {
            let mut ahead = known.clone();
            let Some(own) = ahead.find(|own| entry.answer[own.clone()] == content[range.clone()]) else { continue };
            known = ahead;
            let origin = Origin::Entry {
                id: entry.id.as_str().to_owned(),
                version: version.clone(),
                start: source.until(own.start),
                end: source.until(own.end),
            };
            statements.push(Statement { start: said.until(range.start), end: said.until(range.end), origin });
        }
        Self { content: content.to_owned(), characters: content.chars().count(), statements }
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

/// Counts the characters of a text up to bytes that are asked for in rising order.
struct Characters<'a> {
    text: &'a str,
    byte: usize,
    count: usize,
}

impl<'a> Characters<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, byte: 0, count: 0 }
    }

    fn until(&mut self, byte: usize) -> usize {
        self.count += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, start: usize, end: usize) -> String {
        text.chars().skip(start).take(end - start).collect()
    }

    #[test]
    fn a_sentence_is_the_same_in_the_entry_and_in_the_reply() {
        let entry = |answer: &str| Entry::sample("q", answer);
        let check = |content: &str, answer: &str, expect: &[&str]| {
            let (entry, spoken) = (entry(answer), Spoken::from_entry(content, &entry(answer)));
            assert_eq!(spoken.content(), content);
            let quoted = |statement: &Statement| match &statement.origin {
                Origin::Entry { id, version, start, end } => {
                    assert_eq!((id.as_str(), version), ("a/b", &entry.version()));
                    cut(answer, *start, *end)
                }
                other => panic!("{other:?}"),
            };
            let said: Vec<String> = spoken.statements().iter().map(|part| cut(content, part.start, part.end)).collect();
            assert_eq!(said, expect, "{content}");
            assert_eq!(spoken.statements().iter().map(quoted).collect::<Vec<_>>(), expect, "{content}");
        };
        let answer = "Zwölf € für alle.\n\n- 两天。三天。\n- by post\n\nYes. Yes.";
        let all = ["Zwölf € für alle.", "- 两天。", "三天。", "- by post", "Yes.", "Yes."];
        check(answer, answer, &all);
        check("三天。 Yes.", answer, &["三天。", "Yes."]);
        check("Of course! - by post\nYes.", answer, &["- by post", "Yes."]);
        check("Yes. Yes. Yes.", answer, &["Yes.", "Yes."]);
        check("", answer, &[]);
    }

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

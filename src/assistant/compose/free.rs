//! Free mode: the language model writes as it likes, and the reply counts only if the gate lets every sentence of it pass.

use crate::assistant::gate::{self, Fault};
use crate::assistant::sentences::sentences;
use crate::conversation::Origin;
use crate::knowledge::Entry;

use super::Spoken;

/// How the model writes freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// The longest reply in tokens.
    pub max_tokens: usize,
}

/// A draft in which each sentence says only what the entry says, or the first sentence that does not and why.
pub fn accepted(draft: &str, entry: &Entry) -> Result<Spoken, (String, Fault)> {
    let mut spoken = Spoken::default();
    let origin = Origin::Entry { id: entry.id.as_str().to_owned(), version: entry.version(), start: 0, end: entry.answer.chars().count() };
    for sentence in sentences(draft) {
        gate::check(&sentence, &entry.answer).map_err(|fault| (sentence.clone(), fault))?;
        let joint = if sentence.starts_with("- ") { "\n" } else { " " };
        spoken.push(joint, &sentence, origin.clone());
    }
    if spoken.content().is_empty() { Err((draft.to_owned(), Fault::Empty)) } else { Ok(spoken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_counts_as_a_whole_or_not_at_all() {
        let entry = Entry::sample("Can I pay cash?", "We do not accept cash on delivery. Returns are free for orders over $50.");
        let check = |draft: &str, expect: bool| assert_eq!(accepted(draft, &entry).is_ok(), expect, "{draft}");
        check("We do not accept cash on delivery.", true);
        check("Cash on delivery is not accepted.", true);
        check("You can pay cash on delivery.", false);
        check("We do not accept cash on delivery. Returns are free for orders over $60.", false);
        check("", false);
        let spoken = accepted("Cash on delivery is not accepted.", &entry).unwrap();
        assert_eq!((spoken.statements().len(), spoken.content()), (1, "Cash on delivery is not accepted."));
    }
}

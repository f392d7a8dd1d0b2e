//! The last gate: every message of the bot's is held against what it says it rests on, by whatever path it came. Pure.
//!
//! It knows nothing of composition: it reads a finished text and the sources that its parts name. A part of an entry says what the entry's answer says
//! ([`gate::check`]); the values and states of a part of an order are those of its rows; a phrase states no value that is neither its own nor the
//! shopper's. What no part covers is white space.

use std::sync::Arc;

use super::gate::{self, Fault};
use crate::conversation::{Origin, Statement};
use crate::knowledge::Entry;

/// What a message may rest on.
pub struct Sources<'a> {
    /// The entries, as they are now.
    pub entries: &'a [Arc<Entry>],
    /// The facts of the order that it may speak of, one after the other; empty without one.
    pub order: &'a str,
    /// What the shopper wrote: it may be repeated to them.
    pub question: &'a str,
    /// The words of the shop's phrase of a key, as it stands in the file.
    pub phrase: &'a dyn Fn(&str) -> Option<String>,
    /// Whether words say that a person was called. A phrase that says so goes with a handoff; an entry never does.
    pub claims_transfer: &'a dyn Fn(&str) -> bool,
}

/// What does not stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The part of the message.
    pub said: String,
    /// Why.
    pub reason: Reason,
}

/// Why a part of a message does not stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// It rests on nothing.
    Unnamed,
    /// What it names is not there.
    Unknown,
    /// It says that a person was called, and none was.
    ClaimsTransfer,
    /// Its source does not say that.
    Unsupported(Fault),
}

impl Reason {
    /// The stable name in metrics and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unnamed => "unnamed",
            Self::Unknown => "unknown_source",
            Self::ClaimsTransfer => "claims_transfer",
            Self::Unsupported(fault) => fault.as_str(),
        }
    }
}

/// Whether a message says only what its sources say, and the first part that does not.
pub fn verify(content: &str, statements: &[Statement], sources: &Sources<'_>) -> Result<(), Refused> {
    let characters: Vec<char> = content.chars().collect();
    let cut = |from: usize, to: usize| characters.get(from..to).map(|part| part.iter().collect::<String>());
    let mut before = 0;
    for statement in statements {
        let (gap, said) = (cut(before, statement.start), cut(statement.start, statement.end));
        let (Some(gap), Some(said)) = (gap, said) else { return Err(Refused { said: content.to_owned(), reason: Reason::Unknown }) };
        nothing(&gap)?;
        stands(&said, &statement.origin, sources).map_err(|reason| Refused { said, reason })?;
        before = statement.end;
    }
    nothing(&cut(before, characters.len()).unwrap_or_default())
}

fn nothing(gap: &str) -> Result<(), Refused> {
    if gap.chars().all(char::is_whitespace) { Ok(()) } else { Err(Refused { said: gap.trim().to_owned(), reason: Reason::Unnamed }) }
}

fn stands(said: &str, origin: &Origin, sources: &Sources<'_>) -> Result<(), Reason> {
    match origin {
        Origin::Entry { .. } if (sources.claims_transfer)(said) => Err(Reason::ClaimsTransfer),
        Origin::Entry { id, version, .. } => {
            let entry = sources.entries.iter().find(|entry| entry.id.as_str() == id && entry.version() == *version);
            gate::check(said, &entry.ok_or(Reason::Unknown)?.answer).map_err(Reason::Unsupported)
        }
        Origin::Row { .. } if sources.order.is_empty() => Err(Reason::Unknown),
        Origin::Row { .. } => gate::check_values(said, sources.order).map_err(Reason::Unsupported),
        Origin::Phrase { key } => {
            let phrase = (sources.phrase)(key).ok_or(Reason::Unknown)?;
            gate::check_values(said, &format!("{phrase}\n{}", sources.question)).map_err(Reason::Unsupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::Spoken;
    use super::*;

    fn entry() -> Arc<Entry> {
        Arc::new(Entry::sample("How can I pay?", "We take all cards. We do not accept cash on delivery."))
    }

    fn of_entry(text: &str) -> Spoken {
        let entry = entry();
        Spoken::of(text, Origin::Entry { id: entry.id.as_str().into(), version: entry.version(), start: 0, end: 53 })
    }

    fn of_row(text: &str) -> Spoken {
        Spoken::of(text, Origin::Row { table: "payments".into(), key: "#AP1".into(), column: "amount_minor".into() })
    }

    fn refused(spoken: &Spoken) -> Option<&'static str> {
        let entries = [entry()];
        let phrase = |key: &str| (key == "order.ask").then(|| "Call 0800 1234 with {{ number }}.".to_owned());
        let sources = Sources {
            entries: &entries,
            order: "#AP1. pending. $12.50.",
            question: "is order 77 free",
            phrase: &phrase,
            claims_transfer: &|said| said.contains("transferred you"),
        };
        verify(spoken.content(), spoken.statements(), &sources).err().map(|refused| refused.reason.as_str())
    }

    #[test]
    fn each_part_is_held_against_its_own_source() {
        assert_eq!(refused(&of_entry("We do not accept cash on delivery.")), None);
        assert_eq!(refused(&of_entry("We accept cash on delivery.")), Some("negation"));
        assert_eq!(refused(&of_row("You paid $12.50.")), None);
        assert_eq!(refused(&of_row("You paid $12.55.")), Some("amount"));
        assert_eq!(refused(&Spoken::phrase("order.ask", "Call 0800 1234 with 77.")), None);
        assert_eq!(refused(&Spoken::phrase("order.ask", "Call 0800 4321 with 77.")), Some("number"));
        assert_eq!(refused(&Spoken::phrase("made.up", "Hello.")), Some("unknown_source"));
        let mut mixed = of_entry("We take all cards.");
        mixed.append(" ", &of_row("You paid $12.55."));
        assert_eq!(refused(&mixed), Some("amount"));
        // What another entry says is no support.
        let of_other = Origin::Entry { id: "payment/fees".into(), version: entry().version(), start: 0, end: 1 };
        assert_eq!(refused(&Spoken::of("We take all cards.", of_other)), Some("unknown_source"));
    }

    #[test]
    fn that_a_person_was_called_is_said_by_the_line_of_a_handoff_alone() {
        let answer = "We take all cards. I have transferred you to our team.";
        let entry = Arc::new(Entry::sample("How can I pay?", answer));
        let check = |spoken: &Spoken, expect: Option<Reason>| {
            let phrase = |_: &str| Some("I have transferred you to our team.".to_owned());
            let claims_transfer: &dyn Fn(&str) -> bool = &|said| said.contains("transferred you");
            let sources = Sources { entries: &[Arc::clone(&entry)], order: "", question: "", phrase: &phrase, claims_transfer };
            let refused = verify(spoken.content(), spoken.statements(), &sources).err().map(|refused| refused.reason);
            assert_eq!(refused, expect, "{}", spoken.content());
        };
        let of_entry =
            |text: &str| Spoken::of(text, Origin::Entry { id: entry.id.as_str().into(), version: entry.version(), start: 0, end: 53 });
        check(&of_entry("We take all cards."), None);
        check(&of_entry(answer), Some(Reason::ClaimsTransfer));
        check(&Spoken::phrase("handoff.asked", "I have transferred you to our team."), None);
    }

    #[test]
    fn words_that_rest_on_nothing_are_refused() {
        let (content, statements) = of_entry("We take all cards.").into_parts();
        let entries = [entry()];
        let sources = Sources { entries: &entries, order: "", question: "", phrase: &|_| None, claims_transfer: &|_| false };
        let check = |content: &str| verify(content, &statements, &sources).map_err(|refused| refused.reason);
        assert_eq!(check(&content), Ok(()));
        assert_eq!(check(&format!("{content}\n")), Ok(()));
        assert_eq!(check(&format!("{content} Free!")), Err(Reason::Unnamed));
        assert_eq!(check("We take"), Err(Reason::Unknown));
    }
}

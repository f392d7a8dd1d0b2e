//! Which sentence says what the shopper wants, and which one is still open, without a model. Pure.

use super::quote::{Kind, Said};
use crate::conversation::{Author, Decision, Message};
use crate::prompt::{Group, Patterns};

/// What the shopper came for: the longest question of the first turn in which they asked something or told something; where that turn asks nothing,
/// its longest sentence. Where no turn does, what they wrote last.
pub fn wants(said: &[Said]) -> Option<&Said> {
    let Some(first) = said.iter().find(|one| one.kind != Kind::Empty) else { return said.last() };
    let burst = || said.iter().filter(|one| one.burst == first.burst);
    longest(burst().filter(|one| one.kind == Kind::Asks)).or_else(|| longest(burst().filter(|one| one.kind == Kind::Tells)))
}

/// The question that still waits for its answer: the last of those that do.
pub fn open<'s>(said: &'s [Said], settled: usize, transcript: &[Message]) -> Option<&'s Said> {
    waiting(said, settled, transcript).pop()
}

/// The questions behind what was settled that the bot gave no answer to; where it answered all of them, all: somebody asked on.
pub fn waiting<'s>(said: &'s [Said], settled: usize, transcript: &[Message]) -> Vec<&'s Said> {
    let asked = || said.iter().filter(move |one| one.place >= settled && one.kind == Kind::Asks);
    let unanswered: Vec<&Said> = asked().filter(|one| !was_answered(transcript, one.place)).collect();
    if unanswered.is_empty() { asked().collect() } else { unanswered }
}

/// Whether the first that was said to a message answered it.
fn was_answered(transcript: &[Message], place: usize) -> bool {
    let reply = transcript[place..].iter().find(|message| matches!(message.author, Author::Bot | Author::Agent(_)));
    reply.is_some_and(|message| match &message.trace {
        Some(trace) => matches!(trace.decision, Decision::Answer | Decision::Order),
        None => matches!(message.author, Author::Agent(_)),
    })
}

/// How many messages of the transcript are over and done with: those up to a reply that the shopper called helpful, or thanked for. Thanks for being
/// passed on settle nothing.
pub fn settled(transcript: &[Message], patterns: &Patterns) -> usize {
    let mut settled = 0;
    let mut answered = false;
    for (place, message) in transcript.iter().enumerate() {
        match message.author {
            Author::Bot => {
                let decision = message.trace.as_ref().map(|trace| trace.decision);
                answered = match decision {
                    Some(Decision::Answer | Decision::Order) => true,
                    Some(Decision::Smalltalk) => answered,
                    _ => false,
                };
                if message.helpful == Some(true) {
                    settled = place + 1;
                }
            }
            Author::Agent(_) => answered = true,
            Author::Shopper if patterns.matches(Group::Thanks, &message.content) => {
                if answered {
                    settled = place + 1;
                }
            }
            Author::Shopper => answered = false,
            Author::System => {}
        }
    }
    settled
}

fn longest<'a>(said: impl Iterator<Item = &'a Said>) -> Option<&'a Said> {
    let length = |one: &Said| one.quote.text.chars().count();
    said.reduce(|best, next| if length(next) > length(best) { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{patterns, talk};
    use super::super::quote::said;
    use super::*;

    #[test]
    fn what_they_want_and_what_is_open() {
        let patterns = patterns();
        let check = |turns: &[(&str, &str)], wanted: &str, waits: Option<&str>| {
            let transcript = talk(turns);
            let said = said(&transcript, patterns);
            let text = |one: Option<&Said>| one.map(|one| one.quote.text.clone());
            assert_eq!(text(wants(&said)).as_deref(), Some(wanted), "wants of {turns:?}");
            assert_eq!(text(open(&said, settled(&transcript, patterns), &transcript)).as_deref(), waits, "open of {turns:?}");
        };
        let (how, pay) = ("How long does delivery take?", "Can I pay by card?");
        check(&[("shopper", how)], how, Some(how));
        check(&[("shopper", "hi"), ("bot smalltalk", "Hello"), ("shopper", how)], how, Some(how));
        check(&[("shopper", how), ("bot answer", "Two days."), ("shopper", pay)], how, Some(pay));
        check(&[("shopper", how), ("bot answer", "Two days."), ("shopper", "I want a human")], how, Some(how));
        check(&[("shopper", pay), ("bot clarify", "Which?"), ("shopper", how), ("bot answer", "Two days.")], pay, Some(pay));
        check(&[("shopper", how), ("bot answer helpful", "Two days."), ("shopper", "agent please")], how, None);
        check(&[("shopper", how), ("bot answer", "Two days."), ("shopper", "thanks a lot")], how, None);
        check(&[("shopper", how), ("bot handoff", "Passed on."), ("shopper", "thank you")], how, Some(how));
        check(&[("shopper", how), ("agent", "Two days."), ("shopper", "thank you"), ("shopper", pay)], how, Some(pay));
        check(
            &[("shopper", "My tent came torn. Two poles are missing as well. Can I send it back?"), ("bot handoff", "Passed on.")],
            "Can I send it back?",
            Some("Can I send it back?"),
        );
        check(&[("shopper", "My tent came torn. Two poles are missing as well.")], "Two poles are missing as well.", None);
        check(
            &[("shopper", "where is my order?"), ("bot ask_order", "Number?"), ("shopper", "#AP10042 a@b.example")],
            "where is my order?",
            Some("where is my order?"),
        );
        check(&[("shopper", "hello"), ("bot smalltalk", "Hello"), ("shopper", "I need a human")], "I need a human", None);
        check(&[("shopper", "怎么退货？多久退款？"), ("bot handoff", "已转给我们的团队")], "怎么退货？", Some("多久退款？"));
        assert_eq!(wants(&[]), None);
    }
}

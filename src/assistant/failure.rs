//! What shoppers say of the answers they got: that one did not help, and how often. Pure.
//!
//! One such sign is answered otherwise, where another entry answers; the second brings a person. Nobody hears the same thing a third time.

use super::content::content_words;
use super::parts::spans;
use super::understand::question_of;
use crate::conversation::{Author, Decision, Message, Origin, Source, Statement};
use crate::prompt::{Group, Patterns};

/// So many answers that did not help are enough.
pub const ENOUGH: usize = 2;

/// How often the same may be said.
const OFTEN: usize = 2;

/// How many of the bot's messages did not help, by the shopper's words or thumb. One that did help begins the count anew.
pub fn failures(transcript: &[Message], patterns: &Patterns) -> usize {
    let mut count = 0;
    for (place, message) in transcript.iter().enumerate().filter(|(_, message)| message.author == Author::Bot) {
        let next = transcript[place + 1..].iter().position(speaks).map_or(transcript.len(), |ahead| place + 1 + ahead);
        let said = question_of(&transcript[..next]);
        match message.helpful {
            Some(true) => count = 0,
            Some(false) => count += 1,
            None if patterns.finds(Group::Thanks, &said) => count = 0,
            None if patterns.finds(Group::Unhelped, &said) => count += 1,
            None => {}
        }
    }
    count
}

/// What to look for once more, when the last answer did not help.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry<'a> {
    /// The question: what the shopper says beside that it did not help, else what they had asked.
    pub question: String,
    /// What it came behind, and itself.
    pub transcript: &'a [Message],
    /// The entries that did not help, by their ids.
    pub told: Vec<String>,
}

/// The other try at an answer that did not help; `None` where nothing is said against the last one.
pub fn retry<'a>(transcript: &'a [Message], patterns: &Patterns) -> Option<Retry<'a>> {
    let place = transcript.iter().rposition(speaks).filter(|place| transcript[*place].author == Author::Bot)?;
    let (answer, said) = (&transcript[place], question_of(transcript));
    let is_refused = patterns.finds(Group::Unhelped, &said);
    if !is_refused && answer.helpful != Some(false) {
        return None;
    }
    let told = entries(answer);
    let rest = if is_refused { beside(&said, patterns) } else { said };
    if !content_words(&rest).is_empty() {
        return Some(Retry { question: rest, transcript, told });
    }
    let before = &transcript[..place];
    let asked = question_of(before);
    (!asked.is_empty()).then_some(Retry { question: asked, transcript: before, told })
}

/// Whether these words were said to the shopper so often that they are not said again. What stands before an answer makes it no other one; an order
/// that does not fit is counted by the order skill.
pub fn is_told_out(transcript: &[Message], decision: Decision, content: &str, statements: &[Statement]) -> bool {
    let counts = matches!(decision, Decision::Answer | Decision::PartAnswer | Decision::Order | Decision::AskOrder);
    if !counts || statements.iter().any(|part| is_phrase(part, "order.not_verified")) {
        return false;
    }
    let words = unopened(content, statements);
    let traced = transcript.iter().filter_map(|message| Some((message, message.trace.as_ref()?)));
    let before = traced.filter(|(message, trace)| trace.decision == decision && unopened(&message.content, &trace.statements) == words);
    before.count() >= OFTEN
}

fn speaks(message: &Message) -> bool {
    matches!(message.author, Author::Bot | Author::Agent(_))
}

fn entries(answer: &Message) -> Vec<String> {
    let trace = answer.trace.as_ref().filter(|trace| matches!(trace.decision, Decision::Answer | Decision::PartAnswer));
    let ids = trace.into_iter().flat_map(|trace| &trace.sources).filter_map(|source| match source {
        Source::Entry { id, .. } => Some(id.clone()),
        Source::Order { .. } => None,
    });
    ids.collect()
}

/// The clauses that do not say that it did not help.
fn beside(said: &str, patterns: &Patterns) -> String {
    let sentences = spans(said).into_iter().map(|span| &said[span]);
    let clauses = sentences.flat_map(|sentence| sentence.split([',', '，', ';', '；'])).map(str::trim);
    clauses.filter(|clause| !clause.is_empty() && !patterns.matches(Group::Unhelped, clause)).collect::<Vec<_>>().join(" ")
}

fn is_phrase(part: &Statement, name: &str) -> bool {
    matches!(&part.origin, Origin::Phrase { key } if key == name)
}

/// The words of a message without its opening.
fn unopened(content: &str, statements: &[Statement]) -> String {
    let opening = statements.iter().find(|part| matches!(&part.origin, Origin::Phrase { key } if key.starts_with("opening.")));
    content.chars().skip(opening.map_or(0, |part| part.end)).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{BotTrace, ConversationId, MessageId};
    use crate::support::Timestamp;

    fn patterns() -> Patterns {
        Patterns::parse("patterns.yaml", include_str!("../../prompts/patterns.yaml")).unwrap()
    }

    /// `shopper`, `agent`, or the bot's decision with `+` or `-` for the shopper's thumb; a bot's answer rests on the entry `a/` with its words as slug.
    fn talk(turns: &[(&str, &str)]) -> Vec<Message> {
        let message = |&(who, content): &(&str, &str)| {
            let decision = Decision::parse(who.trim_end_matches(['+', '-']));
            let author = match who {
                "shopper" => Author::Shopper,
                "agent" => Author::Agent(crate::conversation::AgentId(uuid::Uuid::nil())),
                _ => Author::Bot,
            };
            let source = Source::Entry { id: format!("a/{content}"), title: content.to_owned() };
            Message {
                id: MessageId(uuid::Uuid::nil()),
                conversation_id: ConversationId(uuid::Uuid::nil()),
                seq: 1,
                author,
                content: content.to_owned(),
                echo_id: None,
                created_at: Timestamp::UNIX_EPOCH,
                trace: decision.map(|decision| BotTrace { sources: vec![source], ..BotTrace::stored(decision) }),
                helpful: who.ends_with(['+', '-']).then(|| who.ends_with('+')),
            }
        };
        turns.iter().map(message).collect()
    }

    const ASKED: (&str, &str) = ("shopper", "How long does delivery take?");
    const WRONG: (&str, &str) = ("shopper", "that is not what I asked");

    #[test]
    fn words_and_thumbs_are_counted_once_for_an_answer() {
        let patterns = patterns();
        let check = |turns: &[(&str, &str)], expect: usize| assert_eq!(failures(&talk(turns), &patterns), expect, "{turns:?}");
        check(&[ASKED], 0);
        check(&[ASKED, ("answer", "x"), WRONG], 1);
        check(&[ASKED, ("answer-", "x"), WRONG], 1);
        check(&[ASKED, ("answer-", "x"), ASKED], 1);
        check(&[ASKED, ("answer", "x"), WRONG, ("answer", "y"), WRONG], 2);
        check(&[ASKED, ("answer-", "x"), ASKED, ("answer", "y"), ("shopper", "doesn't help")], 2);
        check(&[ASKED, ("answer", "x"), ASKED, ("answer", "y"), ASKED], 0);
        // What helped in between is an end to it.
        check(&[ASKED, ("answer", "x"), WRONG, ("answer+", "y"), ASKED, ("answer", "z"), WRONG], 1);
        check(&[ASKED, ("answer", "x"), WRONG, ("answer", "y"), ("shopper", "thank you"), ("smalltalk", "z"), WRONG], 1);
        check(&[WRONG, WRONG], 0);
        check(&[ASKED, ("agent", "x"), WRONG], 0);
    }

    #[test]
    fn another_try_is_at_what_was_asked_or_at_what_is_said_now() {
        let patterns = patterns();
        let check = |turns: &[(&str, &str)], expect: Option<(&str, usize, &[&str])>| {
            let transcript = talk(turns);
            let found = retry(&transcript, &patterns);
            let found = found.as_ref().map(|retry| (retry.question.as_str(), retry.transcript.len(), retry.told.clone()));
            let expect = expect.map(|(question, length, told)| (question, length, told.iter().map(|id| (*id).to_owned()).collect()));
            assert_eq!(found, expect, "{turns:?}");
        };
        check(&[ASKED, ("answer", "x"), WRONG], Some((ASKED.1, 1, &["a/x"])));
        check(&[ASKED, ("answer", "x"), ("shopper", "no, wrong!")], Some((ASKED.1, 1, &["a/x"])));
        let again = ("shopper", "That's not what I asked, I asked about express");
        check(&[ASKED, ("answer", "x"), again], Some(("I asked about express", 3, &["a/x"])));
        check(&[ASKED, ("answer", "x"), ("shopper", "不对，我问的是运费")], Some(("我问的是运费", 3, &["a/x"])));
        check(&[ASKED, ("answer-", "x"), ("shopper", "how do I pay?")], Some(("how do I pay?", 3, &["a/x"])));
        check(&[ASKED, ("clarify", "x"), WRONG], Some((ASKED.1, 1, &[])));
        check(&[ASKED, ("answer", "x"), ("shopper", "how do I pay?")], None);
        check(&[ASKED, ("agent", "x"), WRONG], None);
        check(&[WRONG], None);
        check(&[("answer", "x"), WRONG], None);
    }

    #[test]
    fn nothing_is_said_a_third_time() {
        let check = |turns: &[(&str, &str)], decision: Decision, expect: bool| {
            assert_eq!(is_told_out(&talk(turns), decision, "x", &[]), expect, "{turns:?} {decision:?}");
        };
        check(&[ASKED, ("answer", "x"), ASKED], Decision::Answer, false);
        check(&[ASKED, ("answer", "x"), ASKED, ("answer", "y"), ASKED, ("answer", "x"), ASKED], Decision::Answer, true);
        check(&[ASKED, ("ask_order", "x"), ASKED, ("ask_order", "x"), ASKED], Decision::AskOrder, true);
        check(&[ASKED, ("smalltalk", "x"), ASKED, ("smalltalk", "x"), ASKED], Decision::Smalltalk, false);
        check(&[ASKED, ("answer", "x"), ASKED, ("order", "x"), ASKED], Decision::Answer, false);
        check(&[ASKED, ("answer", "y"), ASKED, ("answer", "z"), ASKED], Decision::Answer, false);
    }

    #[test]
    fn an_opening_makes_no_other_answer_and_a_wrong_order_has_its_own_count() {
        let part = |start, end, key: &str| Statement { start, end, origin: Origin::Phrase { key: key.to_owned() } };
        let twice = talk(&[ASKED, ("answer", "x"), ASKED, ("answer", "x"), ASKED]);
        let opened = [part(0, 6, "opening.complaint"), part(7, 8, "other")];
        assert!(is_told_out(&twice, Decision::Answer, "Sorry. x", &opened));
        assert!(!is_told_out(&twice, Decision::Answer, "Sorry. x", &[]));
        let asked = talk(&[ASKED, ("ask_order", "x"), ASKED, ("ask_order", "x"), ASKED]);
        assert!(!is_told_out(&asked, Decision::AskOrder, "x", &[part(0, 1, "order.not_verified")]));
    }
}

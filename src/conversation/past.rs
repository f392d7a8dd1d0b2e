//! The bot's turns of a conversation as they stood, out of its log. Pure.

use super::{Actor, Assistance, Author, BotTrace, Event, EventKind, Message, Update};

/// How many messages the bot reads back, at most.
pub const CONTEXT: usize = 40;

/// A turn that was committed.
#[derive(Debug, Clone, PartialEq)]
pub struct PastTurn {
    /// What the bot read: the messages since the last change of hands, at most the last [`CONTEXT`].
    pub transcript: Vec<Message>,
    /// What it said.
    pub message: Message,
    /// What stood behind that.
    pub trace: BotTrace,
    /// The version of the program that said it.
    pub program: String,
    /// Whether a person was waited for, and the bot went on beside that.
    pub assistance: Assistance,
}

/// The turns in a whole log, oldest first. What a turn read is known exactly: its reply was refused if anything was written since it began.
pub fn past_turns(log: &[Event]) -> Vec<PastTurn> {
    let mut turns = Vec::new();
    let mut transcript: Vec<Message> = Vec::new();
    let mut assistance = Assistance::Off;
    for event in log {
        match (&event.kind, &event.actor) {
            // Whoever has it afterwards, the bot goes on only where that is wished anew.
            (EventKind::StatusChanged { .. }, _) => {
                transcript.clear();
                assistance = Assistance::Off;
            }
            (EventKind::Updated(Update::Assistance(wish)), _) => assistance = *wish,
            (EventKind::MessageCreated(message), actor) => {
                if let (Author::Bot, Some(trace), Actor::Bot { version }) = (message.author, &message.trace, actor) {
                    turns.push(PastTurn {
                        transcript: transcript[transcript.len().saturating_sub(CONTEXT)..].to_vec(),
                        message: (**message).clone(),
                        trace: trace.clone(),
                        program: version.clone(),
                        assistance,
                    });
                }
                transcript.push((**message).clone());
            }
            (EventKind::MessageUpdated(_) | EventKind::Updated(Update::EmailLeft) | EventKind::Rated { .. }, _) => {}
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::super::{ConversationId, Decision, MessageId, Status};
    use super::*;
    use crate::support::Timestamp;

    fn said(seq: i64, author: Author, content: &str, trace: Option<BotTrace>) -> Message {
        Message {
            id: MessageId(uuid::Uuid::from_u128(seq as u128)),
            conversation_id: ConversationId(uuid::Uuid::nil()),
            seq,
            author,
            content: content.to_owned(),
            echo_id: None,
            created_at: Timestamp::UNIX_EPOCH,
            trace,
            helpful: None,
        }
    }

    /// `s` the shopper, `b` the bot, `l` a line of the desk in the bot's place, `x` a change of hands, `r` a rating, `+` and `-` the bot goes on or not.
    fn log(story: &str) -> Vec<Event> {
        let mut events = Vec::new();
        for (seq, what) in (1..).zip(story.chars()) {
            let bot = Actor::Bot { version: "0.1.0".to_owned() };
            let created = |author, trace| EventKind::MessageCreated(Box::new(said(seq, author, &format!("{what}{seq}"), trace)));
            let (actor, kind) = match what {
                's' => (Actor::Shopper, created(Author::Shopper, None)),
                'b' => (bot, created(Author::Bot, Some(BotTrace::stored(Decision::Answer)))),
                'l' => (Actor::Shopper, created(Author::System, None)),
                'r' => (Actor::Shopper, EventKind::Rated { rating: 5, comment: None }),
                '+' => (Actor::Shopper, EventKind::Updated(Update::Assistance(Assistance::On))),
                '-' => (Actor::Shopper, EventKind::Updated(Update::Assistance(Assistance::Off))),
                _ => (bot, EventKind::StatusChanged { from: Status::Pending, to: Status::Open, assignee: None, reason: String::new() }),
            };
            events.push(Event { id: seq, conversation_id: ConversationId(uuid::Uuid::nil()), seq, actor, at: Timestamp::UNIX_EPOCH, kind });
        }
        events
    }

    #[test]
    fn a_turn_read_what_was_said_since_the_last_change_of_hands() {
        let check = |story: &str, expect: &[(&[&str], &str)]| {
            let turns = past_turns(&log(story));
            let read: Vec<(Vec<&str>, &str)> = turns
                .iter()
                .map(|turn| (turn.transcript.iter().map(|message| message.content.as_str()).collect(), turn.message.content.as_str()))
                .collect();
            let expect: Vec<(Vec<&str>, &str)> = expect.iter().map(|(read, said)| (read.to_vec(), *said)).collect();
            assert_eq!(read, expect, "{story}");
            assert!(turns.iter().all(|turn| turn.program == "0.1.0"));
        };
        check("", &[]);
        check("ss", &[]);
        check("ssb", &[(&["s1", "s2"], "b3")]);
        check("sbrsb", &[(&["s1"], "b2"), (&["s1", "b2", "s4"], "b5")]);
        // The bot's own line comes before the handoff that it announces.
        check("sbxlsxsb", &[(&["s1"], "b2"), (&["s7"], "b8")]);
        check("xlsb", &[(&["l2", "s3"], "b4")]);
    }

    #[test]
    fn a_turn_beside_the_wait_for_a_person_is_known_as_such() {
        let check = |story: &str, expect: &[Assistance]| {
            let found: Vec<Assistance> = past_turns(&log(story)).iter().map(|turn| turn.assistance).collect();
            assert_eq!(found, expect, "{story}");
        };
        check("sbxs+b", &[Assistance::Off, Assistance::On]);
        check("sbx+sbsb-+sb", &[Assistance::Off, Assistance::On, Assistance::On, Assistance::On]);
        check("sbx+sbxxsb", &[Assistance::Off, Assistance::On, Assistance::Off]);
    }

    #[test]
    fn a_turn_read_no_further_back_than_the_limit() {
        let turns = past_turns(&log(&format!("{}b", "s".repeat(CONTEXT + 5))));
        assert_eq!(turns[0].transcript.len(), CONTEXT);
        assert_eq!(turns[0].transcript[0].content, "s6");
    }
}

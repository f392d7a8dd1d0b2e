//! The machine by itself: a table of who may do what, and what holds whatever happens.

use proptest::prelude::*;

use super::*;

const ANA: AgentId = AgentId(uuid::Uuid::from_u128(1));
const BEN: AgentId = AgentId(uuid::Uuid::from_u128(2));

/// An act, of the conversation as it is then.
type Does = fn(&Conversation) -> Act;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn fresh() -> Conversation {
    Conversation::begun(ConversationId(uuid::Uuid::nil()), ContactId(uuid::Uuid::nil()), at(0))
}

fn now(conversation: &Conversation) -> Begun {
    Begun { fence: conversation.fence, generation: conversation.generation }
}

/// The conversation after acts that all change it.
#[track_caller]
fn after(acts: &[Does]) -> Conversation {
    let mut conversation = fresh();
    for (second, act) in (1..).zip(acts) {
        match conversation.step(act(&conversation)) {
            Step::Goes(change) => conversation.settle(&change, at(second)),
            other => panic!("act {second} led to {other:?}"),
        }
    }
    conversation
}

const WRITES: Does = |_| Act::ShopperWrites;
const HANDS_OVER: Does = |conversation| Act::BotHandsOver(now(conversation), HandoffReason::LowConfidence);
const REPLIES: Does = |conversation| Act::BotReplies(now(conversation));
const CLAIMS: Does = |_| Act::AgentClaims(ANA);
const SNOOZES: Does = |_| Act::AgentSnoozes(ANA, Timestamp::MAX);
const RESOLVES: Does = |_| Act::AgentResolves(ANA);
const WISHES: Does = |_| Act::AssistanceWished(Assistance::On);

#[test]
fn who_may_do_what_in_which_state() {
    let states: [(&str, &[Does]); 7] = [
        ("pending", &[WRITES]),
        ("waiting", &[WRITES, HANDS_OVER]),
        ("assisted", &[WRITES, HANDS_OVER, WRITES, WISHES]),
        ("ana's", &[WRITES, HANDS_OVER, CLAIMS]),
        ("snoozed", &[WRITES, HANDS_OVER, CLAIMS, SNOOZES]),
        ("resolved", &[WRITES, HANDS_OVER, CLAIMS, RESOLVES]),
        ("answered", &[WRITES, REPLIES]),
    ];
    let acts: [(&str, Does); 12] = [
        ("writes", WRITES),
        ("asks", |_| Act::PersonAsked(HandoffReason::Asked)),
        ("wishes", WISHES),
        ("bot", REPLIES),
        ("hands over", HANDS_OVER),
        ("claims", CLAIMS),
        ("ben claims", |_| Act::AgentClaims(BEN)),
        ("ben replies", |_| Act::AgentReplies(BEN)),
        ("snoozes", |_| Act::AgentSnoozes(ANA, at(99))),
        ("resolves", RESOLVES),
        ("returns", |_| Act::AgentReturns(ANA)),
        ("time", |_| Act::TimePasses(Timestamp::MAX)),
    ];
    let mut table = String::new();
    for (name, story) in states {
        table += &format!("{name}:");
        for (what, act) in acts {
            let conversation = after(story);
            let then = match conversation.step(act(&conversation)) {
                Step::Stays => "stays".to_owned(),
                Step::Stale => "stale".to_owned(),
                Step::Refused(_) => "refused".to_owned(),
                Step::TakenBy(_) => "taken".to_owned(),
                Step::Goes(change) => {
                    let mut next = conversation.clone();
                    next.settle(&change, at(99));
                    format!("{}{}", next.status.as_str(), if next.assignee.is_some() { "+" } else { "" })
                }
            };
            table += &format!(" {what}={then},");
        }
        table += "\n";
    }
    insta::assert_snapshot!(table, @r"
    pending: writes=pending, asks=open, wishes=stays, bot=pending, hands over=open, claims=open+, ben claims=open+, ben replies=refused, snoozes=refused, resolves=resolved, returns=stays, time=stays,
    waiting: writes=open, asks=stays, wishes=open, bot=stale, hands over=stale, claims=open+, ben claims=open+, ben replies=open+, snoozes=snoozed+, resolves=resolved, returns=pending, time=stays,
    assisted: writes=open, asks=stays, wishes=stays, bot=open, hands over=open, claims=open+, ben claims=open+, ben replies=open+, snoozes=snoozed+, resolves=resolved, returns=pending, time=stays,
    ana's: writes=open+, asks=stays, wishes=refused, bot=stale, hands over=stale, claims=stays, ben claims=taken, ben replies=taken, snoozes=snoozed+, resolves=resolved+, returns=pending, time=stays,
    snoozed: writes=open+, asks=open+, wishes=refused, bot=stale, hands over=stale, claims=open+, ben claims=taken, ben replies=taken, snoozes=snoozed+, resolves=resolved+, returns=pending, time=open+,
    resolved: writes=pending, asks=open, wishes=refused, bot=stale, hands over=stale, claims=refused, ben claims=refused, ben replies=refused, snoozes=refused, resolves=stays, returns=refused, time=stays,
    answered: writes=pending, asks=open, wishes=stays, bot=stale, hands over=stale, claims=open+, ben claims=open+, ben replies=refused, snoozes=refused, resolves=resolved, returns=stays, time=stays,
    ");
}

#[test]
fn whoever_waits_waits_until_a_person_answers() {
    let waits = |acts: &[Does]| after(acts).waiting_since;
    assert_eq!(waits(&[WRITES]), Some(at(1)));
    assert_eq!(waits(&[WRITES, REPLIES]), None);
    assert_eq!(waits(&[WRITES, HANDS_OVER]), Some(at(1)), "a handoff is no answer");
    assert_eq!(waits(&[WRITES, HANDS_OVER, WRITES, WISHES, REPLIES]), Some(at(1)), "nor is what the bot says meanwhile");
    assert_eq!(waits(&[WRITES, HANDS_OVER, |_| Act::AgentReplies(ANA)]), None);
}

/// One of the things that may happen, with a turn that may have begun long ago.
fn acts() -> impl Strategy<Value = (u8, bool)> {
    (0..16_u8, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, the machine's own promises hold after each step.
    #[test]
    fn what_holds_holds_after_every_step(story in proptest::collection::vec(acts(), 1..60)) {
        let mut conversation = fresh();
        let mut begun = now(&conversation);
        let mut open_ticket = false;
        for (second, (what, by_ana)) in (1..).zip(story) {
            let agent = if by_ana { ANA } else { BEN };
            let act = match what {
                0..=3 => Act::ShopperWrites,
                4 => Act::PersonAsked(HandoffReason::Asked),
                5 => Act::AssistanceWished(if by_ana { Assistance::On } else { Assistance::Off }),
                // A turn begins; it may commit at any later time.
                6 | 7 => { begun = now(&conversation); continue }
                8 | 9 => Act::BotReplies(begun),
                10 => Act::BotHandsOver(begun, HandoffReason::LowConfidence),
                11 => Act::AgentClaims(agent),
                12 => Act::AgentReplies(agent),
                13 => if by_ana { Act::AgentSnoozes(agent, at(second + 5)) } else { Act::TimePasses(at(second)) },
                14 => if by_ana { Act::AgentResolves(agent) } else { Act::AgentReturns(agent) },
                _ => Act::AgentRemoved,
            };
            if act == Act::AgentRemoved && (conversation.assignee.is_none() || conversation.status == Status::Resolved) {
                continue;
            }
            let before = conversation.clone();
            let step = conversation.step(act);
            prop_assert_eq!(&step, &before.step(act), "the same step for the same act");
            let Step::Goes(change) = step else { continue };
            conversation.settle(&change, at(second));
            open_ticket = match change.ticket {
                TicketStep::Opens => true,
                TicketStep::Closes => false,
                TicketStep::Same | TicketStep::Follows => open_ticket,
            };

            if matches!(act, Act::BotReplies(_) | Act::BotHandsOver(..)) {
                prop_assert!(before.is_the_bots(), "the bot spoke in a conversation of {:?}", before);
                prop_assert_eq!(begun, now(&before), "a late reply was committed");
                prop_assert!(before.answered_generation < before.generation, "a burst was answered twice");
            }
            if matches!(act, Act::PersonAsked(_)) {
                prop_assert_eq!(conversation.status, Status::Open, "asked for, and no person is waited for");
            }
            prop_assert_eq!(open_ticket, matches!(conversation.status, Status::Open | Status::Snoozed), "a ticket and its conversation differ");
            prop_assert!(conversation.status != Status::Pending || conversation.assignee.is_none(), "the bot's conversation is somebody's");
            prop_assert!(conversation.assistance == Assistance::Off || conversation.is_assisted(), "assistance where there is none");
            prop_assert!(conversation.snoozed_until.is_none() || conversation.status == Status::Snoozed);
            prop_assert!(conversation.answered_generation <= conversation.generation);
            let handed = (before.status, before.assignee, before.assistance) != (conversation.status, conversation.assignee, conversation.assistance);
            prop_assert!(!handed || conversation.fence > before.fence, "a change of hands that a running turn would not see");
            prop_assert!(conversation.fence >= before.fence && conversation.generation >= before.generation);
        }
    }
}

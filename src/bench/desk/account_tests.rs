//! The account of a small desk: one agent, two shoppers, and what goes wrong there.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::account::{Account, Faults};
use super::screen::{Author, Heard};
use super::timeline::Act;

const ANN: usize = 0;
const BOB: usize = 1;

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A message of the shopper's conversation, told by its number there.
fn message(shopper: usize, seq: i64, author: Author) -> Heard {
    let of = |number: i64| Uuid::from_u128(shopper as u128 * 1_000 + number as u128 + 1);
    let decision = (author == Author::Bot).then(|| "answer".to_owned());
    Heard { id: of(seq), conversation: of(0), seq, author, echo: None, decision }
}

fn said(shopper: usize, seq: i64, echo: &str) -> Heard {
    Heard { echo: Some(echo.to_owned()), ..message(shopper, seq, Author::Shopper) }
}

/// Ann asks `hello`, which was due at 100 ms, and everything goes well.
fn well() -> (Account, HashMap<usize, Vec<Heard>>) {
    let mut account = Account::new(1, 2);
    let (question, reply) = (said(ANN, 1, "hello"), message(ANN, 2, Author::Bot));
    account.sends("hello", Act::Ask, ANN, Some(at(100)));
    account.begins("hello", at(101));
    account.on_console(0, &question, at(110));
    account.on_widget(ANN, &question, at(111));
    account.taken("hello", &question, at(112));
    account.words_on_widget(ANN, at(140));
    account.words_on_widget(ANN, at(160));
    assert_eq!(account.on_widget(ANN, &reply, at(540)).as_deref(), Some("answer"));
    account.on_console(0, &reply, at(541));
    (account, HashMap::from([(ANN, vec![question, reply])]))
}

#[test]
fn what_goes_well_has_no_fault() {
    let (account, kept) = well();
    assert!(account.is_settled() && account.faults(&kept).is_none());
    let found = account.latencies();
    let all = [&found.driver, &found.console, &found.own, &found.stored, &found.first_words, &found.reply, &found.widget];
    assert_eq!(all.map(Vec::as_slice), [&[1.0][..], &[10.0], &[11.0], &[12.0], &[40.0], &[440.0], &[]]);
    assert_eq!((account.sent(Act::Ask), account.decisions()["answer"], account.shopper_of(kept[&ANN][0].conversation)), (1, 1, Some(ANN)));
}

#[test]
fn a_stall_is_in_every_message_that_fell_into_it() {
    // Due every 100 ms; the server stands still for a second and then takes all of them in at once.
    let mut account = Account::new(1, 10);
    for number in 0..10_u32 {
        let (shopper, echo) = (number as usize, format!("m{number}"));
        account.sends(&echo, Act::WriteToAgent, shopper, Some(at(100) * number));
        account.begins(&echo, at(100) * number);
        account.on_console(0, &said(shopper, 1, &echo), at(1_000));
    }
    let expected: Vec<f64> = (1..=10).rev().map(|tenths| f64::from(tenths) * 100.0).collect();
    assert_eq!(account.latencies().console, expected);
}

#[test]
fn a_late_driver_does_not_make_the_server_look_quick() {
    let mut account = Account::new(1, 1);
    account.sends("m", Act::WriteToAgent, ANN, Some(at(100)));
    account.begins("m", at(400));
    account.on_console(0, &said(ANN, 1, "m"), at(410));
    assert_eq!((account.latencies().driver[0], account.latencies().console[0]), (300.0, 310.0));
}

#[test]
fn what_is_lost_or_doubled_is_counted_where_it_happened() {
    type Change = fn(&mut Account, &mut HashMap<usize, Vec<Heard>>);
    let cases: [(&str, Change, Faults); 11] = [
        ("nothing", |_, _| {}, Faults::default()),
        ("kept no more", |_, kept| drop(kept.get_mut(&ANN).unwrap().remove(0)), Faults { not_kept: 1, ..Faults::default() }),
        (
            "kept under two ids",
            |account, kept| {
                let again = said(ANN, 3, "hello");
                account.on_widget(ANN, &again, at(600));
                account.on_console(0, &again, at(600));
                kept.get_mut(&ANN).unwrap().push(again);
            },
            Faults { kept_twice: 1, ..Faults::default() },
        ),
        (
            "kept and shown nowhere",
            |_, kept| kept.get_mut(&ANN).unwrap().push(message(ANN, 3, Author::Agent)),
            Faults { not_on_widget: 1, not_on_console: 1, ..Faults::default() },
        ),
        (
            "a question without a reply",
            |account, kept| {
                let question = said(BOB, 1, "again");
                account.sends("again", Act::Ask, BOB, Some(at(700)));
                account.taken("again", &question, at(701));
                account.on_widget(BOB, &question, at(701));
                account.on_console(0, &question, at(701));
                kept.insert(BOB, vec![question]);
            },
            Faults { unanswered: 1, ..Faults::default() },
        ),
        (
            "a second reply",
            |account, kept| {
                let reply = message(ANN, 3, Author::Bot);
                assert_eq!(account.on_widget(ANN, &reply, at(600)), None);
                account.on_console(0, &reply, at(600));
                kept.get_mut(&ANN).unwrap().push(reply);
            },
            Faults { unasked: 1, ..Faults::default() },
        ),
        (
            "shown again",
            |account, _| drop(account.on_widget(ANN, &message(ANN, 2, Author::Bot), at(600))),
            Faults { shown_twice: 1, ..Faults::default() },
        ),
        (
            "shown again by a console",
            |account, _| account.on_console(0, &message(ANN, 2, Author::Bot), at(600)),
            Faults { shown_twice: 1, ..Faults::default() },
        ),
        (
            "shown too late",
            |account, _| {
                for seq in [4, 3] {
                    account.on_console(0, &message(BOB, seq, Author::Agent), at(600));
                }
            },
            Faults { disordered: 1, ..Faults::default() },
        ),
        (
            "refused",
            |account, _| {
                account.sends("again", Act::Ask, BOB, Some(at(700)));
                assert!(account.fails("again", "the service is busy".to_owned()), "Bob may ask anew");
                assert_eq!(account.sentences(), ["the service is busy"]);
            },
            Faults { errors: 1, ..Faults::default() },
        ),
        ("a stream that ends", |account, _| account.is_cut_off(), Faults { cut_off: 1, ..Faults::default() }),
    ];
    for (name, change, expected) in cases {
        let (mut account, mut kept) = well();
        change(&mut account, &mut kept);
        let faults = account.faults(&kept);
        assert_eq!(faults, expected, "{name}");
        assert_eq!(faults.is_none(), name == "nothing");
    }
}

#[test]
fn it_waits_for_every_screen() {
    let mut account = Account::new(2, 1);
    let message = said(ANN, 1, "m");
    account.sends("m", Act::WriteToAgent, ANN, None);
    account.on_widget(ANN, &message, at(1));
    assert!(!account.is_settled(), "the server has not answered");
    account.taken("m", &message, at(2));
    account.on_console(0, &message, at(3));
    assert!(!account.is_settled(), "the second console does not show it");
    account.on_console(1, &message, at(4));
    assert!(account.is_settled());
    assert_eq!((account.sent(Act::WriteToAgent), account.latencies().console.len()), (0, 0), "what is not due is not measured");
}

#[test]
fn of_a_long_conversation_only_the_end_is_compared() {
    let mut account = Account::new(0, 1);
    let mut kept = Vec::new();
    for seq in 1..=300 {
        let (echo, message) = (format!("m{seq}"), said(ANN, seq, &format!("m{seq}")));
        account.sends(&echo, Act::WriteToAgent, ANN, None);
        account.taken(&echo, &message, at(1));
        account.on_widget(ANN, &message, at(1));
        kept.push(message);
    }
    assert!(account.faults(&HashMap::from([(ANN, kept.split_off(100))])).is_none());
}

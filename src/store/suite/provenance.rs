//! What a message rests on is kept with it, and what it was taken from beside it.

use super::{Store, World};
use crate::conversation::{Author, EntryVersion, EventKind, MadeWith, Message, Origin, Statement, TurnOutcome};

fn statement(start: usize, end: usize, origin: Origin) -> Statement {
    Statement { start, end, origin }
}

fn version(number: u64, answer: &str, at: crate::support::Timestamp) -> EntryVersion {
    EntryVersion {
        version: format!("{number:016x}"),
        entry_id: "delivery/how-long".to_owned(),
        question: "How \"long\"?".to_owned(),
        answer: answer.to_owned(),
        seen_at: at,
    }
}

pub(crate) async fn statements_and_hashes_come_back_as_they_were<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long, and where is #W1?").await.conversation.id;
    let mut commit = w.answer(&w.turn(id).await);
    commit.reply.content = "两天 \"e\".\n#W1 is here. Bye!".to_owned();
    commit.reply.trace.statements = vec![
        statement(0, 7, Origin::Entry { id: "a/b".into(), version: "00ff".into(), start: 3, end: 10 }),
        statement(8, 20, Origin::Row { table: "shipments".into(), key: "#W1/2".into(), column: "tracking,carrier".into() }),
        statement(21, 25, Origin::Phrase { key: "smalltalk.bye".into() }),
    ];
    commit.reply.trace.made_with = MadeWith {
        model: "small \"one\" 00ff".into(),
        index: "a".repeat(64),
        prompts: "b".repeat(64),
        calibration: "c".repeat(64),
        // More than a BIGINT, and more than a double keeps.
        seed: u64::MAX,
    };
    assert!(matches!(w.store.commit_turn(commit.clone()).await.unwrap(), TurnOutcome::Committed(_)));
    let is_the_same = |message: Message| assert_eq!(message.trace.as_ref(), Some(&commit.reply.trace), "{message:?}");
    is_the_same(w.store.messages(id, 10).await.unwrap().pop().unwrap());
    let logged = w.log(id).await.into_iter().filter_map(|event| match event.kind {
        EventKind::MessageCreated(message) if message.author == Author::Bot => Some(*message),
        _ => None,
    });
    logged.for_each(is_the_same);
}

pub(crate) async fn a_message_of_the_shoppers_rests_on_nothing<S: Store>(w: World<S>) {
    let shopper = w.shopper().await;
    let id = w.say(shopper, "How long?").await.conversation.id;
    assert_eq!(w.store.messages(id, 10).await.unwrap().pop().unwrap().trace, None);
}

pub(crate) async fn a_version_kept_twice_is_one_and_stays_as_it_was<S: Store>(w: World<S>) {
    assert_eq!(w.store.entry_version("0000000000000001").await.unwrap(), None);
    w.store.keep_versions(&[]).await.unwrap();
    let (first, second) = (version(1, "Two days.\n\n- 两天", w.now()), version(2, "Three days.", w.now()));
    w.store.keep_versions(std::slice::from_ref(&first)).await.unwrap();
    let again = EntryVersion { entry_id: "moved/here".to_owned(), seen_at: w.now(), ..first.clone() };
    w.store.keep_versions(&[again, second.clone(), second.clone()]).await.unwrap();
    for kept in [first, second] {
        assert_eq!(w.store.entry_version(&kept.version).await.unwrap(), Some(kept));
    }
    assert_eq!(w.store.entry_version("").await.unwrap(), None);
}

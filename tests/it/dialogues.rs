//! How the bot understands what shoppers really write, over the demo shop's entries with the real index: tables of messages and what each must lead
//! to. A test that fails prints its table; `cargo test --test it dialogues -- --nocapture` prints all of them.

use std::path::PathBuf;
use std::sync::OnceLock;

use nightdesk::app::{Rooms, open_rooms};
use nightdesk::assistant::Reply;
use nightdesk::conversation::{Author, BotTrace, ConversationId, Decision, Message, MessageId, Source};
use nightdesk::support::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::support::{Shop, root};

/// The demo shop, opened on a data folder with the vectors of its entries, which are computed once for all tables.
async fn demo() -> (Shop, Rooms) {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    static FIRST: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one_at_a_time = FIRST.lock().await;
    let made = MADE.get_or_init(|| tempfile::tempdir().unwrap()).path().join("embeddings.bin");
    let shop = Shop::without_vectors();
    std::fs::create_dir(shop.data()).unwrap();
    let vectors = shop.data().join("embeddings.bin");
    if made.exists() {
        std::fs::copy(&made, &vectors).unwrap();
    }
    let mut settings = shop.settings();
    settings.knowledge.folder = root().join("knowledge_base");
    settings.server.data = shop.data();
    crate::support::shop::models();
    let rooms = open_rooms(&settings).await.unwrap();
    if !made.exists() {
        std::fs::copy(&vectors, &made).unwrap();
    }
    (shop, rooms)
}

fn table<Row: DeserializeOwned>(name: &str) -> Vec<Row> {
    let path: PathBuf = root().join("tests/it/fixtures/talk").join(name);
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn message(author: Author, content: &str, trace: Option<BotTrace>) -> Message {
    Message {
        id: MessageId(uuid::Uuid::nil()),
        conversation_id: ConversationId(uuid::Uuid::nil()),
        seq: 1,
        author,
        content: content.to_owned(),
        echo_id: None,
        created_at: Timestamp::UNIX_EPOCH,
        trace,
        helpful: None,
    }
}

fn said(reply: &Reply) -> Message {
    let trace = BotTrace {
        confidence: reply.confidence,
        sources: reply.sources.clone(),
        statements: reply.statements.clone(),
        model: reply.model.clone(),
        ..BotTrace::stored(reply.decision)
    };
    message(Author::Bot, &reply.content, Some(trace))
}

fn entries(reply: &Reply) -> Vec<&str> {
    let ids = reply.sources.iter().filter_map(|source| match source {
        Source::Entry { id, .. } => Some(id.as_str()),
        Source::Order { .. } => None,
    });
    ids.collect()
}

/// What a reply is worth to a shopper who needs one of `expected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It tells the right entry.
    Answered,
    /// It asks which one is meant, and the right one is among them.
    Asked,
    /// It goes to a person, or asks about the wrong ones: a delay, no harm.
    Unsure,
    /// It tells something else.
    Wrong,
}

fn judge(reply: &Reply, expected: &[&str]) -> Outcome {
    let has_one = entries(reply).iter().any(|id| expected.contains(id));
    match reply.decision {
        Decision::Answer | Decision::PartAnswer if has_one => Outcome::Answered,
        Decision::Answer | Decision::PartAnswer => Outcome::Wrong,
        Decision::Clarify if has_one => Outcome::Asked,
        _ => Outcome::Unsure,
    }
}

fn line(kind: &str, text: &str, expected: &str, outcome: &str, reply: &Reply) -> String {
    format!(
        "{kind:<9} {outcome:<8} {text} | expected {expected} | {} {:.2} {}",
        reply.decision.as_str(),
        reply.confidence,
        entries(reply).join(" ")
    )
}

#[derive(Deserialize)]
struct Dialogue {
    kind: String,
    first: String,
    second: String,
    /// `none`: no entry covers it, so nothing may be answered.
    entry: String,
}

#[tokio::test]
async fn a_follow_up_is_read_in_its_context_and_a_new_topic_is_not() {
    let (_shop, rooms) = demo().await;
    let (mut lines, mut right, mut dragged) = (Vec::new(), 0, 0);
    let dialogues: Vec<Dialogue> = table("dialogues.csv");
    for row in &dialogues {
        let mut transcript = vec![message(Author::Shopper, &row.first, None)];
        let first = rooms.responder.respond(&transcript).await.unwrap();
        assert_eq!(first.decision, Decision::Answer, "the first question is plain: {}", row.first);
        transcript.extend([said(&first), message(Author::Shopper, &row.second, None)]);
        let second = rooms.responder.respond(&transcript).await.unwrap();

        let answers = matches!(second.decision, Decision::Answer | Decision::PartAnswer);
        let outcome = match row.entry.as_str() {
            "none" if answers => Outcome::Wrong,
            "none" => Outcome::Unsure,
            expected => judge(&second, &[expected]),
        };
        let drags = row.kind == "change"
            && answers
            && outcome != Outcome::Answered
            && entries(&second).iter().any(|id| entries(&first).contains(id));
        dragged += usize::from(drags);
        let fine = matches!(outcome, Outcome::Answered | Outcome::Asked) || (row.entry == "none" && outcome == Outcome::Unsure);
        right += usize::from(fine);
        let outcome = if drags { "DRAGGED".to_owned() } else { format!("{outcome:?}") };
        lines.push(line(&row.kind, &format!("{} > {}", row.first, row.second), &row.entry, &outcome, &second));
    }
    let share = right as f64 / dialogues.len() as f64;
    let report = format!("{}\n{right} of {} right, {dragged} dragged along", lines.join("\n"), dialogues.len());
    println!("{report}");
    assert!(dialogues.len() >= 40 && dialogues.iter().filter(|row| row.kind == "change").count() >= 15);
    assert_eq!(dragged, 0, "{report}");
    assert!(share >= 0.85, "{report}");
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    message: String,
    /// `a|b`: either of them; `a+b`: both. Of the kind `part`: what is known of it.
    entry: String,
}

#[tokio::test]
async fn messages_are_understood_as_shoppers_write_them() {
    let (_shop, rooms) = demo().await;
    let (mut lines, mut right, mut wrong) = (Vec::new(), 0, 0);
    let messages: Vec<Written> = table("messages.csv");
    for row in &messages {
        let reply = rooms.responder.respond(&[message(Author::Shopper, &row.message, None)]).await.unwrap();
        let all: Vec<&str> = row.entry.split('+').collect();
        let outcome = match row.kind.as_str() {
            "two" if all.iter().all(|id| entries(&reply).contains(id)) => judge(&reply, &all),
            "part" if reply.decision == Decision::PartAnswer => judge(&reply, &all),
            "two" | "part" if judge(&reply, &all) != Outcome::Wrong => Outcome::Unsure,
            _ => judge(&reply, &row.entry.split('|').collect::<Vec<_>>()),
        };
        right += usize::from(matches!(outcome, Outcome::Answered | Outcome::Asked));
        wrong += usize::from(outcome == Outcome::Wrong);
        lines.push(line(&row.kind, &row.message, &row.entry, &format!("{outcome:?}"), &reply));
    }
    let share = right as f64 / messages.len() as f64;
    let report = format!("{}\n{right} of {} right, {wrong} wrong", lines.join("\n"), messages.len());
    println!("{report}");
    assert!(share >= 0.85, "{report}");
    assert!(wrong * 20 <= messages.len(), "{report}");
}

#[derive(Deserialize)]
struct Chinese {
    question: String,
    entry: String,
}

#[tokio::test]
async fn chinese_questions_find_their_entry() {
    let (_shop, rooms) = demo().await;
    assert!(rooms.retriever.knowledge().entries.iter().filter(|entry| entry.locale == "zh").count() >= 20);
    let questions: Vec<Chinese> = table("chinese.csv");
    assert!(questions.len() >= 40);
    let (mut lines, mut right) = (Vec::new(), 0);
    for row in &questions {
        let hits = rooms.retriever.search(&row.question, 3).unwrap();
        let first = hits[0].entry.id.as_str();
        right += usize::from(first == row.entry);
        lines.push(format!(
            "{} {} | expected {} | found {first}",
            if first == row.entry { "right" } else { "WRONG" },
            row.question,
            row.entry
        ));
    }
    let report = format!("{}\n{right} of {} right", lines.join("\n"), questions.len());
    println!("{report}");
    assert!(right as f64 >= 0.85 * questions.len() as f64, "{report}");
}

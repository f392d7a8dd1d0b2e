//! A turn that was taken, held against the same turn taken today. Pure.

use std::collections::BTreeSet;

use crate::conversation::{HandoffReason, MadeWith, Origin, PastTurn, Statement};

use super::respond::Reply;
use super::when::without_when;

/// How the two compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Whether content and statements are the same, byte for byte; when somebody would be there is left out on both sides.
    pub same: bool,
    /// What they were not both made with: `model`, `index`, `prompts`, `calibration`, `seed`, `program`; `not_kept` where nothing is known of the first,
    /// and `failure` where something had failed in it.
    pub changed: Vec<&'static str>,
    /// The rows of orders that say something else now.
    pub rows: Vec<String>,
}

impl Comparison {
    /// Holds a turn against today's reply to the same transcript, which was made with `made_with` by the version `program`.
    pub fn of(then: &PastTurn, now: &Reply, made_with: &MadeWith, program: &str) -> Self {
        // The end of a handoff's line depends on the hour at which it was said.
        let said_then = without_when(&then.message.content, &then.trace.statements);
        let same = said_then == without_when(&now.content, &now.statements);
        let (before, after) = (rows(&then.message.content, &then.trace.statements), rows(&now.content, &now.statements));
        let differing: BTreeSet<String> = before.symmetric_difference(&after).map(|(row, _)| row.clone()).collect();
        Self { same, changed: changed(then, made_with, program), rows: differing.into_iter().collect() }
    }

    /// Whether nothing but the bot itself can be why the two differ.
    pub fn is_unexplained(&self) -> bool {
        !self.same && self.changed.is_empty() && self.rows.is_empty()
    }
}

fn changed(then: &PastTurn, now: &MadeWith, program: &str) -> Vec<&'static str> {
    let made_with = &then.trace.made_with;
    let kept = *made_with != MadeWith::default();
    let failure = format!("handoff.{}", HandoffReason::EngineFailure.as_str());
    let failed = then.trace.statements.iter().any(|part| matches!(&part.origin, Origin::Phrase { key } if *key == failure));
    let changes = [
        (!kept, "not_kept"),
        (kept && made_with.model != now.model, "model"),
        (kept && made_with.index != now.index, "index"),
        (kept && made_with.prompts != now.prompts, "prompts"),
        (kept && made_with.calibration != now.calibration, "calibration"),
        (kept && made_with.seed != now.seed, "seed"),
        (then.program != program, "program"),
        (failed, "failure"),
    ];
    changes.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect()
}

/// Each row that is spoken of, with the words that its values stand in.
fn rows(content: &str, statements: &[Statement]) -> BTreeSet<(String, String)> {
    let of_row = |statement: &Statement| match &statement.origin {
        Origin::Row { table, key, column } => {
            let said = content.chars().skip(statement.start).take(statement.end.saturating_sub(statement.start)).collect();
            Some((format!("{table} {key} {column}"), said))
        }
        Origin::Entry { .. } | Origin::Phrase { .. } => None,
    };
    statements.iter().filter_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::compose::Spoken;
    use super::*;
    use crate::conversation::{Assistance, Author, BotTrace, ConversationId, Decision, Message, MessageId};
    use crate::support::Timestamp;

    fn hashes() -> MadeWith {
        let hash = |letter: &str| letter.repeat(64);
        MadeWith { model: "stored".into(), index: hash("a"), prompts: hash("b"), calibration: hash("c"), seed: 0 }
    }

    fn row(status: &str, tracking: Option<&str>) -> Spoken {
        let of = |table: &str, column: &str| Origin::Row { table: table.into(), key: "#W1".into(), column: column.into() };
        let mut spoken = Spoken::of(status, of("orders", "status"));
        spoken.push(" ", tracking.unwrap_or_default(), of("shipments", "tracking"));
        spoken
    }

    fn past(spoken: Spoken, made_with: MadeWith) -> PastTurn {
        let (content, statements) = spoken.into_parts();
        let trace = BotTrace { statements, made_with, ..BotTrace::stored(Decision::Order) };
        let message = Message {
            id: MessageId(uuid::Uuid::nil()),
            conversation_id: ConversationId(uuid::Uuid::nil()),
            seq: 2,
            author: Author::Bot,
            content,
            echo_id: None,
            created_at: Timestamp::UNIX_EPOCH,
            trace: Some(trace.clone()),
            helpful: None,
        };
        PastTurn { transcript: Vec::new(), message, trace, program: "0.1.0".into(), assistance: Assistance::Off }
    }

    fn today(spoken: Spoken) -> Reply {
        let (content, statements) = spoken.into_parts();
        let model = "stored".to_owned();
        Reply { decision: Decision::Order, content, statements, confidence: 1.0, sources: vec![], model, handoff: None }
    }

    #[test]
    fn a_difference_is_named_or_is_the_bots_own() {
        let check = |then: &PastTurn, now: Spoken, made_with: MadeWith, program: &str, expect: (bool, &[&str], &[&str], bool)| {
            let found = Comparison::of(then, &today(now), &made_with, program);
            let rows: Vec<&str> = found.rows.iter().map(String::as_str).collect();
            assert_eq!((found.same, found.changed.as_slice(), rows.as_slice(), found.is_unexplained()), expect);
        };
        let hello = || Spoken::phrase("smalltalk.hello", "Hello!");
        let then = past(hello(), hashes());
        check(&then, hello(), hashes(), "0.1.0", (true, &[], &[], false));
        check(&then, Spoken::phrase("smalltalk.hello", "Hello"), hashes(), "0.1.0", (false, &[], &[], true));
        check(&then, Spoken::phrase("smalltalk.thanks", "Hello!"), hashes(), "0.1.0", (false, &[], &[], true));
        let index = MadeWith { index: "other".into(), ..hashes() };
        check(&then, Spoken::phrase("a", "b"), index.clone(), "0.1.0", (false, &["index"], &[], false));
        check(&then, hello(), index, "0.1.0", (true, &["index"], &[], false));
        let all = MadeWith { model: "m".into(), index: "i".into(), prompts: "p".into(), calibration: "c".into(), seed: 1 };
        let named = ["model", "index", "prompts", "calibration", "seed", "program"];
        check(&then, Spoken::phrase("a", "b"), all, "0.2.0", (false, &named, &[], false));

        let mut line = hello();
        line.push(" ", "Our team is back on Monday at 09:00.", Origin::Phrase { key: "when.closed".into() });
        check(&past(line, hashes()), hello(), hashes(), "0.1.0", (true, &[], &[], false));

        let old = past(Spoken::default(), MadeWith::default());
        check(&old, hello(), hashes(), "0.1.0", (false, &["not_kept"], &[], false));
        let failed = past(Spoken::phrase("handoff.engine_failure", "Sorry."), hashes());
        check(&failed, hello(), hashes(), "0.1.0", (false, &["failure"], &[], false));
    }

    #[test]
    fn rows_that_say_something_else_are_named() {
        let check = |then: (&str, Option<&str>), now: (&str, Option<&str>), expect: &[&str]| {
            let found = Comparison::of(&past(row(then.0, then.1), hashes()), &today(row(now.0, now.1)), &hashes(), "0.1.0");
            assert_eq!((found.same, found.rows.iter().map(String::as_str).collect::<Vec<_>>().as_slice()), (expect.is_empty(), expect));
            assert!(!found.is_unexplained());
        };
        check(("Shipped.", Some("It is 很.")), ("Shipped.", Some("It is 很.")), &[]);
        check(("Shipped.", Some("It is 1.")), ("Delivered.", Some("It is 1.")), &["orders #W1 status"]);
        check(("Shipped.", Some("It is 1.")), ("Shipped.", Some("It is 2.")), &["shipments #W1 tracking"]);
        check(("Shipped.", None), ("Shipped.", Some("It is 2.")), &["shipments #W1 tracking"]);
        check(("Shipped.", Some("It is 2.")), ("Sent.", None), &["orders #W1 status", "shipments #W1 tracking"]);
    }
}

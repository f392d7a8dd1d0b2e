//! Replies that an agent may send: stored answers and order facts, composed as the bot's own are. They are drafts until the agent sends them.

use std::sync::Arc;

use super::quote::Quote;
use crate::assistant::respond::{Reply, RespondError, Responder};
use crate::commerce::Order;
use crate::confidence::among_first;
use crate::conversation::{Author, Message, Source};
use crate::knowledge::Entry;
use crate::prompt::{Group, Patterns};
use crate::retrieval::Hit;

/// How many replies an agent is offered.
pub const MOST: usize = 2;
/// A draft that is wrong six times in seven takes longer to read than it saves.
const WORTH_READING: f64 = 0.15;

/// A reply that an agent may send, and nobody else does.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyDraft {
    /// The words, what they rest on, who chose them, and how likely they answer the question.
    pub reply: Reply,
    /// Whether the shopper was told that in this conversation already.
    pub told: bool,
}

/// The drafts for a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Drafts {
    /// What they answer; none where nothing is open.
    pub question: Option<Quote>,
    /// The likeliest first.
    pub drafts: Vec<ReplyDraft>,
}

/// An entry that may answer a question.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The entry.
    pub entry: Arc<Entry>,
    /// The probability that it is the right one.
    pub confidence: f64,
}

/// The entries that may answer the question behind `before`, the likeliest first.
pub async fn candidates(responder: &Responder, question: &str, before: &[Message]) -> Result<Vec<Candidate>, RespondError> {
    let hits = responder.candidates(question, before).await?;
    let first = responder.rule().calibration.confidence(&hits);
    Ok(likely(&hits, first))
}

/// The hits that are worth reading, each with its own probability; of two with the same question the first.
fn likely(hits: &[Hit], first: f64) -> Vec<Candidate> {
    let Some(best) = hits.first() else { return Vec::new() };
    let mut found: Vec<Candidate> = Vec::new();
    for (place, hit) in hits.iter().enumerate() {
        let lead = f64::from(best.score - hit.score);
        let confidence = if place == 0 { first } else { among_first(first, &[0.0, lead]) - first };
        let again = found.iter().any(|other| other.entry.question == hit.entry.question);
        if confidence >= WORTH_READING && !again && found.len() < MOST {
            found.push(Candidate { entry: Arc::clone(&hit.entry), confidence });
        }
    }
    found
}

/// The replies from the candidates. What the shopper has been told already comes last: they asked on.
pub async fn from_entries(responder: &Responder, question: &str, candidates: &[Candidate], transcript: &[Message]) -> Vec<ReplyDraft> {
    let mut drafts = Vec::with_capacity(candidates.len());
    for Candidate { entry, confidence } in candidates {
        let reply = Reply { confidence: *confidence, ..responder.from_entry(question, entry).await };
        // An entry of which nothing may be said.
        if reply.handoff.is_some() {
            continue;
        }
        let told = was_told(transcript, &reply);
        drafts.push(ReplyDraft { reply, told });
    }
    drafts.sort_by_key(|draft| draft.told);
    drafts
}

/// The entries' drafts, and the order's where there is one: first where the question is about an order, else behind the first one.
pub fn with_order(mut drafts: Vec<ReplyDraft>, order: Option<ReplyDraft>, question: &str, patterns: &Patterns) -> Vec<ReplyDraft> {
    if let Some(order) = order {
        let about_it = [Group::OrderStatus, Group::OrderChange].iter().any(|group| patterns.matches(*group, question));
        drafts.insert(if about_it { 0 } else { drafts.len().min(MOST - 1) }, order);
    }
    drafts.truncate(MOST);
    drafts
}

/// The reply about an order that the shopper has shown to be theirs.
pub fn from_order(responder: &Responder, question: &str, order: &Order, transcript: &[Message]) -> ReplyDraft {
    let reply = responder.about_order(question, order);
    ReplyDraft { told: was_told(transcript, &reply), reply }
}

/// Whether the bot or an agent has sent the same words, or the bot words from the same entry.
fn was_told(transcript: &[Message], reply: &Reply) -> bool {
    let of_entry = |source: &&Source| matches!(source, Source::Entry { .. });
    transcript.iter().any(|message| {
        let Some(trace) = &message.trace else { return matches!(message.author, Author::Agent(_)) && message.content == reply.content };
        let offered = trace.options().next().is_some();
        message.content == reply.content || (!offered && reply.sources.iter().filter(of_entry).any(|source| trace.sources.contains(source)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{patterns, talk};
    use super::*;
    use crate::conversation::Decision;
    use crate::knowledge::{EntryId, HandoffRule};
    use crate::retrieval::{QuerySignals, Signals};

    fn hit(question: &str, score: f32) -> Hit {
        Hit {
            entry: Arc::new(Entry {
                id: EntryId::parse(&question.to_lowercase()).unwrap(),
                topic: "t".into(),
                locale: "en".into(),
                updated: None,
                question: question.into(),
                phrasings: Vec::new(),
                answer: "Yes.".into(),
                handoff: HandoffRule::Never,
                file: "t.md".into(),
                line: 1,
            }),
            signals: Signals::default(),
            phrasing: String::new(),
            score,
            query: QuerySignals { terms: 4, cjk: 0.0, none: 0.0 },
        }
    }

    #[test]
    fn only_what_may_well_be_right_is_offered() {
        let check = |hits: &[(&str, f32)], first: f64, expect: &[&str]| {
            let hits: Vec<Hit> = hits.iter().map(|(question, score)| hit(question, *score)).collect();
            let found = likely(&hits, first);
            assert_eq!(found.iter().map(|one| one.entry.question.as_str()).collect::<Vec<_>>(), expect, "{first}");
            assert!(found.iter().map(|one| one.confidence).sum::<f64>() <= 1.0 + 1e-9, "{found:?}");
        };
        check(&[("A", 2.0), ("B", 1.9), ("C", 1.8)], 0.4, &["A", "B"]);
        check(&[("A", 2.0), ("B", -2.0)], 0.8, &["A"]);
        check(&[("A", 2.0), ("A", 1.9), ("C", 1.8)], 0.3, &["A", "C"]);
        check(&[("A", 2.0), ("B", 1.9)], 0.1, &[]);
        check(&[], 0.0, &[]);
    }

    fn draft(words: &str, source: Source) -> ReplyDraft {
        let reply = Reply {
            decision: Decision::Answer,
            content: words.into(),
            statements: Vec::new(),
            confidence: 0.5,
            sources: vec![source],
            model: "stored".into(),
            handoff: None,
        };
        ReplyDraft { reply, told: false }
    }

    fn entry(title: &str) -> Source {
        Source::Entry { id: "en/entry".into(), title: title.into() }
    }

    #[test]
    fn the_orders_reply_takes_the_place_that_the_question_gives_it() {
        let check = |entries: &[&str], order: Option<&str>, question: &str, expect: &[&str]| {
            let drafts: Vec<ReplyDraft> = entries.iter().map(|words| draft(words, entry(words))).collect();
            let order = order.map(|words| draft(words, Source::Order { number: "#AP10042".into() }));
            let all = with_order(drafts, order, question, patterns());
            assert_eq!(all.iter().map(|one| one.reply.content.as_str()).collect::<Vec<_>>(), expect, "{question}");
        };
        check(&["a", "b"], Some("order"), "Where is my order?", &["order", "a"]);
        check(&["a", "b"], Some("order"), "Do you sell tents?", &["a", "order"]);
        check(&[], Some("order"), "Do you sell tents?", &["order"]);
        check(&["a", "b"], None, "Where is my order?", &["a", "b"]);
    }

    #[test]
    fn what_was_told_is_known_by_its_words_or_its_entry() {
        let check = |turns: &[(&str, &str)], draft: &ReplyDraft, expect: bool| {
            assert_eq!(was_told(&talk(turns), &draft.reply), expect, "{turns:?}");
        };
        let two_days = draft("Two days.", entry("Two days."));
        check(&[("bot answer", "Two days.")], &two_days, true);
        check(&[("bot part_answer", "Two days.")], &draft("Two days. By post.", entry("Two days.")), true);
        check(&[("bot clarify", "Which?")], &draft("First.", Source::Entry { id: "en/first".into(), title: "first".into() }), false);
        check(&[("bot answer", "Three days.")], &two_days, false);
        check(&[("shopper", "Two days.")], &two_days, false);
        check(&[("agent", "Two days.")], &two_days, true);
        let order = draft("On its way.", Source::Order { number: "#AP10042".into() });
        check(&[("bot order", "On its way.")], &order, true);
        check(&[("bot order", "Packed.")], &order, false);
    }
}

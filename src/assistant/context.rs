//! A message in the light of what was talked about before it: 'and to Canada?'. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::content::{content_words, is_han, length, spoken_of};
use crate::conversation::{Author, Decision, Message, Source};
use crate::knowledge::Entry;

/// A follow-up is short: whoever writes more says what it is about.
const LONGEST: usize = 12;
/// Words of topic that a follow-up has at most, when neither its beginning nor a pronoun points back.
const FEW_WORDS: usize = 2;
/// The share of a follow-up's words of topic that an entry must speak of, so that the message and not its context alone leads there.
pub const SPOKEN_OF: f64 = 0.6;

/// Beginnings that point back.
static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W*(?:(?:ok|okay|ah|oh|so|thanks|thank you|great|cool|alright|all right|hm+)\W+)*(?:and|what about|how about|what if|also|but|or|then|same for|in that case|even|only|except|if)\b",
    )
    .expect("a constant pattern")
});
/// Words that stand for what was named before.
static POINTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:it|its|it's|they|them|their|that|this|those|these|there|one|ones|he|she|same|too|either|instead|otherwise|then)\b",
    )
    .expect("a constant pattern")
});
/// The same in Chinese, at the beginning, anywhere, or at the end.
static POINTS_ZH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W*(?:那|那么|还有|另外|如果|要是|但是|可是|而|和|跟|也)|它|这个|那个|这些|那些|这种|那种|呢[?？!！。\s]*$")
        .expect("a constant pattern")
});

/// Joining words whose 'what' and 'how' ask nothing by themselves.
static OPENING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\W*(?:(?:and|but|also|so|ok|okay)\W+)*(?:what|how) about\b").expect("a constant pattern"));
/// A question word or a verb.
static ANEW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:how|what|whats|when|where|which|who|why|do|does|did|is|are|was|can|could|will|would|should|has|have|(?:do|does|did|is|are|ca|wo)n.?t|work|works)\b")
        .expect("a constant pattern")
});
/// The same in Chinese; a place or a thing with 呢 is a piece.
static ANEW_ZH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("怎么|怎样|如何|多久|多少|多长|多大|多重|什么时候|为什么|哪|几[天个]|谁|能|可以|要|吗").expect("a constant pattern")
});

/// What was talked about when the shopper wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// What they had asked.
    pub question: String,
    /// The questions of the entries that answered it; none when the bot asked which one was meant.
    pub titles: Vec<String>,
}

/// How strongly a message leans on what was said before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaning {
    /// It stands for itself.
    None,
    /// It is short, and might be read either way.
    Weak,
    /// It begins with a joining word or has a pronoun for what it is about.
    Strong,
}

/// What the bot last answered or asked about, smalltalk aside; none before its first answer, and none behind an order.
pub fn topic_of(transcript: &[Message]) -> Option<Topic> {
    let place = transcript.iter().rposition(|message| {
        let decision = message.trace.as_ref().map(|trace| trace.decision);
        matches!(message.author, Author::Bot | Author::Agent(_)) && decision != Some(Decision::Smalltalk)
    })?;
    let trace = transcript[place].trace.as_ref()?;
    if !matches!(trace.decision, Decision::Answer | Decision::PartAnswer | Decision::Clarify) {
        return None;
    }
    let asked = transcript[..place].iter().rev().skip_while(|message| message.author != Author::Shopper);
    let mut lines: Vec<&str> =
        asked.take_while(|message| message.author == Author::Shopper).map(|message| message.content.as_str()).collect();
    lines.reverse();
    let titles = trace.sources.iter().filter_map(|source| match source {
        Source::Entry { title, .. } if trace.decision != Decision::Clarify => Some(title.clone()),
        Source::Entry { .. } | Source::Order { .. } => None,
    });
    Some(Topic { question: lines.join("\n"), titles: titles.collect() })
}

/// Whether a message may be a follow-up.
pub fn leaning(message: &str) -> Leaning {
    if length(message) > LONGEST {
        return Leaning::None;
    }
    let points =
        if message.chars().any(is_han) { POINTS_ZH.is_match(message) } else { BEGINS.is_match(message) || POINTS.is_match(message) };
    match (points, content_words(message).len()) {
        (true, _) => Leaning::Strong,
        (false, count) if count <= few(message) => Leaning::Weak,
        (false, _) => Leaning::None,
    }
}

/// A Chinese word is about two characters.
fn few(message: &str) -> usize {
    if message.chars().any(is_han) { 2 * FEW_WORDS } else { FEW_WORDS }
}

impl Topic {
    /// The message with what it leans on. One that asks nothing of its own ('and to Canada?') stands behind the question it takes up; one that does
    /// ('how heavy is it?') before the words that say what is talked about: the old question would answer for the new one.
    pub fn with(&self, message: &str) -> String {
        let before = if self.titles.is_empty() { self.question.clone() } else { self.titles.join(" ") };
        if !asks_anew(message) {
            return format!("{before} {message}");
        }
        let space = if before.chars().any(is_han) { "" } else { " " };
        format!("{message} {}", content_words(&before).join(space))
    }
}

/// Whether a follow-up has a question or a statement of its own rather than a piece of one.
pub fn asks_anew(message: &str) -> bool {
    if message.chars().any(is_han) { ANEW_ZH.is_match(message) } else { ANEW.is_match(&OPENING.replace(message, "")) }
}

/// How much of what the message itself names an entry speaks of, from 0 to 1. Prices are seldom named by a word.
pub fn speaks_of(entry: &Entry, message: &str) -> f64 {
    let mut words = content_words(message);
    words.retain(|word| !matches!(word.as_str(), "cost" | "costs" | "price" | "prices" | "charge" | "expensive" | "fee" | "钱" | "价"));
    let texts = [&entry.question, &entry.answer].into_iter().chain(&entry.phrasings).map(String::as_str);
    spoken_of(&words, texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{BotTrace, ConversationId, MessageId};
    use crate::support::Timestamp;

    #[test]
    fn a_follow_up_leans_on_what_was_said() {
        let check = |message: &str, expect: Leaning| assert_eq!(leaning(message), expect, "{message}");
        for strong in
            ["and to Canada?", "what about returns", "ok, and how do I use them", "how much is it", "那英国呢", "它防水吗", "英国呢？"]
        {
            check(strong, Leaning::Strong);
        }
        for weak in ["Norway too?", "how long", "which size do I need", "klarna", "怎么退货"] {
            check(weak, if weak.contains("too") { Leaning::Strong } else { Leaning::Weak });
        }
        for alone in [
            "how do I reset my account password",
            "I bought a tent two weeks ago and it arrived with a hole in it, what are my rights",
            "请问你们的帐篷可以在冬天使用吗",
        ] {
            check(alone, Leaning::None);
        }
    }

    fn said(turns: &[(&str, Option<(Decision, &str)>)]) -> Vec<Message> {
        let message = |&(content, reply): &(&str, Option<(Decision, &str)>)| Message {
            id: MessageId(uuid::Uuid::nil()),
            conversation_id: ConversationId(uuid::Uuid::nil()),
            seq: 1,
            author: if reply.is_some() { Author::Bot } else { Author::Shopper },
            content: content.into(),
            echo_id: None,
            created_at: Timestamp::UNIX_EPOCH,
            trace: reply.map(|(decision, title)| BotTrace {
                sources: vec![Source::Entry { id: "x".into(), title: title.into() }],
                ..BotTrace::stored(decision)
            }),
            helpful: None,
        };
        turns.iter().map(message).collect()
    }

    #[test]
    fn the_topic_is_what_was_last_answered() {
        let check = |turns: &[(&str, Option<(Decision, &str)>)], expect: Option<&str>| {
            let with = topic_of(&said(turns)).map(|topic| topic.with("NOW"));
            assert_eq!(with.as_deref(), expect, "{turns:?}");
        };
        let answer = Some((Decision::Answer, "How long?"));
        check(&[("NOW", None)], None);
        check(&[("how long", None), ("2 days", answer), ("NOW", None)], Some("How long? NOW"));
        check(
            &[("how long", None), ("2 days", answer), ("thanks", None), ("welcome", Some((Decision::Smalltalk, ""))), ("NOW", None)],
            Some("How long? NOW"),
        );
        check(&[("backpack", None), ("which?", Some((Decision::Clarify, "Is it dry?"))), ("NOW", None)], Some("backpack NOW"));
        check(&[("how long", None), ("2 days", answer), ("where is it", None), ("?", Some((Decision::AskOrder, ""))), ("NOW", None)], None);
    }

    #[test]
    fn a_piece_takes_up_the_question_and_a_question_the_topic() {
        let topic = Topic { question: "tent?".into(), titles: vec!["How heavy is the tent?".into()] };
        let check = |message: &str, expect: &str| assert_eq!(topic.with(message), expect, "{message}");
        check("and the big one?", "How heavy is the tent? and the big one?");
        check("what about the big one", "How heavy is the tent? what about the big one");
        check("is it dry?", "is it dry? heavy tent");
        check("what if it doesn't work", "what if it doesn't work heavy tent");
        let topic = Topic { question: "怎么退货？".into(), titles: vec!["怎么退货？".into()] };
        assert_eq!(topic.with("那英国呢"), "怎么退货？ 那英国呢");
        assert_eq!(topic.with("那多久到账"), "那多久到账 退货");
    }
}

//! The questions in one message: shoppers ask two at once, and tell a story before the one that counts. Pure.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::content::{content_words, is_han};

/// Questions of one message that are looked at; whoever asks more is heard again.
const MOST: usize = 4;

/// What may stand before the words that ask.
const FILLERS: &str = r"(?:(?:hi|hello|hey|ok|okay|so|and|also|but|oh|well|then|plus|please|pls|btw|by the way|secondly|second|first|firstly|another thing|one more thing|thanks|thank you|another question|question)\b[\s,:.!-]*)*";
/// Words that ask by themselves, and verbs that ask when what they are about follows.
const ASKING: &str = r"(?:(?:how|what|whats|what's|when|where|wheres|where's|which|who|whose|why)\b|(?:do|does|did|is|are|was|can|could|will|would|should|may|have|has|am|shall)(?:n't)?\s+(?:i|you|u|we|they|it|he|she|there|the|this|that|these|those|my|your|ur|our|a|an|any|anyone|someone)\b)";

static ASKS: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)^[\s,:.!-]*{FILLERS}{ASKING}")));
static WANTS_TO_KNOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:(?:want|need|like|love) to (?:know|ask)|wonder(?:ing)?|tell me|let me know|any idea|not sure (?:if|how|when|whether))\b",
    )
});
/// Where a second question may begin within a sentence: after a joining word, or after a comma and one of the plain question words.
static JOINT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)(?:[\s,;]+(?:and|also|plus|&|as well as)\s+(?:also\s+|then\s+|secondly\s+)?({ASKING})|,\s*(how\s+[a-z]+\b|(?:what|where|which|who)\s+(?:do|does|is|are|can|about|if)\b))"
    ))
});
static ASKS_ZH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        "[?？]|(?:吗|呢|么)[?？\\s]*$|怎么|怎样|如何|多久|多少|多长|多大|多重|什么|哪|几[天个件次种期年号点]|能不能|可不可以|可以不|是不是|是否|有没有|会不会|要不要|用不用|谁|为啥|为何|啥",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// The questions of a message in their order, at most four. One that has no word of topic ('what now?') belongs to what stands before it and is
/// none of its own; neither are statements.
pub fn questions(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in spans(text).into_iter().flat_map(|span| joined_questions(&text[span])) {
        let again = found.iter().any(|other| other.eq_ignore_ascii_case(part));
        if !again && asks(part) && !content_words(part).is_empty() {
            found.push(part.to_owned());
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// Sentences as they stand in chats, where a new one may begin with a small letter; as ranges of bytes.
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' | '！' | '？' | '；' => true,
            // "2.5", "example.com" and "e.g." go on.
            '.' | '!' | '?' | ';' => next.is_none_or(|next| next.is_whitespace() || is_han(next)),
            _ => false,
        };
        let more = matches!(next, Some('?' | '!' | '？' | '！' | '.'));
        if (ends && !more) || next.is_none() {
            let end = at + c.len_utf8();
            let own = &text[start..end];
            let begin = start + (own.len() - own.trim_start().len());
            let span = begin..begin + own.trim().len();
            if text[span.clone()].chars().any(char::is_alphanumeric) {
                found.push(span);
            }
            start = end;
        }
    }
    found
}

/// A sentence cut where a second question begins; whole where the first piece would ask nothing.
fn joined_questions(sentence: &str) -> Vec<&str> {
    if sentence.chars().any(is_han) {
        return joined_han(sentence);
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    for joint in JOINT.captures_iter(sentence) {
        let (Some(all), Some(begin)) = (joint.get(0), joint.get(1).or_else(|| joint.get(2))) else { continue };
        if all.start() <= start {
            continue;
        }
        let before = sentence[start..all.start()].trim();
        // "Tell me how and when …" asks once.
        if asks(before) && !content_words(before).is_empty() {
            pieces.push(before);
            start = begin.start();
        }
    }
    pieces.push(sentence[start..].trim());
    pieces
}

/// Chinese joins questions with commas: clauses that ask stand for themselves, others belong to the next one that does.
fn joined_han(sentence: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, c) in sentence.char_indices().filter(|(_, c)| matches!(c, '，' | ',' | '、')) {
        let clause = sentence[start..at].trim();
        if asks(clause) && !content_words(clause).is_empty() {
            pieces.push(clause);
            start = at + c.len_utf8();
        }
    }
    let rest = sentence[start..].trim();
    match pieces.last() {
        // "怎么退货，谢谢": what follows asks nothing.
        Some(_) if !asks(rest) || content_words(rest).is_empty() => pieces,
        _ => {
            pieces.push(rest);
            pieces
        }
    }
}

/// Whether a sentence asks.
pub fn asks(text: &str) -> bool {
    let text = text.trim();
    if text.chars().any(is_han) {
        return ASKS_ZH.is_match(text);
    }
    text.ends_with('?') || text.ends_with("?!") || ASKS.is_match(text) || WANTS_TO_KNOW.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_split_into_its_questions() {
        let check = |text: &str, expect: &[&str]| assert_eq!(questions(text), expect, "{text}");
        check("How long does delivery take?", &["How long does delivery take?"]);
        check("How long does delivery take and how much does it cost?", &["How long does delivery take", "how much does it cost?"]);
        check("do you ship to canada? and can i pay with paypal", &["do you ship to canada?", "and can i pay with paypal"]);
        check("hi! i bought a tent two weeks ago. can i return it", &["can i return it"]);
        check("My parcel is late. What should I do?", &[]);
        check("where and when can I collect my parcel?", &["where and when can I collect my parcel?"]);
        check("is the tent waterproof, how heavy is it", &["is the tent waterproof", "how heavy is it"]);
        check("I want to know how the warranty works and what it covers", &["I want to know how the warranty works", "what it covers"]);
        check("refund", &[]);
        check("delivery to France?!", &["delivery to France?!"]);
        check("does it cost $4.95? i mean the label.", &["does it cost $4.95?"]);
        check("can I return it and if so where do I send it", &["can I return it and if so where do I send it"]);
        check("what if I am not home when it comes", &["what if I am not home when it comes"]);
        check("怎么退货，退款多久到账？", &["怎么退货", "退款多久到账？"]);
        check("我上周买了帐篷，想问一下怎么退货", &["我上周买了帐篷，想问一下怎么退货"]);
        check("怎么退货，谢谢", &["怎么退货"]);
        check("可以用支付宝吗？能寄到加拿大吗？", &["可以用支付宝吗？", "能寄到加拿大吗？"]);
        check("a? b? c? d? e?", &["b?", "c?", "d?", "e?"]);
        check("", &[]);
    }

    #[test]
    fn any_text_can_be_split() {
        for text in ["?", "。。。", "and and and how", ",,,,how", "\u{202e}\u{0}?", "？？？怎么", &"how much, how long ".repeat(500)]
        {
            assert!(questions(text).len() <= MOST, "{text}");
        }
    }
}

//! Whether a draft says only what its source says.
//!
//! The check is plain and strict: each sentence stands word for word in the source, in the source's order and once; a sentence that leans on the
//! one before it ('Otherwise …', 'It …') comes with it; and the sentence nearest to the question is among them. A small model fails this often;
//! then the stored answer is sent instead.

use std::collections::HashSet;

use super::sentences::{canonical, content_words, sentences};

/// Beginnings that lean on the sentence before.
const LEANING: [&str; 24] = [
    "it",
    "its",
    "this",
    "that",
    "these",
    "those",
    "they",
    "he",
    "she",
    "otherwise",
    "however",
    "but",
    "if not",
    "then",
    "so",
    "in that case",
    "also",
    "instead",
    "except",
    "for others",
    "the same",
    "such",
    "both",
    "neither",
];

/// Why a draft was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is nothing in it.
    #[error("empty")]
    Empty,
    /// A sentence stands in no source.
    #[error("unsupported")]
    Unsupported,
    /// The sentences are mixed up or repeated.
    #[error("order")]
    Order,
    /// A sentence came without the one that it leans on.
    #[error("dangling")]
    Dangling,
    /// It says something true that was not asked.
    #[error("beside_the_point")]
    BesideThePoint,
}

impl Rejection {
    /// The stable name in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unsupported => "unsupported",
            Self::Order => "order",
            Self::Dangling => "dangling",
            Self::BesideThePoint => "beside_the_point",
        }
    }
}

/// The draft in the source's own sentences, or why it is not used.
pub fn verify(draft: &str, source: &str, question: &str) -> Result<String, Rejection> {
    let known = sentences(source);
    let canon: Vec<String> = known.iter().map(|sentence| canonical(sentence)).collect();
    let said = sentences(draft);
    if said.is_empty() {
        return Err(Rejection::Empty);
    }
    let mut chosen: Vec<usize> = Vec::with_capacity(said.len());
    for sentence in &said {
        let sentence = canonical(sentence);
        let place = canon.iter().position(|own| *own == sentence).ok_or(Rejection::Unsupported)?;
        if chosen.last().is_some_and(|last| *last >= place) {
            return Err(Rejection::Order);
        }
        if leans(&canon[place], &known[place]) && place > 0 && chosen.last() != Some(&(place - 1)) {
            return Err(Rejection::Dangling);
        }
        chosen.push(place);
    }
    match nearest(&known, question) {
        Some(wanted) if !chosen.contains(&wanted) => Err(Rejection::BesideThePoint),
        _ => Ok(joined(&known, &chosen)),
    }
}

fn leans(sentence: &str, raw: &str) -> bool {
    let lower = sentence.to_lowercase();
    let starts = |word: &str| lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    raw.trim_start().starts_with("- ") || LEANING.iter().any(|word| starts(word))
}

/// The sentence that shares most words with the question, weighted by how few sentences have the word; none when nothing is shared.
fn nearest(known: &[String], question: &str) -> Option<usize> {
    let asked: HashSet<String> = content_words(question).into_iter().collect();
    let words: Vec<HashSet<String>> = known.iter().map(|sentence| content_words(sentence).into_iter().collect()).collect();
    let weight = |word: &String| 1.0 / words.iter().filter(|set| set.contains(word)).count().max(1) as f64;
    let score = |set: &HashSet<String>| set.intersection(&asked).map(weight).sum::<f64>();
    let (best, score) = words.iter().map(score).enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    (score > 0.0).then_some(best)
}

/// The source's own words: list lines keep their line.
fn joined(known: &[String], chosen: &[usize]) -> String {
    let mut text = String::new();
    for index in chosen {
        if !text.is_empty() {
            text.push(if known[*index].starts_with("- ") { '\n' } else { ' ' });
        }
        text.push_str(&known[*index]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "Returns are free for orders over $50. Otherwise $4.95 is deducted. We do not accept cash on delivery. Refunds take 5 days.";

    #[test]
    fn only_what_the_source_says_passes() {
        let check = |draft: &str, question: &str, expect: Result<&str, Rejection>| {
            assert_eq!(verify(draft, SOURCE, question).as_deref(), expect.as_ref().map(|s| *s).map_err(|e| e).as_deref(), "{draft}");
        };
        check("We do not accept cash on delivery.", "can I pay cash on delivery?", Ok("We do not accept cash on delivery."));
        check("We accept cash on delivery.", "can I pay cash on delivery?", Err(Rejection::Unsupported));
        check("Yes, you can pay cash.", "cash?", Err(Rejection::Unsupported));
        check("Returns are free for orders over $60.", "free returns?", Err(Rejection::Unsupported));
        check("Otherwise $4.95 is deducted.", "is $4.95 deducted", Err(Rejection::Dangling));
        check(
            "Returns are free for orders over $50.  Otherwise $4.95 is deducted",
            "are returns free",
            Ok("Returns are free for orders over $50. Otherwise $4.95 is deducted."),
        );
        check("Refunds take 5 days. We do not accept cash on delivery.", "refunds", Err(Rejection::Order));
        check("We do not accept cash on delivery.", "how long do refunds take", Err(Rejection::BesideThePoint));
        check("  ", "x", Err(Rejection::Empty));
    }
}

//! The chosen sentences of an entry as words with their origins. Pure.
//!
//! A 'Yes,' or 'No,' in front answers the entry's own question. To another one it may be the wrong answer ('I got an e-mail that asks for my card number,
//! was that you?' – 'Yes, payments are encrypted …'), and what stands behind it says everything: it is left out unless the shopper asked the very question.

use std::collections::BTreeSet;

use super::Spoken;
use super::units::Unit;
use crate::conversation::Origin;
use crate::knowledge::Entry;

/// Words by which what follows a 'No,' denies by itself.
const DENIALS: [&str; 16] = [
    "not", "no", "never", "cannot", "can't", "don't", "doesn't", "isn't", "aren't", "won't", "neither", "nor", "nothing", "none",
    "without", "only",
];

/// Words by which what follows a 'Yes,' hangs on it.
const JOINING: [&str; 12] = ["but", "and", "or", "so", "only", "except", "unless", "if", "though", "although", "because", "as"];

/// The sentences of a set in the order of the answer, word for word, for somebody who asked `question`.
pub fn said(entry: &Entry, units: &[Unit], set: &BTreeSet<usize>, question: &str) -> Spoken {
    let answer = entry.answer.as_str();
    let version = entry.version();
    let is_own = is_own_question(entry, question);
    let mut spoken = Spoken::default();
    let mut before: Option<usize> = None;
    for &place in set {
        let range = units[place].range.clone();
        let whole = &answer[range.clone()];
        let skipped = if is_own { 0 } else { lead(whole, units.get(place + 1).map(|next| &answer[next.range.clone()])) };
        let text = capitalized(&whole[skipped..], skipped > 0);
        if text.is_empty() {
            continue;
        }
        let joint = match before {
            // Side by side they keep what is between them.
            Some(last) if last + 1 == place => &answer[units[last].range.end..range.start],
            Some(last) if text.starts_with("- ") || answer[units[last].range.clone()].starts_with("- ") => "\n",
            Some(_) if text.starts_with(|sign| sign >= '\u{2e80}') => "",
            _ => " ",
        };
        let start = answer[..range.start + skipped].chars().count();
        let end = answer[..range.end].chars().count();
        spoken.push(joint, &text, Origin::Entry { id: entry.id.as_str().to_owned(), version: version.clone(), start, end });
        before = Some(place);
    }
    spoken
}

/// Whether the shopper asked what the entry asks, case and punctuation aside.
fn is_own_question(entry: &Entry, question: &str) -> bool {
    let asked = plain(question);
    std::iter::once(&entry.question).chain(&entry.phrasings).any(|own| plain(own) == asked)
}

fn plain(text: &str) -> String {
    text.to_lowercase().split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The bytes of a 'Yes,' or 'No,' in front that can be left out; all of a sentence that is nothing else. A 'No' stays where nothing behind it denies.
fn lead(sentence: &str, next: Option<&str>) -> usize {
    let bytes = |word: &str| sentence.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)).then_some(word.len());
    let Some((end, denies)) = bytes("yes").map(|end| (end, false)).or_else(|| bytes("no").map(|end| (end, true))) else { return 0 };
    let rest = &sentence[end..];
    let behind = rest.trim_start_matches([',', ';', ':', '!', '.', ' ', '\u{2013}', '\u{2014}', '-']);
    // 'Notes', 'no return', 'yesterday'.
    if !rest.starts_with([',', ';', ':', '!', '.', '\u{2013}', '\u{2014}']) && !rest.starts_with(" - ") && !rest.starts_with(" \u{2013}") {
        return 0;
    }
    let first = behind.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    if JOINING.contains(&first.as_str()) {
        return 0;
    }
    let says = if behind.is_empty() { next.unwrap_or_default() } else { behind };
    if says.is_empty() || (denies && !denied(says)) { 0 } else { sentence.len() - behind.len() }
}

fn denied(text: &str) -> bool {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    lower.split(|sign: char| !sign.is_alphanumeric() && sign != '\'').any(|word| DENIALS.contains(&word))
}

fn capitalized(text: &str, is_cut: bool) -> String {
    let mut letters = text.chars();
    match letters.next().filter(|_| is_cut) {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::units::units;
    use super::*;
    use crate::assistant::gate;
    use crate::knowledge::load;

    fn entry(answer: &str) -> Entry {
        Entry { phrasings: vec!["Is shipping possible".into()], ..Entry::sample("Do you ship?", answer) }
    }

    fn all(entry: &Entry, question: &str) -> String {
        let units = units(&entry.answer);
        said(entry, &units, &(0..units.len()).collect(), question).content().to_owned()
    }

    #[test]
    fn a_yes_or_no_answers_its_own_question_only() {
        let check = |answer: &str, question: &str, expect: &str| assert_eq!(all(&entry(answer), question), expect, "{answer}");
        check("Yes, we ship. To the EU.", "was that you?", "We ship. To the EU.");
        check("Yes, we ship. To the EU.", "do you ship", "Yes, we ship. To the EU.");
        check("Yes, we ship.", "Is shipping possible?", "Yes, we ship.");
        check("No, we do not ship.", "can I", "We do not ship.");
        check("No, they are for indoor use.", "can I", "No, they are for indoor use.");
        check("No. We never ship.", "can I", "We never ship.");
        check("No. Ask.", "can I", "No. Ask.");
        check("Yes! We ship.", "can I", "We ship.");
        check("Yes, but register both.", "can I", "Yes, but register both.");
        check("Yes \u{2013} we ship.", "can I", "We ship.");
        check("Yesterday we shipped.", "can I", "Yesterday we shipped.");
        check("No return is free. Notes help.", "can I", "No return is free. Notes help.");
        check("Yes.", "can I", "Yes.");
    }

    #[test]
    fn every_part_is_the_answers_own_but_for_its_first_letter_and_passes_the_gate() {
        let knowledge = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge_base")).unwrap();
        let mut cut = 0;
        for entry in &knowledge.entries {
            let units = units(&entry.answer);
            let spoken = said(entry, &units, &(0..units.len()).collect(), "something else");
            let (answer, content): (Vec<char>, Vec<char>) = (entry.answer.chars().collect(), spoken.content().chars().collect());
            for statement in spoken.statements() {
                let Origin::Entry { start, end, .. } = statement.origin else { unreachable!("an entry says it") };
                let (said, own) = (&content[statement.start..statement.end], &answer[start..end]);
                assert_eq!(said[1..], own[1..], "{}", entry.id.as_str());
                cut += usize::from(said[0] != own[0]);
                let said: String = said.iter().collect();
                assert_eq!(gate::check(&said, &entry.answer), Ok(()), "{}: {said}", entry.id.as_str());
            }
        }
        assert!(cut > 20, "{cut}");
    }
}

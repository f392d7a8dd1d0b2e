//! The chosen sentences of an entry as words with their origins. Pure.

use std::collections::BTreeSet;

use super::Spoken;
use super::units::Unit;
use crate::conversation::Origin;
use crate::knowledge::Entry;

/// The sentences of a set in the order of the answer, word for word.
pub fn said(entry: &Entry, units: &[Unit], set: &BTreeSet<usize>) -> Spoken {
    let answer = entry.answer.as_str();
    let version = entry.version();
    let mut spoken = Spoken::default();
    let mut before: Option<usize> = None;
    for &place in set {
        let range = units[place].range.clone();
        let text = &answer[range.clone()];
        let joint = match before {
            // Side by side they keep what is between them.
            Some(last) if last + 1 == place => &answer[units[last].range.end..range.start],
            Some(last) if text.starts_with("- ") || answer[units[last].range.clone()].starts_with("- ") => "\n",
            Some(_) if text.starts_with(|sign| sign >= '\u{2e80}') => "",
            _ => " ",
        };
        let start = answer[..range.start].chars().count();
        let end = start + text.chars().count();
        spoken.push(joint, text, Origin::Entry { id: entry.id.as_str().to_owned(), version: version.clone(), start, end });
        before = Some(place);
    }
    spoken
}

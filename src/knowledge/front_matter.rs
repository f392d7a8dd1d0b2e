//! The lines between two `---` at the top of a knowledge file.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::entry::HandoffRule;

/// What the keys say, as they are written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrontMatter {
    /// The topic's name, as people read it.
    #[serde(default)]
    pub(super) topic: Option<String>,
    /// The language of the entries.
    #[serde(default)]
    pub(super) locale: Option<String>,
    /// The day somebody last checked them.
    #[serde(default)]
    pub(super) updated: Option<String>,
    /// `always`: a person gets the conversation behind each answer of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) handoff: Option<String>,
}

/// A file's front matter, understood, and where its body starts.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) topic: String,
    pub(super) locale: String,
    pub(super) updated: Option<Date>,
    /// Line of `updated`, from 1.
    pub(super) updated_line: usize,
    pub(super) handoff: HandoffRule,
    /// Byte at which the body starts; `None` when the end of the front matter was not found.
    pub(super) body: Option<usize>,
    /// Line and sentence of each fault.
    pub(super) faults: Vec<(usize, String)>,
}

/// Reads the front matter of a file.
pub(super) fn read(text: &str) -> Head {
    let mut head = Head { locale: "en".to_owned(), ..Head::default() };
    let mut lines = text.split_inclusive('\n');
    if lines.next().is_none_or(|line| line.trim_end() != "---") {
        head.faults.push((1, "the front matter is missing: start the file with `---`, a line `topic: …` and `---`".to_owned()));
        head.body = Some(0);
        return head;
    }
    let start = text.find('\n').map_or(text.len(), |end| end + 1);
    let mut end = start;
    for line in lines {
        if line.trim_end() == "---" {
            head.body = Some(end + line.len());
            break;
        }
        end += line.len();
    }
    if head.body.is_none() {
        head.faults.push((1, "the front matter is not closed: put a line `---` behind its last key".to_owned()));
        return head;
    }
    understand(&text[start..end], &mut head);
    head
}

fn understand(yaml: &str, head: &mut Head) {
    let blank = yaml.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let parsed = if blank { Ok(FrontMatter::default()) } else { serde_norway::from_str::<FrontMatter>(yaml) };
    let front = match parsed {
        Ok(front) => front,
        Err(error) => {
            // A line without a colon is found by the parser only when the next one begins.
            let is_no_key = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#') && !line.contains(':');
            let keyless = yaml.lines().position(is_no_key).map(|index| index + 1);
            let line = keyless.or_else(|| Some(error.location()?.line())).unwrap_or(1);
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            head.faults
                .push((line + 1, format!("the front matter is not understood ({said}); it may hold topic, locale, updated and handoff")));
            return;
        }
    };
    match front.topic.as_deref().map(str::trim).filter(|topic| !topic.is_empty()) {
        Some(topic) => head.topic = topic.to_owned(),
        None => head.faults.push((1, "the front matter names no topic: add a line like `topic: delivery`".to_owned())),
    }
    if let Some(locale) = front.locale {
        if !is_locale(&locale) {
            head.faults.push((line_of(yaml, "locale"), format!("'{locale}' is no locale: write it like `en`, `zh` or `pt-BR`")));
        }
        head.locale = locale;
    }
    if let Some(updated) = front.updated {
        head.updated_line = line_of(yaml, "updated");
        match updated.trim().parse() {
            Ok(date) => head.updated = Some(date),
            Err(_) => head.faults.push((head.updated_line, format!("'{updated}' is not a date: write it like `updated: 2026-11-02`"))),
        }
    }
    if let Some(handoff) = front.handoff {
        match HandoffRule::parse(handoff.trim()) {
            Some(rule) => head.handoff = rule,
            None => head.faults.push((line_of(yaml, "handoff"), no_rule(&handoff))),
        }
    }
}

/// Says what may stand there instead.
pub(super) fn no_rule(word: &str) -> String {
    format!("'{word}' is no rule for handing over: write `always` where a person deals with it, or `never`")
}

/// Whether this can be a locale: it becomes part of a file's name.
pub(super) fn is_locale(locale: &str) -> bool {
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && locale.len() <= 20
}

/// Line of a key in the file; the YAML starts on the second line.
fn line_of(yaml: &str, key: &str) -> usize {
    let at = yaml.lines().position(|line| line.trim_start().trim_start_matches(['"', '\'']).starts_with(key));
    at.map_or(1, |index| index + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_the_body_found() {
        let text = "---\r\ntopic: delivery\r\nupdated: 2026-11-02\r\n---\r\nbody";
        let head = read(text);
        assert!(head.faults.is_empty(), "{:?}", head.faults);
        assert_eq!(head.handoff, HandoffRule::Never);
        assert_eq!(read("---\ntopic: a\nhandoff: always\n---\n").handoff, HandoffRule::Always);
        assert_eq!(read("---\ntopic: a\nhandoff: never\n---\n").handoff, HandoffRule::Never);
        assert_eq!((head.topic.as_str(), head.locale.as_str(), head.updated_line), ("delivery", "en", 3));
        assert_eq!(head.updated, Some(jiff::civil::date(2026, 11, 2)));
        assert_eq!(&text[head.body.unwrap()..], "body");
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, part) in [
            ("# x", 1, "missing"),
            ("", 1, "missing"),
            ("---\ntopic: a\n", 1, "not closed"),
            ("---\ntopic: a\nowner: b\n---\n", 3, "unknown field `owner`"),
            ("---\nlocale: en\n---\n", 1, "names no topic"),
            ("---\n---\n", 1, "names no topic"),
            ("---\ntopic: a\nlocale: english\n---\n", 3, "no locale"),
            ("---\ntopic: a\n\nupdated: yesterday\n---\n", 4, "not a date"),
            ("---\ntopic: a\nupdated: 2026-02-30\n---\n", 3, "not a date"),
            ("---\ntopic: a\nhandoff: sometimes\n---\n", 3, "'sometimes' is no rule for handing over"),
            ("---\ntopic: [a\n---\n", 2, "not understood"),
            ("---\njust words\n---\n", 2, "not understood"),
            ("---\ntopic: a\nlocale en\nupdated: 2026-11-02\n---\n", 3, "not understood"),
        ] {
            let head = read(text);
            assert_eq!(head.faults.len(), 1, "{text:?} {:?}", head.faults);
            assert_eq!(head.faults[0].0, line, "{text:?} {:?}", head.faults);
            assert!(head.faults[0].1.contains(part), "{text:?} {:?}", head.faults);
        }
    }

    #[test]
    fn locales_are_short_and_plain() {
        for (locale, valid) in
            [("en", true), ("zh", true), ("zh-Hant", true), ("pt-BR", true), ("../x", false), ("EN", false), ("", false), ("en-", false)]
        {
            assert_eq!(is_locale(locale), valid, "{locale}");
        }
    }
}

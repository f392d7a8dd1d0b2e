//! The lint behind `nightdesk knowledge check`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use jiff::civil::Date;

use super::entry::Entry;
use super::parse::{Document, Section};
use super::report::{Finding, FindingKind, Report, Severity};
use super::{dates, load, sentences, words};

/// Whether a sentence says that a person was called.
pub type Claims<'c> = dyn Fn(&str) -> bool + 'c;

/// A page that nobody has looked at for longer is stale.
const STALE_DAYS: i32 = 365;

/// Share of common words from which two questions ask nearly the same.
const SIMILAR: f64 = 0.9;

/// More words than this nobody reads in a chat.
const LONG_ANSWER: usize = 200;

/// Reads the folder and reports everything a shop should look at. What would keep it from loading is an error among the findings.
pub fn check(folder: &Path, today: Date, claims: &Claims<'_>) -> Report {
    let documents = match load::read_folder(folder) {
        Ok(documents) => documents,
        Err(error) => {
            let file = folder.display().to_string();
            let finding = Finding { severity: Severity::Error, kind: FindingKind::Fault, file, line: 0, sentence: error.to_string() };
            return Report { findings: vec![finding], ..Report::default() };
        }
    };
    let mut lint = Lint::default();
    lint.faults(&documents);
    for document in &documents {
        lint.updated(document, today);
        lint.links(document, &documents);
        for section in &document.sections {
            lint.entry(&section.entry, today);
            lint.claims(&section.entry, claims);
        }
    }
    let sections: Vec<&Section> = documents.iter().flat_map(|document| &document.sections).collect();
    lint.wordings(&sections);
    lint.similar(&sections);
    if sections.is_empty() && lint.findings.is_empty() {
        let sentence =
            "the folder holds no entry: add a Markdown file with a question as a `##` heading, or run `nightdesk knowledge import FILE`";
        lint.add(Severity::Error, FindingKind::Fault, (&folder.display().to_string(), 0), sentence.to_owned());
    }
    lint.findings.sort_by(|a, b| (&a.file, a.line, a.severity).cmp(&(&b.file, b.line, b.severity)));
    Report { findings: lint.findings, files: documents.len(), entries: sections.len() }
}

#[derive(Default)]
struct Lint {
    findings: Vec<Finding>,
}

impl Lint {
    fn add(&mut self, severity: Severity, kind: FindingKind, (file, line): (&str, usize), sentence: String) {
        self.findings.push(Finding { severity, kind, file: file.to_owned(), line, sentence });
    }

    fn faults(&mut self, documents: &[Document]) {
        let repeated = load::repeated_ids(documents);
        for fault in documents.iter().flat_map(|document| &document.faults).chain(&repeated) {
            self.add(Severity::Error, FindingKind::Fault, (&fault.file, fault.line), fault.sentence.clone());
        }
    }

    fn updated(&mut self, document: &Document, today: Date) {
        let Some(updated) = document.updated else { return };
        let days = (today - updated).get_days();
        let sentence = if days < 0 {
            format!("'updated' lies in the future ({updated}): write the day on which somebody checked the page")
        } else if days > STALE_DAYS {
            format!("nobody has checked this page for {days} days: read it and set 'updated' to {today}")
        } else {
            return;
        };
        self.add(Severity::Warning, FindingKind::StaleDate, (&document.file, document.updated_line), sentence);
    }

    fn links(&mut self, document: &Document, documents: &[Document]) {
        for link in &document.links {
            let place = (document.file.as_str(), link.line);
            let (path, anchor) = link.target.split_once('#').unwrap_or((&link.target, ""));
            let file = if path.is_empty() { Some(document.file.clone()) } else { resolve(&document.file, path) };
            let found = file.as_deref().and_then(|file| documents.iter().find(|other| other.file == file));
            let sentence = match found {
                Some(other) if anchor.is_empty() || has_anchor(other, anchor) => continue,
                Some(other) => format!("the link '{}' leads nowhere: {} has no entry {{#{anchor}}}", link.target, other.file),
                None => {
                    format!("the link '{}' leads nowhere: name a file of the knowledge folder, or write the whole web address", link.target)
                }
            };
            self.add(Severity::Error, FindingKind::DeadLink, place, sentence);
        }
    }

    fn entry(&mut self, entry: &Entry, today: Date) {
        let place = (entry.file.as_str(), entry.line);
        let mentions = dates::mentioned(&entry.answer);
        // The first day of a period that still runs has passed as it should.
        let runs = mentions.iter().any(|mention| mention.date >= today);
        for mention in mentions.into_iter().filter(|mention| mention.date < today && (mention.ends || !runs)) {
            let severity = if mention.ends { Severity::Warning } else { Severity::Hint };
            let sentence = format!("'{}' names {}, which has passed: check that the answer still holds", entry.question, mention.words);
            self.add(severity, FindingKind::PassedDate, place, sentence);
        }
        if entry.phrasings.is_empty() {
            let sentence =
                format!("'{}' has no other phrasings: three to six under **Also asked** help shoppers to find it", entry.question);
            self.add(Severity::Hint, FindingKind::NoPhrasings, place, sentence);
        }
        let count = words::count(&entry.answer);
        if count > LONG_ANSWER {
            let sentence = format!("the answer to '{}' has {count} words: part it into several entries", entry.question);
            self.add(Severity::Hint, FindingKind::LongAnswer, place, sentence);
        }
    }

    /// Nobody has been called when an entry is read out.
    fn claims(&mut self, entry: &Entry, claims: &Claims<'_>) {
        let said = sentences::sentences(&entry.answer).into_iter().map(|range| &entry.answer[range]).find(|sentence| claims(sentence));
        if let Some(said) = said {
            let sentence = format!(
                "the answer to '{}' says that a person was called ('{said}'), which only a handoff may say: write how to ask for one instead",
                entry.question
            );
            self.add(Severity::Error, FindingKind::ClaimsTransfer, (&entry.file, entry.line), sentence);
        }
    }

    /// The same wording at two places of one language: the later one is named.
    fn wordings(&mut self, sections: &[&Section]) {
        let mut questions: HashMap<(&str, String), &Entry> = HashMap::new();
        for Section { entry, .. } in sections {
            let words = words::normalised(&entry.question);
            if words.is_empty() {
                continue;
            }
            if let Some(first) = questions.get(&(entry.locale.as_str(), words.clone())) {
                let sentence = format!("'{}' is asked in {}:{} too: make one entry of the two", entry.question, first.file, first.line);
                self.add(Severity::Error, FindingKind::DuplicateQuestion, (&entry.file, entry.line), sentence);
            } else {
                questions.insert((&entry.locale, words), entry);
            }
        }
        let mut phrasings: HashMap<(&str, String), (&Entry, usize)> = HashMap::new();
        for section in sections {
            let entry = &section.entry;
            for (phrasing, line) in entry.phrasings.iter().zip(&section.phrasing_lines) {
                let key = (entry.locale.as_str(), words::normalised(phrasing));
                let place = (entry.file.as_str(), *line);
                if key.1.is_empty() {
                    continue;
                }
                if let Some(other) = questions.get(&key) {
                    let (severity, whose) = if other.id == entry.id {
                        (Severity::Hint, "its own".to_owned())
                    } else {
                        (Severity::Warning, format!("{}:{}'s", other.file, other.line))
                    };
                    let sentence = format!("the phrasing '{phrasing}' is {whose} question: remove it here");
                    self.add(severity, FindingKind::PhrasingIsQuestion, place, sentence);
                } else if let Some((other, at)) = phrasings.get(&key) {
                    let severity = if other.id == entry.id { Severity::Hint } else { Severity::Warning };
                    let sentence =
                        format!("the phrasing '{phrasing}' stands in {}:{at} too: keep it with the entry that answers it", other.file);
                    self.add(severity, FindingKind::DuplicatePhrasing, place, sentence);
                } else {
                    phrasings.insert(key, (entry, *line));
                }
            }
        }
    }

    fn similar(&mut self, sections: &[&Section]) {
        let worded: Vec<(&Entry, String)> =
            sections.iter().map(|section| (&section.entry, words::normalised(&section.entry.question))).collect();
        let tokens: Vec<BTreeSet<String>> = worded.iter().map(|(_, normalised)| words::tokens(normalised)).collect();
        for (earlier, later) in similar_pairs(&tokens) {
            let ((entry, normalised), (other, other_normalised)) = (&worded[later], &worded[earlier]);
            if entry.locale == other.locale && normalised != other_normalised {
                let sentence = format!(
                    "'{}' is nearly '{}' ({}:{}): say what sets them apart",
                    entry.question, other.question, other.file, other.line
                );
                self.add(Severity::Warning, FindingKind::SimilarQuestion, (&entry.file, entry.line), sentence);
            }
        }
    }
}

/// Pairs of sets that overlap far enough. Two such sets share one of their few rarest words, so that only sets that do are compared: a large
/// base would take minutes otherwise.
fn similar_pairs(sets: &[BTreeSet<String>]) -> BTreeSet<(usize, usize)> {
    let mut frequency: HashMap<&str, usize> = HashMap::new();
    for word in sets.iter().flatten() {
        *frequency.entry(word).or_default() += 1;
    }
    let mut by_word: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut pairs = BTreeSet::new();
    for (later, set) in sets.iter().enumerate() {
        let mut rarest: Vec<&str> = set.iter().map(String::as_str).collect();
        rarest.sort_by_key(|word| (frequency[word], *word));
        let shared = (SIMILAR * set.len() as f64).ceil() as usize;
        for word in &rarest[..(set.len() + 1 - shared).min(set.len())] {
            let candidates = by_word.entry(word).or_default();
            pairs.extend(candidates.iter().filter(|earlier| are_similar(&sets[**earlier], set)).map(|earlier| (*earlier, later)));
            candidates.push(later);
        }
    }
    pairs
}

/// Whether the words of two questions overlap so far (Jaccard). Sizes are compared first: most pairs end there.
fn are_similar(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let (small, large) = (one.len().min(other.len()), one.len().max(other.len()));
    if small == 0 || (small as f64) < SIMILAR * large as f64 {
        return false;
    }
    let common = one.intersection(other).count();
    common as f64 >= SIMILAR * (one.len() + other.len() - common) as f64
}

fn has_anchor(document: &Document, anchor: &str) -> bool {
    let slugs: HashSet<&str> = document.sections.iter().filter_map(|section| section.entry.id.as_str().rsplit('/').next()).collect();
    slugs.contains(anchor)
}

/// A path relative to the file that holds the link, as a path of the knowledge folder.
fn resolve(file: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            "" => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 25);

    /// `path line severity kind` of every finding in pages of the topic `t0`, `t1` …, whose bodies start on line 5.
    fn findings(bodies: &[&str]) -> Vec<(String, usize, Severity, FindingKind)> {
        let folder = tempfile::tempdir().unwrap();
        for (index, body) in bodies.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{index}.md")), format!("---\ntopic: t{index}\nupdated: 2026-11-02\n---\n{body}"))
                .unwrap();
        }
        check(folder.path(), TODAY, &|said| said.contains("transferred you"))
            .findings
            .into_iter()
            .map(|found| (found.file, found.line, found.severity, found.kind))
            .collect()
    }

    fn expect(bodies: &[&str], line: usize, severity: Severity, kind: FindingKind) {
        assert_eq!(findings(bodies), [(format!("{}.md", bodies.len() - 1), line, severity, kind)], "{bodies:?}");
    }

    const GOOD: &str = "## How long does delivery take?\n\nTwo days.\n\n**Also asked**\n\n- When is it here?\n";

    #[test]
    fn a_good_page_has_no_findings() {
        assert_eq!(findings(&[GOOD]), []);
    }

    #[test]
    fn wordings_are_compared_across_entries() {
        expect(
            &[GOOD, "## how long does delivery take\n\nA.\n\n**Also asked**\n\n- P?\n"],
            5,
            Severity::Error,
            FindingKind::DuplicateQuestion,
        );
        expect(
            &[GOOD, "## Q?\n\nA.\n\n**Also asked**\n\n- P?\n- When is it here\n"],
            12,
            Severity::Warning,
            FindingKind::DuplicatePhrasing,
        );
        expect(
            &[GOOD, "## Q?\n\nA.\n\n**Also asked**\n\n- How long does delivery take\n"],
            11,
            Severity::Warning,
            FindingKind::PhrasingIsQuestion,
        );
        expect(&["## Q?\n\nA.\n\n**Also asked**\n\n- q\n- p\n"], 11, Severity::Hint, FindingKind::PhrasingIsQuestion);
        expect(
            &[
                GOOD,
                "## Delivery: how long does it take? {#b}\n\nA.\n\n**Also asked**\n\n- P?\n",
                "## How long does take delivery?\n\nA.\n\n**Also asked**\n\n- R?\n",
            ],
            5,
            Severity::Warning,
            FindingKind::SimilarQuestion,
        );
    }

    #[test]
    fn pairs_are_the_same_as_when_every_two_are_compared() {
        let sentences =
            ["a b c", "c b a", "a b", "a b c d e f g h i j", "j i h g f e d c b", "a b c d e f g h", "", "x", "x", "a b c d e f g h i k"];
        let sets: Vec<_> = sentences.map(words::tokens).into();
        let every = (0..sets.len()).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
        let expected: BTreeSet<_> = every.filter(|(earlier, later)| are_similar(&sets[*earlier], &sets[*later])).collect();
        assert_eq!(similar_pairs(&sets), expected);
        assert!(expected.contains(&(3, 4)) && expected.contains(&(0, 1)) && !expected.contains(&(3, 9)), "{expected:?}");
    }

    #[test]
    fn links_must_lead_somewhere() {
        let page = |link: &str| format!("## Q? {{#q}}\n\nSee [it]({link}).\n\n**Also asked**\n\n- P?\n");
        for link in ["0.md#how-long-does-delivery-take", "0.md", "./0.md", "#q", "https://x.test/y", "mailto:a@x.test"] {
            assert_eq!(findings(&[GOOD, &page(link)]), [], "{link}");
        }
        for link in ["0.md#nothing", "#nothing", "none.md", "/returns", "../0.md"] {
            expect(&[GOOD, &page(link)], 7, Severity::Error, FindingKind::DeadLink);
        }
    }

    #[test]
    fn dates_that_have_passed_are_named() {
        let page = |answer: &str| format!("## Q?\n\n{answer}\n\n**Also asked**\n\n- P?\n");
        expect(&[&page("Free until 31 December 2025.")], 5, Severity::Warning, FindingKind::PassedDate);
        expect(&[&page("We opened on 3 May 2019.")], 5, Severity::Hint, FindingKind::PassedDate);
        assert_eq!(findings(&[&page("Free until 31 December 2026.")]), []);
        assert_eq!(findings(&[&page("Orders from 15 November 2026 can be returned until 31 January 2027.")]), []);
    }

    #[test]
    fn updated_may_be_neither_old_nor_in_the_future() {
        for (updated, stale) in [("2025-11-25", false), ("2025-11-24", true), ("2026-11-25", false), ("2026-11-26", true)] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("a.md"), format!("---\ntopic: t\nupdated: {updated}\n---\n{GOOD}")).unwrap();
            let report = check(folder.path(), TODAY, &|_| false);
            assert_eq!(
                report.findings.iter().any(|found| found.kind == FindingKind::StaleDate && found.line == 3),
                stale,
                "{updated} {report}"
            );
        }
    }

    #[test]
    fn entries_that_could_be_better_are_hinted_at() {
        expect(&["## Q?\n\nA.\n"], 5, Severity::Hint, FindingKind::NoPhrasings);
        expect(&[&format!("## Q?\n\n{}\n\n**Also asked**\n\n- P?\n", "word ".repeat(201))], 5, Severity::Hint, FindingKind::LongAnswer);
    }

    #[test]
    fn an_answer_may_not_say_that_a_person_was_called() {
        let page = |answer: &str| format!("## Q?\n\n{answer}\n\n**Also asked**\n\n- P?\n");
        expect(&[&page("Yes. I have transferred you to the workshop.")], 5, Severity::Error, FindingKind::ClaimsTransfer);
        assert_eq!(findings(&[&page("Yes. Ask for the workshop here.")]), []);
    }

    #[test]
    fn what_does_not_load_is_an_error() {
        expect(&["## Q?\n"], 5, Severity::Error, FindingKind::Fault);
        assert!(check(Path::new("/nowhere/at/all"), TODAY, &|_| false).has_errors());
        assert!(check(tempfile::tempdir().unwrap().path(), TODAY, &|_| false).has_errors());
    }
}

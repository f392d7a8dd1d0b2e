//! `nightdesk knowledge import`: rows from a help desk or a spreadsheet become Markdown files.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;

use jiff::civil::Date;

use super::entry::{Entry, EntryId};
use super::error::{Fault, Faults, KnowledgeError};
use super::parse::{self, Document};
use super::report::counted;
use super::rows::{self, Row};
use super::{load, slug, write};

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Files that were written, relative to the knowledge folder, and how many entries each gained.
    pub files: Vec<(String, usize)>,
    /// Entries added.
    pub added: usize,
    /// Rows that were there already, word for word.
    pub unchanged: usize,
    /// Columns of the file that have no place in an entry.
    pub ignored: Vec<String>,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (file, added) in &self.files {
            writeln!(f, "{file}: {} added", counted(*added, "entry", "entries"))?;
        }
        if !self.ignored.is_empty() {
            writeln!(f, "ignored: {} ({})", counted(self.ignored.len(), "column", "columns"), self.ignored.join(", "))?;
        }
        write!(f, "{} added, {} there already.", counted(self.added, "entry", "entries"), self.unchanged)
    }
}

/// Adds the rows of a CSV, JSONL or JSON file to the folder, which is created if need be. All rows or, if one has a fault or would change an entry
/// that exists, none.
pub fn import(file: &Path, folder: &Path, locale: &str, today: Date) -> Result<ImportReport, KnowledgeError> {
    let rows = rows::read(file, locale)?;
    let documents = match load::read_folder(folder) {
        Err(KnowledgeError::Missing(_)) => Vec::new(),
        found => found?,
    };
    let mut faults: Vec<Fault> = documents.iter().flat_map(|document| document.faults.iter().cloned()).collect();
    faults.extend(load::repeated_ids(&documents));
    if !faults.is_empty() {
        return Err(KnowledgeError::Faults(Faults(faults)));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let plan = Plan::new(&name, &documents, rows.rows)?;
    let mut report = ImportReport { unchanged: plan.unchanged, ignored: rows.ignored.into_iter().collect(), ..ImportReport::default() };
    let mut texts = Vec::new();
    for (page, rows) in &plan.pages {
        report.added += rows.len();
        report.files.push((page.clone(), rows.len()));
        let text = compose(folder, page, rows, today)?;
        proofread(file, page, rows, &text)?;
        texts.push((folder.join(page), text));
    }
    fs::create_dir_all(folder).map_err(|source| KnowledgeError::Write { path: folder.to_owned(), source, written: 0 })?;
    for (written, (path, text)) in texts.iter().enumerate() {
        write::replace(path, text).map_err(|source| KnowledgeError::Write { path: path.clone(), source, written })?;
    }
    Ok(report)
}

/// Which row goes where, under which slug.
struct Plan {
    pages: BTreeMap<String, Vec<(String, Row)>>,
    unchanged: usize,
}

impl Plan {
    fn new(file: &str, documents: &[Document], rows: Vec<Row>) -> Result<Self, KnowledgeError> {
        let existing: HashMap<&str, &Entry> =
            documents.iter().flat_map(|document| &document.sections).map(|section| (section.entry.id.as_str(), &section.entry)).collect();
        let mut plan = Self { pages: BTreeMap::new(), unchanged: 0 };
        let mut taken: HashMap<String, Row> = HashMap::new();
        let (mut clashes, mut changes) = (Vec::new(), Vec::new());
        for row in rows {
            let topic = slug::of_topic(&row.topic);
            let asked_by_another = |slug: &str| {
                let id = format!("{topic}/{slug}");
                existing
                    .get(id.as_str())
                    .map(|entry| &entry.question)
                    .or_else(|| taken.get(&id).map(|row| &row.question))
                    .is_some_and(|question| *question != row.question)
            };
            let slug = slug_of(&row, &topic, asked_by_another);
            let id = format!("{topic}/{slug}");
            let fault = |sentence: String| Fault::new(file, row.line, format!("row {}: {sentence}", row.number));
            if let Some(entry) = existing.get(id.as_str()) {
                match difference(entry, &row) {
                    None => plan.unchanged += 1,
                    Some(what) => changes.push(fault(format!("'{id}' stands in {}:{} with another {what}", entry.file, entry.line))),
                }
            } else if let Some(earlier) = taken.get(&id) {
                if (&earlier.question, &earlier.answer, &earlier.phrasings) == (&row.question, &row.answer, &row.phrasings) {
                    plan.unchanged += 1;
                } else {
                    clashes.push(fault(format!("the id '{id}' is row {}'s already: give one of the two another id", earlier.number)));
                }
            } else {
                taken.insert(id, row.clone());
                plan.pages.entry(page(documents, &topic, &row.locale)).or_default().push((slug, row));
            }
        }
        match (clashes.is_empty(), changes.is_empty()) {
            (false, _) => Err(KnowledgeError::Faults(Faults(clashes))),
            (_, false) => Err(KnowledgeError::Exists(Faults(changes))),
            _ => Ok(plan),
        }
    }
}

/// The row's own id as a slug, else one of its question, made its own by a hash where another question has the same.
fn slug_of(row: &Row, topic: &str, asked_by_another: impl Fn(&str) -> bool) -> String {
    match &row.id {
        Some(id) => {
            let id = id.strip_prefix(topic).and_then(|rest| rest.strip_prefix('/')).unwrap_or(id);
            if slug::is_valid(id) { id.to_owned() } else { slug::of_question(id) }
        }
        None => {
            let slug = slug::of_question(&row.question);
            if asked_by_another(&slug) { format!("{slug}-{}", slug::fingerprint(&row.question)) } else { slug }
        }
    }
}

fn difference(entry: &Entry, row: &Row) -> Option<&'static str> {
    [
        (entry.locale == row.locale, "language"),
        (entry.question == row.question, "question"),
        (entry.answer == row.answer, "answer"),
        (entry.phrasings == row.phrasings, "list of phrasings"),
    ]
    .into_iter()
    .find_map(|(same, what)| (!same).then_some(what))
}

/// The file that a topic's entries of a language go to: the one they are in, else a new one.
fn page(documents: &[Document], topic: &str, locale: &str) -> String {
    if let Some(document) = documents.iter().find(|document| document.locale == locale && slug::of_topic(&document.topic) == topic) {
        return document.file.clone();
    }
    let suffix = if locale == "en" { ".md".to_owned() } else { format!(".{locale}.md") };
    (1..)
        .map(|number| if number == 1 { format!("{topic}{suffix}") } else { format!("{topic}-{number}{suffix}") })
        .find(|name| load::is_page(name) && documents.iter().all(|document| !document.file.eq_ignore_ascii_case(name)))
        .expect("there are more numbers than files")
}

fn compose(folder: &Path, page: &str, rows: &[(String, Row)], today: Date) -> Result<String, KnowledgeError> {
    let path = folder.join(page);
    let mut text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (topic, locale) = rows.first().map_or(("", ""), |(_, row)| (&row.topic, &row.locale));
            write::head(topic, locale, today)
        }
        Err(source) => return Err(KnowledgeError::Read { path, source }),
    };
    for (slug, row) in rows {
        write::append(&mut text, slug, row);
    }
    Ok(text)
}

/// Reads the new text as a server would: what was imported must come back as it was. An open code block or HTML comment at the end of the old
/// text would swallow it.
fn proofread(file: &Path, page: &str, rows: &[(String, Row)], text: &str) -> Result<(), KnowledgeError> {
    let document = parse::parse(page, text);
    let topic = slug::of_topic(&document.topic);
    let found: HashMap<&EntryId, &Entry> = document.sections.iter().map(|section| (&section.entry.id, &section.entry)).collect();
    let reads_back = |(slug, row): &(String, Row)| {
        let id = EntryId::parse(&format!("{topic}/{slug}"));
        id.and_then(|id| found.get(&id).copied()).is_some_and(|entry| difference(entry, row).is_none())
    };
    match rows.iter().find(|row| !document.faults.is_empty() || !reads_back(row)) {
        None => Ok(()),
        Some((_, row)) => {
            let sentence =
                format!("row {} would not read back from {page}: look for an open code block or HTML comment in that file", row.number);
            Err(KnowledgeError::Import { path: file.to_owned(), sentence })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::{check, words};
    use super::*;

    const TODAY: Date = date(2026, 11, 25);

    struct Shop(tempfile::TempDir);

    impl Shop {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn folder(&self) -> PathBuf {
            self.0.path().join("kb")
        }

        fn import(&self, name: &str, content: &str) -> Result<ImportReport, KnowledgeError> {
            let file = self.0.path().join(name);
            fs::write(&file, content).unwrap();
            import(&file, &self.folder(), "en", TODAY)
        }

        fn page(&self, name: &str) -> String {
            fs::read_to_string(self.folder().join(name)).unwrap()
        }

        fn ids(&self) -> Vec<String> {
            load::load(&self.folder()).unwrap().entries.iter().map(|entry| entry.id.as_str().to_owned()).collect()
        }
    }

    fn json(question: &str, answer: &str, phrasings: &[&str]) -> String {
        serde_json::json!({"question": question, "answer": answer, "phrasings": phrasings, "topic": "delivery"}).to_string()
    }

    #[test]
    fn a_page_is_written_as_a_person_would() {
        let shop = Shop::new();
        let row = r#"{"id": "time", "topic": "Gift cards", "question": "How long?", "answer": "Two days.\n\nOr three.", "phrasings": "When? | Why so slow?"}"#;
        let report = shop.import("a.jsonl", row).unwrap();
        assert_eq!(report.to_string(), "gift-cards.md: 1 entry added\n1 entry added, 0 there already.");
        let expected = "---\ntopic: Gift cards\nlocale: en\nupdated: 2026-11-25\n---\n\n# Gift cards\n\n## How long? {#time}\n\nTwo days.\n\nOr three.\n\n**Also asked**\n\n- When?\n- Why so slow?\n";
        assert_eq!(shop.page("gift-cards.md"), expected);
    }

    #[test]
    fn importing_again_changes_nothing_and_new_rows_are_added() {
        let shop = Shop::new();
        let (one, two) = (json("One?", "A", &["p"]), json("Two?", "B", &[]));
        shop.import("a.jsonl", &one).unwrap();
        let before = shop.page("delivery.md");
        assert_eq!(shop.import("a.jsonl", &one).unwrap().unchanged, 1);
        assert_eq!(shop.page("delivery.md"), before);
        let report = shop.import("a.jsonl", &format!("{one}\n{two}\n{two}\n")).unwrap();
        assert_eq!((report.added, report.unchanged), (1, 2));
        assert_eq!(shop.ids(), ["delivery/one", "delivery/two"]);
        assert!(shop.page("delivery.md").starts_with(&before));
    }

    #[test]
    fn an_entry_is_never_overwritten() {
        let shop = Shop::new();
        shop.import("a.jsonl", &json("One?", "A", &[])).unwrap();
        let before = shop.page("delivery.md");
        let error = shop.import("a.jsonl", &format!("{}\n{}", json("Two?", "B", &[]), json("One?", "Other", &[]))).unwrap_err();
        assert!(matches!(error, KnowledgeError::Exists(_)));
        assert!(error.to_string().ends_with("a.jsonl:2: row 2: 'delivery/one' stands in delivery.md:9 with another answer"), "{error}");
        assert_eq!(shop.page("delivery.md"), before);
    }

    #[test]
    fn ids_are_kept_apart() {
        let shop = Shop::new();
        shop.import(
            "a.csv",
            "id,question,answer,topic\nFAQ 12,A?,a,t\nt/x,B?,b,t\n,One!,c,t\n,\"One, \"\"two\"\"\",d,t\n,One - two?,e,t\n",
        )
        .unwrap();
        let ids = shop.ids();
        assert_eq!(ids[..4], ["t/faq-12", "t/x", "t/one", "t/one-two"]);
        assert!(ids[4].starts_with("t/one-two-"), "{ids:?}");
        let error = shop.import("a.csv", "id,question,answer\ny,A?,a\ny,B?,b\n").unwrap_err();
        assert_eq!(error.to_string(), "a.csv:3: row 2: the id 'general/y' is row 1's already: give one of the two another id");
    }

    #[test]
    fn languages_have_files_of_their_own() {
        let shop = Shop::new();
        let report = shop
            .import(
                "a.csv",
                "question,answer,topic,locale,phrasings\nQ?,A,readme,,p\n\u{95ee}\u{ff1f},\u{7b54},delivery,zh,\u{522b} | \u{4ed6}\n",
            )
            .unwrap();
        assert_eq!(report.files, [("delivery.zh.md".to_owned(), 1), ("readme-2.md".to_owned(), 1)]);
        assert_eq!(load::load(&shop.folder()).unwrap().entries[0].phrasings.len(), 2);
    }

    #[test]
    fn a_page_that_would_swallow_the_rows_is_left_alone() {
        let shop = Shop::new();
        fs::create_dir(shop.folder()).unwrap();
        fs::write(shop.folder().join("delivery.md"), "---\ntopic: delivery\n---\n## Q?\n\nA.\n\n<!-- later\n").unwrap();
        let error = shop.import("a.jsonl", &json("One?", "A", &[])).unwrap_err();
        assert!(error.to_string().contains("row 1 would not read back from delivery.md"), "{error}");
        fs::write(shop.folder().join("delivery.md"), "## Q?\n").unwrap();
        assert!(shop.import("a.jsonl", &json("One?", "A", &[])).unwrap_err().to_string().starts_with("delivery.md:1: the front matter"));
    }

    const HOSTILE: [&str; 24] = [
        "## x",
        "---",
        "===",
        "- a",
        "+ a",
        "* a",
        "1. a",
        "2) a",
        "{#id}",
        "# {.c}",
        "<b>",
        "<!--",
        "**Also asked**",
        "### Also asked",
        "> q",
        "```",
        "~~~",
        "| a | b |\n|---|---|\n| c | d |",
        "[x](y)",
        "[x]: y",
        "a\\",
        "&amp; &#65;",
        "![i](j) _e_ `c` ~~s~~",
        ":-:",
    ];

    #[test]
    fn hostile_fields_read_back_as_they_were() {
        for text in HOSTILE {
            let shop = Shop::new();
            let answer = format!("{text}\n{text}\n\n{text}");
            shop.import("a.jsonl", &json(text, &answer, &[&format!("p {text}"), &format!("{text} p")])).unwrap();
            let knowledge = load::load(&shop.folder()).unwrap();
            assert_eq!((knowledge.entries.len(), &knowledge.entries[0].answer), (1, &answer), "{text}");
        }
    }

    #[test]
    fn the_labelled_shops_import_load_and_check() {
        let shops = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/shops");
        let Ok(found) = fs::read_dir(&shops) else {
            return eprintln!("skipped: {} is not here", shops.display());
        };
        for folder in found.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            let shop = Shop::new();
            let report = import(&folder.join("knowledge.jsonl"), &shop.folder(), "en", TODAY).unwrap();
            assert_eq!(load::load(&shop.folder()).unwrap().entries.len(), report.added);
            let checked = check(&shop.folder(), TODAY, &|_| false);
            assert!(!checked.has_errors(), "{checked}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned),
            "\\PC{0,6}",
            "[-#*_=>+:|\\\\`~<&;!\\[\\]{}()0-9. \n\t\r]{0,8}",
            "[a-z]{1,4}"
        ];
        let joint = proptest::sample::select(vec!["", " ", "\n", "\n\n", "\r\n", "\0"]);
        proptest::collection::vec((piece, joint), 0..5).prop_map(|pieces| pieces.into_iter().map(|(piece, joint)| piece + joint).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_reads_back_as_it_was(question in text(), answer in text(), phrasings in proptest::collection::vec(text(), 0..3), topic in text()) {
            let row = Row {
                number: 1,
                line: 1,
                id: None,
                question: format!("Q {}", words::one_line(&question)).trim().to_owned(),
                answer: words::paragraphs(&format!("{answer}.")),
                phrasings: phrasings.iter().map(|text| words::one_line(text)).filter(|text| !text.is_empty()).collect(),
                topic: words::one_line(&format!("{topic} t")),
                locale: "en".to_owned(),
            };
            let mut page = write::head(&row.topic, "en", TODAY);
            for slug in ["first", "second"] {
                write::append(&mut page, slug, &row);
            }
            let document = parse::parse("a.md", &page);
            prop_assert_eq!(&document.faults, &Vec::<Fault>::new(), "{}", page);
            prop_assert_eq!(&document.topic, &row.topic);
            prop_assert_eq!(document.sections.len(), 2, "{}", page);
            for section in &document.sections {
                prop_assert_eq!(difference(&section.entry, &row), None, "{}\n{:?}", page, section.entry);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(head in text(), body in text()) {
            parse::parse("a.md", &format!("{head}{body}"));
            let page = format!("---\n{head}\n---\n## Q\n{body}\n\n**Also asked**\n{head}\n- {body}");
            let document = parse::parse("a.md", &page);
            let lines = page.lines().count();
            prop_assert!(document.faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{}\n{:?}", page, document.faults);
        }
    }
}

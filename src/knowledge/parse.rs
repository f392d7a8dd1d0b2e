//! A knowledge file, parsed: its entries, its internal links and everything that is wrong with it.

use jiff::civil::Date;
use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag};

use super::entry::{Entry, EntryId, HandoffRule};
use super::error::Fault;
use super::render::{self, Spanned};
use super::{front_matter, slug, words};

/// The Markdown that knowledge files are written in.
pub(super) const MARKDOWN: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_HEADING_ATTRIBUTES);

/// Headings of the list of other phrasings, normalised.
const ALSO_ASKED: [&str; 5] = [
    "also asked",
    "auch gefragt",
    "\u{5176}\u{4ed6}\u{95ee}\u{6cd5}",
    "\u{5176}\u{5b83}\u{95ee}\u{6cd5}",
    "\u{5176}\u{4ed6}\u{554f}\u{6cd5}",
];

/// One file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) file: String,
    pub(super) topic: String,
    pub(super) locale: String,
    pub(super) updated: Option<Date>,
    pub(super) updated_line: usize,
    /// The rule of entries that have none of their own.
    pub(super) handoff: HandoffRule,
    pub(super) sections: Vec<Section>,
    pub(super) links: Vec<Link>,
    pub(super) faults: Vec<Fault>,
}

/// An entry with the lines that the lint points to.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) entry: Entry,
    /// Line of each phrasing.
    pub(super) phrasing_lines: Vec<usize>,
}

/// A link that stays in the knowledge base (or was meant to).
#[derive(Debug)]
pub(super) struct Link {
    pub(super) target: String,
    pub(super) line: usize,
}

impl Document {
    /// A file of which nothing but its fault is known.
    pub(super) fn unreadable(fault: Fault) -> Self {
        Self { file: fault.file.clone(), faults: vec![fault], ..Self::default() }
    }
}

/// Parses the text of `file`. Never fails: what is wrong stands in `faults`, and entries with a fault are left out.
pub(super) fn parse(file: &str, text: &str) -> Document {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = front_matter::read(text);
    let faults = head.faults.into_iter().map(|(line, sentence)| Fault::new(file, line, sentence)).collect();
    let mut document = Document {
        file: file.to_owned(),
        topic: head.topic,
        locale: head.locale,
        updated: head.updated,
        updated_line: head.updated_line,
        handoff: head.handoff,
        faults,
        ..Document::default()
    };
    let Some(start) = head.body else { return document };
    let body = &text[start..];
    let events: Vec<Spanned<'_>> = Parser::new_ext(body, MARKDOWN).into_offset_iter().collect();
    let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
    let mut walk = Walk { document: &mut document, body, start, newlines, draft: None, awaiting_list: None, stray: false };
    walk.links(&events);
    for block in top_level(&events) {
        walk.block(block);
    }
    walk.finish();
    document
}

/// An entry whose end has not come yet.
struct Draft<'e, 't> {
    question: String,
    slug: Option<String>,
    handoff: Option<HandoffRule>,
    line: usize,
    answer: Vec<&'e [Spanned<'t>]>,
    phrasings: Vec<(String, usize)>,
}

struct Walk<'d, 'e, 't> {
    document: &'d mut Document,
    body: &'t str,
    /// Byte at which the body starts in the file.
    start: usize,
    /// Bytes of the file's line ends.
    newlines: Vec<usize>,
    draft: Option<Draft<'e, 't>>,
    /// Line of an 'Also asked' whose list has not come yet.
    awaiting_list: Option<usize>,
    /// Text outside of entries is named once, not for each paragraph.
    stray: bool,
}

impl<'e, 't> Walk<'_, 'e, 't> {
    fn block(&mut self, block: &'e [Spanned<'t>]) {
        let Some((event, range)) = block.first() else { return };
        let line = self.line_of(range.start);
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => self.finish(),
            Event::Start(Tag::Heading { level: HeadingLevel::H2, id, attrs, .. }) => {
                self.finish();
                self.stray = false;
                if !self.body[range.start..].trim_start().starts_with('#') {
                    self.fault(
                        line,
                        "a line of dashes right below a text makes a heading of it: put a blank line between them, or write `## `",
                    );
                }
                let question = render::line(block);
                let slug = id.as_ref().map(ToString::to_string);
                let handoff = attrs
                    .iter()
                    .find(|(name, _)| &**name == "handoff")
                    .and_then(|(_, rule)| self.rule(rule.as_deref().unwrap_or_default(), line));
                self.draft = Some(Draft { question, slug, handoff, line, answer: Vec::new(), phrasings: Vec::new() });
            }
            Event::Rule | Event::Start(Tag::HtmlBlock) => {}
            _ if is_also_asked(block) && self.draft.is_some() => self.awaiting_list = Some(line),
            Event::Start(Tag::List(_)) if self.awaiting_list.take().is_some() => self.phrasings(block),
            _ => self.answer(block, line),
        }
    }

    /// The rule that a heading names: `## Question {#slug handoff=always}`.
    fn rule(&mut self, word: &str, line: usize) -> Option<HandoffRule> {
        let rule = HandoffRule::parse(word);
        if rule.is_none() {
            self.fault(line, front_matter::no_rule(word));
        }
        rule
    }

    fn answer(&mut self, block: &'e [Spanned<'t>], line: usize) {
        self.missing_list();
        match &mut self.draft {
            Some(draft) => draft.answer.push(block),
            None if self.stray => {}
            None => {
                self.stray = true;
                self.fault(line, "this text belongs to no question: put a heading like `## How long does delivery take?` above it");
            }
        }
    }

    fn phrasings(&mut self, list: &'e [Spanned<'t>]) {
        let found: Vec<(String, usize)> =
            items(list).map(|item| (render::line(item), self.line_of(item[0].1.start))).filter(|(text, _)| !text.is_empty()).collect();
        if let Some(draft) = &mut self.draft {
            draft.phrasings.extend(found);
        }
    }

    fn missing_list(&mut self) {
        if let Some(line) = self.awaiting_list.take() {
            self.fault(line, "'Also asked' has no list below it: write each phrasing as a line that starts with `- `");
        }
    }

    /// Closes the entry that is open, if one is.
    fn finish(&mut self) {
        self.missing_list();
        let Some(draft) = self.draft.take() else { return };
        let Draft { question, line, .. } = &draft;
        if question.is_empty() {
            return self.fault(*line, "the heading is empty: write the question behind `## `");
        }
        let answer =
            draft.answer.iter().map(|block| render::blocks(block)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
        if answer.is_empty() {
            self.fault(*line, format!("'{question}' has no answer: write one below the heading"));
        }
        let slug = draft.slug.clone().unwrap_or_else(|| slug::of_question(question));
        if !slug::is_valid(&slug) {
            return self.fault(
                *line,
                format!("'{slug}' cannot be a slug: write {{#like-this}}, up to 80 lower-case letters, digits, `-` and `_`"),
            );
        }
        let id = EntryId::parse(&format!("{}/{slug}", slug::of_topic(&self.document.topic)));
        let Some(id) = id.filter(|_| !answer.is_empty()) else { return };
        let (phrasings, phrasing_lines) = draft.phrasings.into_iter().unzip();
        let document = &mut *self.document;
        let entry = Entry {
            id,
            topic: document.topic.clone(),
            locale: document.locale.clone(),
            updated: document.updated,
            question: draft.question,
            phrasings,
            answer,
            handoff: draft.handoff.unwrap_or(document.handoff),
            file: document.file.clone(),
            line: draft.line,
        };
        document.sections.push(Section { entry, phrasing_lines });
    }

    fn links(&mut self, events: &[Spanned<'t>]) {
        for (event, range) in events {
            let Event::Start(Tag::Link { link_type, dest_url, .. }) = event else { continue };
            if *link_type != LinkType::Email && !render::is_external(dest_url) {
                let line = self.line_of(range.start);
                self.document.links.push(Link { target: dest_url.to_string(), line });
            }
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.newlines.partition_point(|at| *at < self.start + offset) + 1
    }

    fn fault(&mut self, line: usize, sentence: impl Into<String>) {
        self.document.faults.push(Fault::new(&self.document.file, line, sentence));
    }
}

/// The blocks that are in no other block, each with its start and end.
fn top_level<'e, 't>(events: &'e [Spanned<'t>]) -> Vec<&'e [Spanned<'t>]> {
    split(events, |_| true)
}

/// The items of a list, without those of the lists inside it.
fn items<'e, 't>(list: &'e [Spanned<'t>]) -> impl Iterator<Item = &'e [Spanned<'t>]> {
    let inner = list.get(1..list.len().saturating_sub(1)).unwrap_or_default();
    split(inner, |event| matches!(event, Event::Start(Tag::Item))).into_iter()
}

fn split<'e, 't>(events: &'e [Spanned<'t>], keep: impl Fn(&Event<'t>) -> bool) -> Vec<&'e [Spanned<'t>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, (event, _)) in events.iter().enumerate() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            if keep(&events[start].0) {
                parts.push(&events[start..=index]);
            }
            start = index + 1;
        }
    }
    parts
}

/// A paragraph that is bold from end to end, or a heading below `##`, with one of the known wordings.
fn is_also_asked(block: &[Spanned<'_>]) -> bool {
    let may_be = matches!(
        block,
        [(Event::Start(Tag::Heading { .. }), _), ..] | [(Event::Start(Tag::Paragraph), _), (Event::Start(Tag::Strong), _), ..]
    );
    may_be && ALSO_ASKED.contains(&words::normalised(&render::line(block)).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "---\ntopic: delivery\nupdated: 2026-11-02\n---\n";

    fn of(body: &str) -> Document {
        parse("delivery.md", &format!("{HEAD}{body}"))
    }

    #[test]
    fn an_entry_has_question_answer_and_phrasings() {
        let document = of(
            "\n# Delivery\n\n## How *long*? {#time}\n\nTwo days.\n\n- a\n- b\n\n**Also asked**\n\n- When?\n- So **slow**,\n  why?\n\n---\n\n## Next one\n\nYes.\n",
        );
        assert_eq!(document.faults, []);
        let [first, second] = document.sections.as_slice() else { panic!("{document:?}") };
        assert_eq!(first.entry.id.as_str(), "delivery/time");
        assert_eq!((first.entry.question.as_str(), first.entry.line), ("How long?", 8));
        assert_eq!(first.entry.answer, "Two days.\n\n- a\n- b");
        assert_eq!(first.entry.phrasings, ["When?", "So slow, why?"]);
        assert_eq!(first.phrasing_lines, [17, 18]);
        assert_eq!(second.entry.id.as_str(), "delivery/next-one");
        assert_eq!(second.entry.phrasings, [""; 0]);
    }

    #[test]
    fn a_heading_says_otherwise_than_its_file() {
        let check = |head: &str, heading: &str, expect: HandoffRule| {
            let document = parse("a.md", &format!("---\ntopic: a\n{head}---\n## {heading}\n\nA.\n"));
            assert_eq!(document.faults, [], "{head}{heading}");
            assert_eq!(document.sections[0].entry.handoff, expect, "{head}{heading}");
        };
        check("", "Q? {#q}", HandoffRule::Never);
        check("", "Q? {#q handoff=always}", HandoffRule::Always);
        check("handoff: always\n", "Q?", HandoffRule::Always);
        check("handoff: always\n", "Q? {#q handoff=never}", HandoffRule::Never);
    }

    #[test]
    fn also_asked_is_a_bold_paragraph_or_a_small_heading() {
        for label in ["**Also asked**", "**Also asked:**", "**Also asked**:", "### Also asked", "**\u{5176}\u{4ed6}\u{95ee}\u{6cd5}**"] {
            let document = of(&format!("## Q?\n\nA.\n\n{label}\n\n- P?\n"));
            assert_eq!((document.faults.len(), document.sections[0].entry.phrasings.len()), (0, 1), "{label} {document:?}");
        }
        for text in ["Also asked", "*Also asked*", "**Also asked** often"] {
            let document = of(&format!("## Q?\n\nA.\n\n{text}\n\n- P?\n"));
            assert_eq!((document.faults.len(), document.sections[0].entry.phrasings.len()), (0, 0), "{text} {document:?}");
        }
    }

    #[test]
    fn faults_name_their_line() {
        for (body, line, part) in [
            ("Hello.\n\nAgain.\n", 5, "belongs to no question"),
            ("## Q?\n\n## R?\n\nYes.\n", 5, "'Q?' has no answer"),
            ("## Q?\n\n<!-- later -->\n", 5, "has no answer"),
            ("## Q?\n\nA.\n\n**Also asked**\n", 9, "no list"),
            ("## Q?\n\nA.\n\n**Also asked**\n\nWhen?\n", 9, "no list"),
            ("## Q? {#Not_Valid}\n\nA.\n", 5, "cannot be a slug"),
            ("## Q? {#q handoff=often}\n\nA.\n", 5, "'often' is no rule for handing over"),
            ("##\n\nA.\n", 5, "heading is empty"),
            ("## Q?\n\nA.\n\nB.\n---\n\nC.\n", 9, "line of dashes"),
        ] {
            let document = of(body);
            assert_eq!(document.faults.len(), 1, "{body:?} {:?}", document.faults);
            assert_eq!(document.faults[0].line, line, "{body:?} {:?}", document.faults);
            assert!(document.faults[0].sentence.contains(part), "{body:?} {:?}", document.faults);
        }
    }

    #[test]
    fn internal_links_are_collected() {
        let document = of("## Q?\n\n[a](returns.md#x), [b](https://x.test), <c@x.test>\nand [d](#y).\n");
        let links: Vec<_> = document.links.iter().map(|link| (link.target.as_str(), link.line)).collect();
        assert_eq!(links, [("returns.md#x", 7), ("#y", 8)]);
    }

    #[test]
    fn headings_inside_other_blocks_are_no_questions() {
        assert_eq!(of("## Q?\n\n> ## R?\n\n- ## S?\n\n```\n## T?\n```\n").sections.len(), 1);
    }
}

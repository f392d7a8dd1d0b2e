//! Markdown to the plain text that a shopper reads: see [`Entry::answer`](super::Entry::answer).

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag};

use super::words;

/// A Markdown event and where in the text it stands.
pub(super) type Spanned<'t> = (Event<'t>, Range<usize>);

/// Stands for a soft line break until both its sides are known: a blank between words, nothing between Chinese characters.
const SOFT_BREAK: char = '\u{1}';

/// The text of whole blocks, parted by a blank line.
pub(super) fn blocks(events: &[Spanned<'_>]) -> String {
    Cursor { events, at: 0 }.blocks().join("\n\n")
}

/// The text of one heading, paragraph or list item, on one line.
pub(super) fn line(block: &[Spanned<'_>]) -> String {
    words::one_line(&blocks(block))
}

/// Whether a link leaves the knowledge base: a web address, an e-mail address or any other scheme.
pub(super) fn is_external(target: &str) -> bool {
    let scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    scheme || target.starts_with("//")
}

struct Cursor<'e, 't> {
    events: &'e [Spanned<'t>],
    at: usize,
}

impl<'e, 't> Cursor<'e, 't> {
    fn peek(&self) -> Option<&'e Event<'t>> {
        self.events.get(self.at).map(|(event, _)| event)
    }

    /// Blocks up to the end of what encloses them; takes the end too.
    fn blocks(&mut self) -> Vec<String> {
        let mut blocks = Vec::new();
        while let Some(event) = self.peek() {
            let text = match event {
                Event::End(_) => {
                    self.at += 1;
                    break;
                }
                Event::Start(tag) if is_block(tag) => {
                    self.at += 1;
                    self.block(tag)
                }
                Event::Rule => {
                    self.at += 1;
                    String::new()
                }
                // A tight list's item holds its words without a paragraph.
                _ => self.words(),
            };
            if !text.is_empty() {
                blocks.push(text);
            }
        }
        blocks
    }

    fn block(&mut self, tag: &Tag<'t>) -> String {
        match tag {
            Tag::List(_) => self.list(),
            Tag::Table(_) => self.table(),
            Tag::CodeBlock(_) => self.code(),
            Tag::HtmlBlock => {
                self.blocks();
                String::new()
            }
            _ => self.blocks().join("\n\n"),
        }
    }

    /// Inline content up to the next block or end, which it leaves.
    fn words(&mut self) -> String {
        let mut raw = String::new();
        self.inline(&mut raw);
        raw.split('\n').map(|line| words::one_line(&join_soft_breaks(line))).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn inline(&mut self, out: &mut String) {
        while let Some(event) = self.peek() {
            match event {
                Event::End(_) | Event::Rule => return,
                Event::Start(tag) if is_block(tag) => return,
                Event::Start(tag) => {
                    self.at += 1;
                    let mut inner = String::new();
                    self.inline(&mut inner);
                    match tag {
                        Tag::Link { link_type, dest_url, .. } => out.push_str(&link(inner, *link_type, dest_url)),
                        _ => out.push_str(&inner),
                    }
                }
                Event::Text(text) | Event::Code(text) => out.push_str(&text.replace(['\n', SOFT_BREAK], " ")),
                Event::SoftBreak => out.push(SOFT_BREAK),
                Event::HardBreak => out.push('\n'),
                Event::InlineHtml(tag) if tag.to_ascii_lowercase().starts_with("<br") => out.push('\n'),
                _ => {}
            }
            // Past the event itself, or past the end of what it started.
            self.at += 1;
        }
    }

    fn list(&mut self) -> String {
        let mut lines = Vec::new();
        while let Some(Event::Start(Tag::Item)) = self.peek() {
            self.at += 1;
            let item = self.blocks().join("\n");
            lines.extend(item.lines().enumerate().map(|(index, line)| format!("{}{line}", if index == 0 { "- " } else { "  " })));
        }
        self.at += 1;
        lines.join("\n")
    }

    fn code(&mut self) -> String {
        let mut code = String::new();
        while let Some(Event::Text(text)) = self.peek() {
            code.push_str(text);
            self.at += 1;
        }
        self.at += 1;
        words::paragraphs(&code)
    }

    /// A row as `- first: second`; with more columns each further cell behind its column's name.
    fn table(&mut self) -> String {
        let mut head: Vec<String> = Vec::new();
        let mut lines = Vec::new();
        while let Some(Event::Start(tag)) = self.peek() {
            self.at += 1;
            let cells = self.cells();
            if matches!(tag, Tag::TableHead) {
                head = cells;
            } else if let Some((first, rest)) = cells.split_first() {
                let named = rest.iter().zip(head.iter().skip(1)).filter(|(cell, _)| !cell.is_empty());
                let rest: Vec<String> = match rest.len() {
                    1 => rest.to_vec(),
                    _ => named.map(|(cell, name)| format!("{name} {cell}").trim().to_owned()).collect(),
                };
                lines.push(format!("- {first}: {}", rest.join("; ")).trim_end_matches([':', ' ']).to_owned());
            }
        }
        self.at += 1;
        lines.join("\n")
    }

    fn cells(&mut self) -> Vec<String> {
        let mut cells = Vec::new();
        while let Some(Event::Start(Tag::TableCell)) = self.peek() {
            self.at += 1;
            cells.push(self.words().replace('\n', " "));
            self.at += 1;
        }
        self.at += 1;
        cells
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(
        tag,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Superscript | Tag::Subscript | Tag::Link { .. } | Tag::Image { .. }
    )
}

/// `words (URL)` where a shopper could follow the link, else the words.
fn link(words: String, kind: LinkType, target: &str) -> String {
    let address = target.strip_prefix("mailto:").unwrap_or(target);
    let shown = ["http://", "https://", "mailto:"].iter().any(|scheme| target.to_ascii_lowercase().starts_with(scheme));
    match words.trim() {
        _ if !shown || kind == LinkType::Email => words,
        "" => address.to_owned(),
        same if same == address || same == target => words,
        _ => format!("{words} ({address})"),
    }
}

fn join_soft_breaks(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != SOFT_BREAK {
            out.push(letter);
        } else if !(out.chars().next_back().is_some_and(words::is_cjk) && letters.peek().copied().is_some_and(words::is_cjk)) {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::Parser;

    use super::super::parse::MARKDOWN;
    use super::*;

    fn check(markdown: &str, expected: &str) {
        let events: Vec<_> = Parser::new_ext(markdown, MARKDOWN).into_offset_iter().collect();
        assert_eq!(blocks(&events), expected, "{markdown}");
    }

    #[test]
    fn inline_marks_become_words() {
        check("**Bold**, *soft*, ~~old~~ and `code`.", "Bold, soft, old and code.");
        check("one\ntwo  \nthree<br>four", "one two\nthree\nfour");
        check("\u{9000}\u{8d27}\n\u{653f}\u{7b56}", "\u{9000}\u{8d27}\u{653f}\u{7b56}");
        check("![a box](box.png) and <span>words</span>", "a box and words");
        check("B&amp;B &lt;3 \\*x\\*", "B&B <3 *x*");
    }

    #[test]
    fn links_show_where_they_lead_when_a_shopper_can_follow() {
        check("See [our **map**](https://x.test/a).", "See our map (https://x.test/a).");
        check("See [returns](returns.md#address) or [above](#top).", "See returns or above.");
        check("[write](mailto:a@x.test), <a@x.test>, [a@x.test](mailto:a@x.test)", "write (a@x.test), a@x.test, a@x.test");
        check("<https://x.test> [https://x.test](https://x.test) [call](tel:123)", "https://x.test https://x.test call");
        check("[Map][m]\n\n[m]: https://x.test", "Map (https://x.test)");
    }

    #[test]
    fn blocks_are_parted_and_lists_keep_their_lines() {
        check("One.\n\nTwo.\n\n---\n\nThree.", "One.\n\nTwo.\n\nThree.");
        check("Pick:\n- a\n- b\n  1. c\n  2. d", "Pick:\n\n- a\n- b\n  - c\n  - d");
        check("- a\n\n  more\n\n- b", "- a\n  more\n- b");
        check("> quoted\n>\n> twice", "quoted\n\ntwice");
        check("### Part\n\ntext", "Part\n\ntext");
        check("```\nSAVE10\n\nTWO\n```", "SAVE10\n\nTWO");
        check("<div>gone</div>\n\nkept", "kept");
    }

    #[test]
    fn tables_become_lists() {
        check("| To | Days |\n|---|---|\n| UK | 3 |\n| US | |", "- UK: 3\n- US");
        check("| To | Price | Days |\n|---|---|---|\n| UK | $5 | 3 |\n| US | $9 | |", "- UK: Price $5; Days 3\n- US: Price $9");
    }
}

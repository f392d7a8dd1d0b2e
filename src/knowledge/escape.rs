//! Plain text written as Markdown that reads back as the same plain text: a field from outside can forge no heading, list, link or markup.

/// Text of one line, at the start of a line.
pub(super) fn line(text: &str) -> String {
    escape(text, &[])
}

/// Text of a heading: `#` and braces would be read as its end and its attributes.
pub(super) fn heading(text: &str) -> String {
    escape(text, &['#', '{', '}'])
}

/// An answer as [`words::paragraphs`](super::words::paragraphs) leaves it. Line ends inside a paragraph are kept as hard breaks.
pub(super) fn paragraphs(text: &str) -> String {
    let paragraph = |paragraph: &str| paragraph.split('\n').map(line).collect::<Vec<_>>().join("\\\n");
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

fn escape(text: &str, also: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let marker = block_marker(text);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let rest = &text[at + letter.len_utf8()..];
        let special = match letter {
            '\\' | '`' | '*' | '[' | '<' | '~' => true,
            // Inside a word it is no markup; addresses stay readable.
            '_' => !(before.is_ascii_alphanumeric() && rest.starts_with(|next: char| next.is_ascii_alphanumeric())),
            '&' => starts_entity(rest),
            _ => also.contains(&letter),
        };
        if special || marker == Some(at) {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

/// Where the character stands that would make a block of this line.
fn block_marker(text: &str) -> Option<usize> {
    if text.starts_with(['-', '+', '=', ':', '#', '>', '|']) {
        return Some(0);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && text[digits..].starts_with(['.', ')'])).then_some(digits)
}

fn starts_entity(rest: &str) -> bool {
    let name = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
    name > 0 && rest[name..].starts_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_markup_is_escaped() {
        for (text, expected) in [
            ("plain (words), 5 - 3 = 2 | A&B #4", "plain (words), 5 - 3 = 2 | A&B #4"),
            ("https://x.test/a_b?c=1&d=2", "https://x.test/a_b?c=1&d=2"),
            ("**Also asked**", "\\*\\*Also asked\\*\\*"),
            ("- a", "\\- a"),
            ("12. a", "12\\. a"),
            ("## x", "\\## x"),
            ("---", "\\---"),
            ("<b> [x](y) &amp; _z_", "\\<b> \\[x](y) \\&amp; \\_z\\_"),
        ] {
            assert_eq!(line(text), expected);
        }
        assert_eq!(heading("C# {#id}"), "C\\# \\{\\#id\\}");
        assert_eq!(paragraphs("a\nb\\\n\n- c"), "a\\\nb\\\\\n\n\\- c");
    }
}

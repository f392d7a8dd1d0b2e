//! A text taken into tokens, in one pass over its characters: words, runs of digits, single Han characters, marks, addresses of mail and web.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters of any script but Han.
    Word,
    /// Digits, with the separators between them.
    Digits,
    /// One Han character.
    Han,
    /// Any other sign.
    Mark,
    /// An e-mail address.
    Email,
    /// An address in the web.
    Url,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// As it is written.
    pub raw: String,
    /// In lower case; a possessive's ending is gone.
    pub lower: String,
    /// Nothing stands between it and the token before.
    pub glued: bool,
}

impl Token {
    /// Whether it is this sign.
    pub fn is(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.raw == mark
    }

    /// Whether its first letter is a capital.
    pub fn is_capital(&self) -> bool {
        self.raw.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Whether a character is Chinese.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '\u{3007}')
}

/// Endings of host names by which an address without `http://` is known.
const HOSTS: [&str; 22] = [
    "com", "org", "net", "eu", "de", "uk", "nl", "fr", "es", "it", "at", "ch", "cn", "io", "co", "shop", "store", "app", "example", "info",
    "au", "sg",
];

/// A character as it is compared: full-width forms and typographic marks made plain, invisible ones gone. Chinese full stops stay, because they end a
/// sentence without a blank.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{ab}' | '\u{bb}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{ffe5}' => '\u{a5}',
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => return None,
        c if c.is_whitespace() => ' ',
        c if c.is_control() => return None,
        c => c,
    })
}

/// The tokens of a text, in their order.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().filter_map(plain).collect();
    let mut all: Vec<Token> = Vec::with_capacity(chars.len() / 4 + 1);
    let (mut at, mut end_of_last, mut looked_until) = (0, usize::MAX, 0);
    while at < chars.len() {
        if chars[at] == ' ' {
            at += 1;
            continue;
        }
        let address = if at >= looked_until && chars[at].is_ascii_alphanumeric() { address(&chars, at, &mut looked_until) } else { None };
        let (kind, end) = address.unwrap_or_else(|| simple(&chars, at));
        let raw: String = chars[at..end].iter().collect();
        let mut lower = raw.to_lowercase();
        if kind == Kind::Word && lower.ends_with("'s") {
            lower.truncate(lower.len() - 2);
        }
        all.push(Token { kind, raw, lower, glued: at == end_of_last });
        end_of_last = end;
        at = end;
    }
    all
}

/// An address that begins here. The run of signs is looked at once, however many words are in it.
fn address(chars: &[char], at: usize, looked_until: &mut usize) -> Option<(Kind, usize)> {
    let length = chars[at..].iter().take_while(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '(' | ')' | ',' | ';')).count();
    *looked_until = at + length;
    let run = &chars[at..at + length];
    let trimmed = run.len() - run.iter().rev().take_while(|c| !c.is_ascii_alphanumeric() && **c != '/').count();
    let run: String = run[..trimmed].iter().collect::<String>().to_ascii_lowercase();
    let host = |text: &str| {
        let name = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
        name.rsplit_once('.').is_some_and(|(rest, ending)| {
            HOSTS.contains(&ending)
                && rest.chars().any(char::is_alphabetic)
                && rest.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        })
    };
    let kind = match run.split_once('@') {
        Some((name, domain)) if !name.is_empty() && domain.contains('.') => Kind::Email,
        _ if run.contains("://") || run.starts_with("www.") || host(&run) => Kind::Url,
        _ => return None,
    };
    Some((kind, at + trimmed))
}

fn simple(chars: &[char], at: usize) -> (Kind, usize) {
    let next = |place: usize| chars.get(place).copied().unwrap_or(' ');
    let first = chars[at];
    if is_han(first) {
        return (Kind::Han, at + 1);
    }
    let mut end = at + 1;
    if first.is_numeric() {
        while next(end).is_numeric() && !is_han(next(end)) || (matches!(next(end), '.' | ',') && next(end + 1).is_ascii_digit()) {
            end += 1;
        }
        return (Kind::Digits, end);
    }
    if !first.is_alphabetic() {
        return (Kind::Mark, end);
    }
    let inside = |c: char| c.is_alphabetic() && !is_han(c) || matches!(c, '\u{300}'..='\u{36f}');
    while inside(next(end)) || (next(end) == '\'' && inside(next(end + 1))) {
        end += 1;
    }
    (Kind::Word, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart() {
        let check = |text: &str, expect: &str| {
            let found = tokens(text);
            assert_eq!(found.iter().map(|token| token.lower.as_str()).collect::<Vec<_>>().join(" "), expect, "{text}");
        };
        check("It's \u{a3}1,234.50, isn\u{2019}t it?", "it \u{a3} 1,234.50 , isn't it ?");
        check("Write to Help@Shop.example.", "write to help@shop.example .");
        check("See https://shop.example/a?b=1, or shop.example/returns.", "see https://shop.example/a?b=1 , or shop.example/returns .");
        check("满５０元包邮。", "满 50 元 包 邮 。");
        check("3\u{200b}0 days\u{0}", "30 days");
        check("next-day 8pm #AP10042", "next - day 8 pm # ap 10042");
        check("\u{301}\u{301}", "\u{301} \u{301}");
        check("请写信至a@b.cn谢谢", "请 写 信 至 a@b.cn 谢 谢");
        check("", "");
    }

    #[test]
    fn what_touches_is_glued() {
        let glued: Vec<bool> = tokens("AP10042, 5 kg").iter().map(|token| token.glued).collect();
        assert_eq!(glued, [false, true, true, false, false]);
    }
}

//! Bytes of tokens into pieces of text: never half a character, never the beginning of a stop text.

/// The text of one answer on its way out.
pub struct Pieces {
    stop: Vec<String>,
    /// Bytes that do not make a whole character yet.
    bytes: Vec<u8>,
    /// Text held back because a stop text may begin in it.
    held: String,
}

/// What may be sent now.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// This much (perhaps nothing), and more may come.
    More(String),
    /// This much, and then a stop text ended the answer.
    Last(String),
}

impl Pieces {
    /// An answer that ends before any of `stop`. Empty stop texts stop nothing.
    pub fn new(mut stop: Vec<String>) -> Self {
        stop.retain(|text| !text.is_empty());
        Self { stop, bytes: Vec::new(), held: String::new() }
    }

    /// Takes in the bytes of one token.
    pub fn push(&mut self, bytes: &[u8]) -> Piece {
        self.bytes.extend_from_slice(bytes);
        self.take_whole_characters();
        if let Some(at) = self.stop.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            return Piece::Last(std::mem::take(&mut self.held));
        }
        let keep = self.stop.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        Piece::More(std::mem::replace(&mut self.held, rest))
    }

    /// What is left when the model ended the answer itself.
    pub fn finish(mut self) -> String {
        if !self.bytes.is_empty() {
            self.held.push(char::REPLACEMENT_CHARACTER);
        }
        self.held
    }

    fn take_whole_characters(&mut self) {
        loop {
            match std::str::from_utf8(&self.bytes) {
                Ok(text) => {
                    self.held.push_str(text);
                    self.bytes.clear();
                    return;
                }
                Err(fault) => {
                    let valid = fault.valid_up_to();
                    self.held.push_str(std::str::from_utf8(&self.bytes[..valid]).expect("valid up to here"));
                    // An end that may still become a character waits; bytes that never can are replaced.
                    let Some(broken) = fault.error_len() else {
                        self.bytes.drain(..valid);
                        return;
                    };
                    self.held.push(char::REPLACEMENT_CHARACTER);
                    self.bytes.drain(..valid + broken);
                }
            }
        }
    }
}

/// How many bytes at the end of `text` are the beginning of `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let longest = stop.len().min(text.len());
    (1..=longest)
        .rev()
        .find(|length| text.as_bytes().ends_with(&stop.as_bytes()[..*length]) && text.is_char_boundary(text.len() - length))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stop: &[&str], tokens: &[&[u8]]) -> (Vec<String>, bool) {
        let mut pieces = Pieces::new(stop.iter().map(|&text| text.to_owned()).collect());
        let mut sent = Vec::new();
        for token in tokens {
            match pieces.push(token) {
                Piece::More(text) => sent.push(text),
                Piece::Last(text) => {
                    sent.push(text);
                    return (sent, true);
                }
            }
        }
        sent.push(pieces.finish());
        (sent, false)
    }

    #[test]
    fn pieces_are_whole_characters_and_stop_before_a_stop_text() {
        /// Stop texts, what the model gave, what came out, whether it was stopped.
        type Case<'a> = (&'a [&'a str], &'a [&'a [u8]], &'a [&'a str], bool);
        let cases: &[Case<'_>] = &[
            (&[], &[b"Hel", b"lo"], &["Hel", "lo", ""], false),
            (&[], &[b"\xF0\x9F", b"\x98\x80!"], &["", "\u{1F600}!", ""], false),
            (&[], &[b"a\xFFb", b"\xE4"], &["a\u{FFFD}b", "", "\u{FFFD}"], false),
            (&["\n\n"], &[b"One.\n", b"\nTwo"], &["One.", ""], true),
            (&["\n\n"], &[b"One.\n", b"Two\n"], &["One.", "\nTwo", "\n"], false),
            (&["###", "END"], &[b"x#", b"#EN", b"D"], &["x", "##", ""], true),
            (&[""], &[b"x"], &["x", ""], false),
            (&["\u{E9}t\u{E9}"], &["l'\u{E9}".as_bytes(), b"t\xC3", b"\xA9!"], &["l'", "", ""], true),
        ];
        for (stop, tokens, expected, stopped) in cases {
            assert_eq!(run(stop, tokens), (expected.iter().map(|&text| text.to_owned()).collect(), *stopped), "{tokens:?}");
        }
    }
}

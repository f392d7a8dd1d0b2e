//! CSV as spreadsheets write it: what the parser does not know by itself.

/// Spreadsheets of many countries write `;`, copied tables a tab.
pub fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Finds lines by byte. The parser's own count is not used: it takes the second half of a `\r\n`, and empty lines, for part of what follows.
pub struct Lines<'t> {
    text: &'t [u8],
    ends: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Of a whole file.
    pub fn new(text: &'t str) -> Self {
        Self { text: text.as_bytes(), ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// The line of the record that starts at or, past line ends, after a position.
    pub fn at(&self, position: Option<&csv::Position>) -> usize {
        let Some(position) = position else { return 0 };
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(self.text.len());
        let skipped = self.text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.ends.partition_point(|end| *end < start + skipped) + 1
    }
}

/// Refuses a file whose last field began with a quote that nothing closes: it swallows the rest of the file, which is no error to the parser. To be
/// asked only where the last record holds a line end; elsewhere an odd number of quotes is a text with a sign for inches.
pub fn open_quote(text: &str) -> Result<(), String> {
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err("a quote is opened and not closed: each `\"` inside a field is written twice".to_owned());
    }
    Ok(())
}

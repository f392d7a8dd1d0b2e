//! Small helpers on text that several rooms need.

/// `text` cut to at most `limit` characters, with an ellipsis where something was cut.
pub fn ellipsis(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026}", text[..end].trim_end()),
    }
}

//! Where the sentences of a text are.

use std::ops::Range;

/// Abbreviations behind which a sentence goes on.
const ABBREVIATIONS: [&str; 14] = ["e.g", "i.e", "approx", "no", "nr", "incl", "mr", "mrs", "ms", "dr", "st", "vs", "p.m", "a.m"];
/// No abbreviation is longer.
const LONGEST_ABBREVIATION: usize = 8;

/// The sentences of a text in order, as ranges of bytes: a line of a list is one or more of its own; in a line a sentence ends behind its mark, unless
/// a small letter follows or an abbreviation stands before. What has no letter or digit is no sentence. One pass: Unicode's own rules (UAX #29) look
/// ahead from each full stop, which a hostile text makes quadratic.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let mut start = 0;
        let mut signs = line.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            let wide = is_wide(sign);
            if !wide && !matches!(sign, '.' | '!' | '?') {
                continue;
            }
            let mut end = at + sign.len_utf8();
            while let Some((place, next)) = signs.next_if(|(_, next)| is_wide(*next) || closes(*next)) {
                end = place + next.len_utf8();
            }
            let rest = &line[end..];
            let parted = wide || (rest.starts_with(char::is_whitespace) && begins(rest));
            if parted && !(sign == '.' && is_abbreviated(&line[start..at])) {
                all.extend(trimmed(text, offset + start..offset + end));
                start = end;
            }
        }
        all.extend(trimmed(text, offset + start..offset + line.len()));
        offset += line.len();
    }
    all
}

/// A mark behind which no blank is needed.
fn is_wide(sign: char) -> bool {
    matches!(sign, '。' | '！' | '？' | '…')
}

/// What may stand between a sentence's mark and its end.
fn closes(sign: char) -> bool {
    matches!(sign, '.' | '!' | '?' | '"' | '\'' | ')' | '”' | '’' | '）' | '」')
}

/// Whether another sentence may begin here: not with a small letter.
fn begins(rest: &str) -> bool {
    !rest.trim_start().chars().next().is_some_and(char::is_lowercase)
}

/// Whether a text ends in an abbreviation, its last full stop left out.
pub fn is_abbreviated(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.len() <= LONGEST_ABBREVIATION && ABBREVIATIONS.contains(&word.trim_start_matches('(').to_lowercase().as_str())
}

/// The range without white space around it, where something is said in it.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let own = &text[range.clone()];
    let start = range.start + (own.len() - own.trim_start().len());
    let end = start + own.trim().len();
    text[start..end].chars().any(char::is_alphanumeric).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = sentences(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("It costs $4.95. Free over $60!", &["It costs $4.95.", "Free over $60!"]);
        check("Two ways:\n- by post\n- in a shop, e.g. Rotterdam.", &["Two ways:", "- by post", "- in a shop, e.g. Rotterdam."]);
        check("Approx. two days.\r\n\r\nThen call.", &["Approx. two days.", "Then call."]);
        check("可以退货。请联系我们。", &["可以退货。", "请联系我们。"]);
        check("...\n\n", &[]);
        check("", &[]);
        check("It weighs approx. 2 kg (St. Ives). \"Yes!\" No.", &["It weighs approx. 2 kg (St. Ives).", "\"Yes!\"", "No."]);
        check("Write to help@shop.example. or not", &["Write to help@shop.example. or not"]);
    }

    #[test]
    fn a_hostile_text_takes_one_pass() {
        for part in ["a. ", "a.", ". ", "\u{301}.", "(.", "\n.", "。"] {
            let text = part.repeat(200_000);
            assert!(sentences(&text).len() <= 200_000);
            assert!(sentences(&format!("a.{}", part.repeat(200_000))).len() <= 200_001);
        }
    }
}

//! Card numbers are masked before a message is stored: what is not kept cannot leak.

use super::Content;

/// The fewest and the most digits of a card number (ISO/IEC 7812).
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// How many digits stay, so that shopper and agent can still tell the cards apart.
const KEPT: usize = 4;
/// More separators than this between two digits, and they are two numbers.
const SEPARATORS: usize = 3;

/// A digit of the text, and whether it begins or ends a group of digits.
struct Digit {
    at: usize,
    value: u8,
    begins: bool,
    ends: bool,
}

/// `content` with every card number masked but for its last four digits. The length in characters stays.
pub fn card_numbers(content: &Content) -> Content {
    let mut text: Vec<char> = content.as_str().chars().collect();
    let mut masked = false;
    for run in runs(&text) {
        let mut start = 0;
        while start < run.len() {
            match card_at(&run, start) {
                None => start += 1,
                Some(end) => {
                    for digit in &run[start..end - KEPT] {
                        text[digit.at] = '*';
                    }
                    masked = true;
                    start = end;
                }
            }
        }
    }
    if !masked {
        return content.clone();
    }
    Content::parse(&text.into_iter().collect::<String>()).expect("masking keeps the length and leaves four digits visible")
}

/// The end of the longest card number that begins at digit `start`. Numbers begin and end where groups do: a piece of a longer number,
/// a parcel's say, is none.
fn card_at(run: &[Digit], start: usize) -> Option<usize> {
    if !run[start].begins {
        return None;
    }
    DIGITS.rev().map(|length| start + length).find(|&end| end <= run.len() && run[end - 1].ends && luhn(&run[start..end]))
}

fn luhn(digits: &[Digit]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit.value)) {
            (0, value) => value,
            (_, value) if value > 4 => value * 2 - 9,
            (_, value) => value * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Digits that only separators stand between.
fn runs(text: &[char]) -> Vec<Vec<Digit>> {
    let mut runs: Vec<Vec<Digit>> = Vec::new();
    let mut gap = usize::MAX;
    for (at, &c) in text.iter().enumerate() {
        if let Some(value) = digit(c) {
            match runs.last_mut() {
                Some(run) if gap <= SEPARATORS => {
                    if let (Some(last), true) = (run.last_mut(), gap > 0) {
                        last.ends = true;
                    }
                    run.push(Digit { at, value, begins: gap > 0, ends: false });
                }
                _ => runs.push(vec![Digit { at, value, begins: true, ends: false }]),
            }
            gap = 0;
        } else if is_separator(c) {
            gap = gap.saturating_add(1);
        } else {
            gap = usize::MAX;
        }
    }
    for last in runs.iter_mut().filter_map(|run| run.last_mut()) {
        last.ends = true;
    }
    runs
}

/// ASCII digits, and the full-width ones that a Chinese keyboard writes.
fn digit(c: char) -> Option<u8> {
    let plain = match c {
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10,
        _ => c.to_digit(10)?,
    };
    u8::try_from(plain).ok()
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '-' | '\u{a0}' | '\u{200b}'..='\u{200d}' | '\u{2010}'..='\u{2015}' | '\u{202f}' | '\u{2060}' | '\u{3000}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_card_numbers_and_nothing_else() {
        for (said, stored) in [
            ("4111111111111111", "************1111"),
            ("my card 4111 1111 1111 1111 is refused", "my card **** **** **** 1111 is refused"),
            ("5500-0055-5555-5559.", "****-****-****-5559."),
            ("amex 3782 822463 10005", "amex **** ****** *0005"),
            ("4222222222222", "*********2222"),
            ("6304000000000000000", "***************0000"),
            ("4111 1111 1111 1111 123", "**** **** **** 1111 123"),
            ("call 5 4111 1111 1111 1111", "call 5 **** **** **** 1111"),
            ("4111\u{200b}1111\u{200b}1111\u{200b}1111", "****\u{200b}****\u{200b}****\u{200b}1111"),
            ("\u{ff14}111111111111111", "************1111"),
            ("4111111111111111 and 4111111111111111", "************1111 and ************1111"),
            ("4111111111111112", "4111111111111112"),
            ("order #W2611340 of 2024-05-17", "order #W2611340 of 2024-05-17"),
            ("4111 1111\n1111 1111", "4111 1111\n1111 1111"),
            ("41111111111111111111111111", "41111111111111111111111111"),
            ("no digits, \u{1f600}", "no digits, \u{1f600}"),
        ] {
            let content = Content::parse(said).unwrap();
            assert_eq!(card_numbers(&content).as_str(), stored, "of {said:?}");
        }
    }
}

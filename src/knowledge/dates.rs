//! Days that a text names.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Captures, Regex};

const MONTHS: &str = "(?<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";

/// Each way of writing a whole date. A day without a year returns every year and is no date here.
static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"\b(?<year>20\d\d)-(?<number>\d\d?)-(?<day>\d\d?)\b".to_owned(),
        format!(r"(?i)\b(?<day>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTHS}\.?,?\s+(?<year>20\d\d)\b"),
        format!(r"(?i)\b{MONTHS}\.?\s+(?<day>\d\d?)(?:st|nd|rd|th)?,?\s+(?<year>20\d\d)\b"),
        r"(?<year>20\d\d)\s*年\s*(?<number>\d\d?)\s*月\s*(?<day>\d\d?)\s*日".to_owned(),
    ]
    .map(|form| Regex::new(&form).expect("a constant expression"))
});

/// What stands before a date that ends something.
static ENDING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:until|till|before|by|through|ends?|ending|expires?|up to|to|valid)\b[^.!?]{0,24}$")
        .expect("a constant expression")
});

/// A day named in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// The day.
    pub(super) date: Date,
    /// As it is written.
    pub(super) words: String,
    /// Whether something ends on it, as in 'until 31 December 2025'.
    pub(super) ends: bool,
}

/// The days that `text` names, in no particular order.
pub(super) fn mentioned(text: &str) -> Vec<Mention> {
    FORMS.iter().flat_map(|form| form.captures_iter(text)).filter_map(|found| mention(text, &found)).collect()
}

fn mention(text: &str, found: &Captures<'_>) -> Option<Mention> {
    let whole = found.get(0)?;
    let number = |name: &str| found.name(name).and_then(|part| part.as_str().parse::<i8>().ok());
    let month = match found.name("month") {
        Some(name) => month(name.as_str())?,
        None => number("number")?,
    };
    let year = found.name("year")?.as_str().parse().ok()?;
    let date = Date::new(year, month, number("day")?).ok()?;
    let ends = ENDING.is_match(&text[..whole.start()]) || text[whole.end()..].trim_start().starts_with(['前', '止', '截']);
    Some(Mention { date, words: whole.as_str().to_owned(), ends })
}

fn month(name: &str) -> Option<i8> {
    const STARTS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.to_ascii_lowercase();
    STARTS.iter().position(|start| name.starts_with(start)).and_then(|index| i8::try_from(index + 1).ok())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_are_read_in_the_usual_forms() {
        for (text, expected, ends) in [
            ("Free until 31 December 2025.", date(2025, 12, 31), true),
            ("valid through December 31st, 2025", date(2025, 12, 31), true),
            ("The sale ends on Sept. 3 2025", date(2025, 9, 3), true),
            ("Order by 2025-12-19 for Christmas", date(2025, 12, 19), true),
            ("We opened on the 3rd of May 2019.", date(2019, 5, 3), false),
            ("\u{6d3b}\u{52a8}2025\u{5e74}12\u{6708}31\u{65e5}\u{524d}\u{6709}\u{6548}", date(2025, 12, 31), true),
        ] {
            let found = mentioned(text);
            assert_eq!(found.iter().map(|mention| (mention.date, mention.ends)).collect::<Vec<_>>(), [(expected, ends)], "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_dates() {
        for text in ["until 31 December", "since 2019", "2025-13-40", "10 2025", "order 2025-1234-12", "may 2025"] {
            assert_eq!(mentioned(text), [], "{text}");
        }
    }
}

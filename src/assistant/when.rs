//! When somebody will be there: the end of a handoff's line. Words that code chose around values of the shop's settings, and held against them. Pure.

use jiff::civil::DateTime;

use super::compose::Spoken;
use super::respond::Reply;
use super::verify::{Sources, verify};
use crate::conversation::{Origin, Statement};
use crate::desk::{Availability, Opening};
use crate::prompt::Phrases;

/// What the keys of these phrases begin with.
const KEYS: &str = "when.";
/// From so many days on a weekday alone is not clear any more.
const WEEK: i32 = 7;
const WEEKDAYS_ZH: [&str; 7] = ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"];

/// The sentence on when somebody will be there.
pub fn when(availability: &Availability, phrases: &Phrases) -> Spoken {
    let (key, values, facts) = match availability {
        Availability::Online => ("when.online", Vec::new(), String::new()),
        Availability::Nobody => ("when.nobody", Vec::new(), String::new()),
        Availability::Closed { opens: None } => ("when.unknown", Vec::new(), String::new()),
        Availability::Closed { opens: Some(opening) } => ("when.closed", values(opening, phrases.locale()), facts(opening)),
    };
    let spoken = Spoken::phrase(key, &phrases.text(key, &values));
    let source = |key: &str| phrases.source(key).map(|words| format!("{words}\n{facts}"));
    let sources = Sources { entries: &[], order: "", question: "", phrase: &source, claims_transfer: &|_| false };
    match verify(spoken.content(), spoken.statements(), &sources) {
        Ok(()) => spoken,
        Err(refused) => {
            tracing::error!(
                phrase.key = key,
                reason = refused.reason.as_str(),
                said = refused.said,
                "a phrase says what the settings do not"
            );
            Spoken::phrase("when.unknown", &phrases.text("when.unknown", &[]))
        }
    }
}

/// The one line of a handoff on the shopper's own request, by the button.
pub fn handoff_line(availability: &Availability, phrases: &Phrases) -> String {
    format!("{}{}{}", phrases.text("handoff.asked", &[]), joint(phrases), when(availability, phrases).content())
}

impl Reply {
    /// The same reply, with when somebody will be there behind its words.
    pub fn told_when(self, availability: &Availability, phrases: &Phrases) -> Self {
        let mut spoken = Spoken::from_parts(self.content, self.statements);
        spoken.append(joint(phrases), &when(availability, phrases));
        let (content, statements) = spoken.into_parts();
        Self { content, statements, ..self }
    }
}

/// What stands between two sentences of a language.
fn joint(phrases: &Phrases) -> &'static str {
    if phrases.locale() == "zh" { "" } else { " " }
}

/// A message without the sentence on when somebody will be there: that depends on the hour, and on nothing that the bot decides.
pub fn without_when(content: &str, statements: &[Statement]) -> (String, Vec<Statement>) {
    let is_when = |part: &Statement| matches!(&part.origin, Origin::Phrase { key } if key.starts_with(KEYS));
    match statements.iter().position(is_when) {
        None => (content.to_owned(), statements.to_vec()),
        Some(place) => {
            let kept: String = content.chars().take(statements[place].start).collect();
            (kept.trim_end().to_owned(), statements[..place].to_vec())
        }
    }
}

fn values(opening: &Opening, locale: &str) -> Vec<(&'static str, String)> {
    vec![("day", day(opening, locale)), ("time", time(opening.local)), ("place", opening.place.clone())]
}

/// The weekday; where it is not this week's, the date with it.
fn day(opening: &Opening, locale: &str) -> String {
    let is_near = opening.days_ahead < WEEK;
    match (locale, is_near) {
        ("zh", true) => weekday_zh(opening.local).to_owned(),
        ("zh", false) => format!("{}（{}）", opening.local.strftime("%-m月%-d日"), weekday_zh(opening.local)),
        (_, true) => opening.local.strftime("%A").to_string(),
        (_, false) => opening.local.strftime("%A %-d %B").to_string(),
    }
}

fn weekday_zh(local: DateTime) -> &'static str {
    let place = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or_default();
    WEEKDAYS_ZH.get(place).copied().unwrap_or_default()
}

fn time(local: DateTime) -> String {
    local.strftime("%H:%M").to_string()
}

/// What may be said of the opening, in either language and whether or not the phrase says all of it.
fn facts(opening: &Opening) -> String {
    let local = opening.local;
    let days = [local.strftime("%A. %-d %B. %-d %B %Y").to_string(), local.strftime("%-m月%-d日. %Y年%-m月%-d日").to_string()];
    format!("{}. {}. {}. {}", days.join(". "), weekday_zh(local), time(local), opening.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Timestamp;

    fn phrases(locale: &str) -> Phrases {
        let text =
            if locale == "zh" { include_str!("../../prompts/phrases/zh.yaml") } else { include_str!("../../prompts/phrases/en.yaml") };
        Phrases::parse("phrases.yaml", locale, "Alder & Pine", text).unwrap()
    }

    fn closed(local: &str, days_ahead: i32) -> Availability {
        let opening = Opening { at: Timestamp::UNIX_EPOCH, local: local.parse().unwrap(), days_ahead, place: "Amsterdam".to_owned() };
        Availability::Closed { opens: Some(opening) }
    }

    #[test]
    fn an_opening_is_told_in_words() {
        let check = |availability: &Availability, locale: &str, expect: &str| {
            let said = when(availability, &phrases(locale));
            assert!(said.content().contains(expect), "{locale}: {}", said.content());
            assert_eq!(said.statements().len(), 1);
        };
        check(&closed("2026-11-30T09:00", 3), "en", "on Monday at 09:00 (Amsterdam time)");
        check(&closed("2026-11-27T13:30", 0), "en", "on Friday at 13:30 (Amsterdam time)");
        check(&closed("2027-01-04T00:00", 9), "en", "on Monday 4 January at 00:00 (Amsterdam time)");
        check(&closed("2026-11-30T09:00", 3), "zh", "星期一 09:00（Amsterdam 时间）");
        check(&closed("2027-01-04T09:00", 9), "zh", "1月4日（星期一） 09:00（Amsterdam 时间）");
        check(&Availability::Online, "en", "A person will reply here");
        check(&Availability::Nobody, "en", "as soon as");
        check(&Availability::Closed { opens: None }, "en", "do not know when");
    }

    #[test]
    fn a_phrase_with_another_time_in_it_is_not_said() {
        let text = include_str!("../../prompts/phrases/en.yaml")
            .replace("at {{ time }}", "at {{ time }} or 07:00 sharp, {{ place }} 12 December, or {{ day }}");
        let own = Phrases::parse("phrases.yaml", "en", "Alder & Pine", &text).unwrap();
        assert!(when(&closed("2026-11-30T09:00", 3), &own).content().contains("07:00"), "the shop's own words are the shop's own");
        // A value that is no setting's: what a template makes of one.
        let text = include_str!("../../prompts/phrases/en.yaml").replace("at {{ time }}", "at {{ time | replace('09', '07') }}");
        let own = Phrases::parse("phrases.yaml", "en", "Alder & Pine", &text).unwrap();
        assert!(when(&closed("2026-11-30T09:00", 3), &own).content().contains("do not know when"));
    }

    #[test]
    fn what_is_left_does_not_depend_on_the_hour() {
        let line = || Spoken::phrase("handoff.asked", "I have passed this on, 很.");
        let check = |availability: &Availability, locale: &str| {
            let own = phrases(locale);
            let mut whole = line();
            whole.append(joint(&own), &when(availability, &own));
            assert_eq!(without_when(whole.content(), whole.statements()), line().into_parts());
        };
        check(&Availability::Online, "en");
        check(&closed("2026-11-30T09:00", 3), "en");
        check(&closed("2026-11-30T09:00", 3), "zh");
        assert_eq!(without_when(line().content(), line().statements()), line().into_parts());
    }
}

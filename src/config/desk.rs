//! `[desk]`: when the desk is open, how soon it wants to answer, and what goes to whom.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::reasons;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// The longest target, in minutes: a month of business time.
const LONGEST_TARGET: u32 = 30 * 24 * 60;

/// `[desk]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// The zone that hours and holidays are meant in.
    pub time_zone: Zone,
    /// When somebody is there.
    pub hours: Week,
    /// When nobody is there although the hours say so.
    pub holidays: Vec<DayOff>,
    /// How soon a person wants to answer.
    pub first_reply_minutes: FirstReply,
    /// Which of the program's own topics go to a person at once.
    pub sensitive_topics: Vec<String>,
    /// `[desk.topics]`: the shop's own, with their words.
    pub topics: BTreeMap<String, Vec<String>>,
    /// `[desk.priority]`: by reason or topic.
    pub priority: BTreeMap<String, String>,
    /// `[desk.queues]`: by reason or topic.
    pub queues: BTreeMap<String, String>,
}

/// `[desk.hours]`; a day without spans is closed, and a week without any is always open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// Monday's spans.
    pub monday: Vec<Span>,
    /// Tuesday's spans.
    pub tuesday: Vec<Span>,
    /// Wednesday's spans.
    pub wednesday: Vec<Span>,
    /// Thursday's spans.
    pub thursday: Vec<Span>,
    /// Friday's spans.
    pub friday: Vec<Span>,
    /// Saturday's spans.
    pub saturday: Vec<Span>,
    /// Sunday's spans.
    pub sunday: Vec<Span>,
}

impl Week {
    /// The days from Monday on, with their names.
    pub fn days(&self) -> [(&'static str, &[Span]); 7] {
        [
            ("monday", &self.monday),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
    }
}

/// `[desk.first_reply_minutes]`: business minutes by priority; 0: no target.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstReply {
    /// Of urgent tickets.
    pub urgent: u32,
    /// Of tickets of high priority.
    pub high: u32,
    /// Of others.
    pub normal: u32,
    /// Of those that may wait.
    pub low: u32,
}

/// A time zone by its name in the zone database.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(pub TimeZone);

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let wrong = || format!("there is no time zone {name:?}; write one such as Europe/Amsterdam or UTC");
        TimeZone::get(&name).map(Self).map_err(|_| wrong())
    }
}

/// `09:00-17:00`, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span {
    /// The minute of opening.
    pub from: u16,
    /// The minute of closing.
    pub until: u16,
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let times = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
        let (from, until) = times.ok_or_else(|| format!("{text:?} are no hours; write them as 09:00-17:00"))?;
        if from >= until {
            return Err(format!(
                "{text} closes before it opens; hours over midnight are two spans, 22:00-24:00 and 00:00-02:00 on the next day"
            ));
        }
        Ok(Self { from, until })
    }
}

/// `09:30` as minutes; 24:00 is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

/// `2026-12-28`, or `12-25` for every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DayOff {
    /// The year; `None`: every year.
    pub year: Option<i16>,
    /// The month.
    pub month: i8,
    /// The day of the month.
    pub day: i8,
}

impl TryFrom<String> for DayOff {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // A day of every year may be the 29th of February.
        let (whole, every_year) = if text.len() == 5 { (format!("2000-{text}"), true) } else { (text.clone(), false) };
        let shaped = whole.len() == 10 && whole.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date: Option<Date> = whole.parse().ok().filter(|_| shaped);
        let date = date.ok_or_else(|| format!("{text:?} is no day; write 2026-12-28, or 12-25 for every year"))?;
        Ok(Self { year: (!every_year).then(|| date.year()), month: date.month(), day: date.day() })
    }
}

impl Desk {
    /// What types alone do not say; each fault is a sentence that names its key.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = reasons::faults(self);
        for (name, spans) in self.hours.days() {
            if spans.windows(2).any(|pair| pair[0].until > pair[1].from) {
                faults.push(format!("desk.hours.{name} has spans that overlap or stand out of order; write the earlier one first"));
            }
        }
        let FirstReply { urgent, high, normal, low } = self.first_reply_minutes;
        if [urgent, high, normal, low].iter().any(|minutes| *minutes > LONGEST_TARGET) {
            faults.push(format!("every key of [desk.first_reply_minutes] must lie between 0 (no target) and {LONGEST_TARGET}"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let check = |text: &str, expect: Result<(u16, u16), &str>| match (Span::try_from(text.to_owned()), expect) {
            (Ok(span), Ok(expect)) => assert_eq!((span.from, span.until), expect, "{text}"),
            (Err(fault), Err(expect)) => assert!(fault.contains(expect), "{text}: {fault}"),
            (found, _) => panic!("{text}: {found:?}"),
        };
        check("09:00-17:00", Ok((540, 1020)));
        check("9:00 - 17:30", Ok((540, 1050)));
        check("00:00-24:00", Ok((0, 1440)));
        check("22:00-02:00", Err("closes before it opens"));
        check("09:00-09:00", Err("closes before it opens"));
        for wrong in [
            "",
            "9-17",
            "09:00",
            "09:00-17:60",
            "09:00-24:01",
            "25:00-26:00",
            "+9:00-17:00",
            "09:0-17:00",
            "09:00–17:00",
            "09:00-12:00-17:00",
        ] {
            check(wrong, Err("are no hours; write them as 09:00-17:00"));
        }
    }

    #[test]
    fn a_day_off_is_a_date_or_a_day_of_every_year() {
        let check = |text: &str, expect: Option<(Option<i16>, i8, i8)>| {
            let found = DayOff::try_from(text.to_owned()).ok().map(|day| (day.year, day.month, day.day));
            assert_eq!(found, expect, "{text}");
        };
        check("2026-12-28", Some((Some(2026), 12, 28)));
        check("12-25", Some((None, 12, 25)));
        check("02-29", Some((None, 2, 29)));
        for wrong in ["2026-02-29", "13-01", "12-32", "25 December", "2026-12", "1225", "", "-2026-12-28", "20261228"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_zone_is_known_by_its_name() {
        assert_eq!(Zone::try_from("Europe/Amsterdam".to_owned()).unwrap().0.iana_name(), Some("Europe/Amsterdam"));
        assert!(Zone::try_from("Europe/Rotterdam".to_owned()).unwrap_err().contains("there is no time zone \"Europe/Rotterdam\""));
    }
}

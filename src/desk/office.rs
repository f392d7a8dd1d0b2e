//! When the desk is open, and by when a ticket is to be answered. Pure: the time is handed in.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::hours::{Hours, Span};
use crate::conversation::Priority;
use crate::support::Timestamp;

/// How many days ahead an opening is looked for. A desk that opens an hour a week counts a month of business time within it.
const FAR: usize = 3_660;

/// Minutes of business time within which the first reply is promised to the team itself; 0: there is no such promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Of urgent tickets.
    pub urgent: u32,
    /// Of tickets of high priority.
    pub high: u32,
    /// Of others.
    pub normal: u32,
    /// Of those that may wait.
    pub low: u32,
}

impl Targets {
    fn minutes(self, priority: Priority) -> u32 {
        match priority {
            Priority::Urgent => self.urgent,
            Priority::High => self.high,
            Priority::Normal => self.normal,
            Priority::Low => self.low,
        }
    }
}

/// An hour at which the desk opens, as the shop's clocks say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The instant.
    pub at: Timestamp,
    /// Day and time in the shop's zone.
    pub local: DateTime,
    /// How many days of the shop's calendar lie between: 0 on the same day.
    pub days_ahead: i32,
    /// The place after which the zone is named: `Amsterdam`.
    pub place: String,
}

/// The shop's hours in its time zone, and what it wants to keep to.
#[derive(Debug, Clone)]
pub struct Office {
    zone: TimeZone,
    hours: Hours,
    targets: Targets,
}

impl Office {
    /// An office; without any hours it is always open.
    pub fn new(zone: TimeZone, hours: Hours, targets: Targets) -> Self {
        Self { zone, hours, targets }
    }

    /// Whether hours are set at all.
    pub fn has_hours(&self) -> bool {
        !self.hours.are_empty()
    }

    /// Whether it is open: from the very minute of opening on, and not any more at the minute of closing.
    pub fn is_open(&self, at: Timestamp) -> bool {
        !self.has_hours() || self.open_from(at).next().is_some_and(|(opens, _)| opens <= at)
    }

    /// When it opens next, asked while it is closed; `None` where no hours are set, or none come any more.
    pub fn opens_after(&self, at: Timestamp) -> Option<Opening> {
        let (opens, _) = self.open_from(at).find(|(opens, _)| *opens > at)?;
        let local = self.zone.to_datetime(opens);
        let days = self.zone.to_datetime(at).date().until(local.date()).map_or(0, |span| span.get_days());
        Some(Opening { at: opens, local, days_ahead: days, place: self.place() })
    }

    /// By when the first reply is due to a ticket that was opened `at`: its target in business time, so that a night and a holiday do not count.
    /// `None` where there is no target.
    pub fn due(&self, priority: Priority, at: Timestamp) -> Option<Timestamp> {
        let minutes = self.targets.minutes(priority);
        if minutes == 0 {
            return None;
        }
        let mut left = SignedDuration::from_mins(i64::from(minutes));
        if !self.has_hours() {
            return at.checked_add(left).ok();
        }
        let mut from = at;
        for (opens, closes) in self.open_from(at) {
            from = from.max(opens);
            let open = from.duration_until(closes);
            if left <= open {
                return from.checked_add(left).ok();
            }
            // Hours that overlap where the clocks are set back count once.
            left -= open.max(SignedDuration::ZERO);
            from = from.max(closes);
        }
        None
    }

    /// The spans of instants in which it is open, those first that end after `at`.
    fn open_from(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.zone.to_datetime(at).date();
        // What is written as 24:00 of the day before may lie on this one where the clocks are changed at midnight.
        let first = today.yesterday().unwrap_or(today);
        let days = std::iter::successors(Some(first), |date| date.tomorrow().ok()).take(FAR);
        let spans = days.flat_map(move |date| self.hours.on(date).iter().filter_map(move |span| self.instants(date, *span)));
        spans.skip_while(move |(_, closes)| *closes <= at)
    }

    /// A time that the clocks leave out is as much later, and what lies within such an hour is not there at all; where an hour comes twice, it opens in
    /// the first one and closes in the second.
    fn instants(&self, date: Date, span: Span) -> Option<(Timestamp, Timestamp)> {
        let opens = self.zone.to_ambiguous_timestamp(on(date, span.from())?).compatible().ok()?;
        let closes = self.zone.to_ambiguous_timestamp(on(date, span.until())?);
        let closes = if span.until() == 24 * 60 { closes.compatible() } else { closes.later() };
        Some((opens, closes.ok()?)).filter(|(opens, closes)| opens < closes)
    }

    /// What people call the zone: the city of its name.
    fn place(&self) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        name.rsplit('/').next().unwrap_or(name).replace('_', " ")
    }
}

/// Day and minute; 24:00 is the next day's beginning.
fn on(date: Date, minute: u16) -> Option<DateTime> {
    date.to_datetime(Time::midnight()).checked_add(i32::from(minute).minutes()).ok()
}

#[cfg(test)]
#[path = "office_tests.rs"]
mod tests;

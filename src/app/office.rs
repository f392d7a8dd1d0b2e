//! The office as the settings want it.

use crate::config::desk::{DayOff, Desk, FirstReply};
use crate::desk::{Holiday, Hours, Office, Span, Targets};

/// Hours, holidays and targets of the shop.
pub(super) fn office(desk: &Desk) -> Office {
    let week = desk.hours.days().map(|(_, spans)| spans.iter().filter_map(|span| Span::new(span.from, span.until)).collect());
    let holidays = desk.holidays.iter().map(|DayOff { year, month, day }| Holiday { year: *year, month: *month, day: *day }).collect();
    let FirstReply { urgent, high, normal, low } = desk.first_reply_minutes;
    Office::new(desk.time_zone.0.clone(), Hours::new(week, holidays), Targets { urgent, high, normal, low })
}

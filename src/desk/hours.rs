//! Opening hours as a shop writes them: by weekday, and the days on which they do not hold. Pure.

use jiff::civil::Date;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A part of a day in which the desk is open, in minutes since midnight on the shop's clocks. Hours over midnight are two spans: one up to 24:00, one
/// from 0:00 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    from: u16,
    until: u16,
}

impl Span {
    /// A span; `None` where it does not end behind its beginning, or not on the same day.
    pub fn new(from: u16, until: u16) -> Option<Self> {
        (from < until && until <= DAY).then_some(Self { from, until })
    }

    /// The minute at which it opens.
    pub fn from(self) -> u16 {
        self.from
    }

    /// The minute at which it is closed again, at most 1440.
    pub fn until(self) -> u16 {
        self.until
    }
}

/// A day on which nobody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holiday {
    /// The year; `None`: every year.
    pub year: Option<i16>,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

impl Holiday {
    fn is_on(self, date: Date) -> bool {
        self.year.is_none_or(|year| year == date.year()) && (self.month, self.day) == (date.month(), date.day())
    }
}

/// The hours of a week, and the holidays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// From Monday on, each day's spans in order.
    week: [Vec<Span>; 7],
    holidays: Vec<Holiday>,
}

impl Hours {
    /// The hours of Monday to Sunday.
    pub fn new(mut week: [Vec<Span>; 7], holidays: Vec<Holiday>) -> Self {
        for spans in &mut week {
            spans.sort();
        }
        Self { week, holidays }
    }

    /// Whether none are set at all.
    pub fn are_empty(&self) -> bool {
        self.week.iter().all(Vec::is_empty)
    }

    /// The spans of a day in order; none on a holiday.
    pub fn on(&self, date: Date) -> &[Span] {
        if self.holidays.iter().any(|holiday| holiday.is_on(date)) {
            return &[];
        }
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        self.week.get(weekday).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_span_lies_within_one_day() {
        let check = |from: u16, until: u16, expect: bool| assert_eq!(Span::new(from, until).is_some(), expect, "{from} to {until}");
        check(540, 1020, true);
        check(0, 1440, true);
        check(540, 540, false);
        check(1020, 540, false);
        check(1380, 1441, false);
    }

    #[test]
    fn a_holiday_is_once_or_every_year() {
        let week = std::array::from_fn(|_| vec![Span { from: 780, until: 1020 }, Span { from: 540, until: 720 }]);
        let holidays = vec![Holiday { year: None, month: 12, day: 25 }, Holiday { year: Some(2027), month: 4, day: 26 }];
        let hours = Hours::new(week, holidays);
        let check = |date: Date, expect: usize| assert_eq!(hours.on(date).len(), expect, "{date}");
        check(date(2026, 12, 24), 2);
        check(date(2026, 12, 25), 0);
        check(date(2027, 12, 25), 0);
        check(date(2027, 4, 26), 0);
        check(date(2028, 4, 26), 2);
        assert_eq!(hours.on(date(2026, 12, 24))[0].from(), 540, "the morning comes first");
    }
}

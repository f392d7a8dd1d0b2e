//! The office's hours over weekends, holidays and changes of the clocks, as tables and by chance.

use proptest::prelude::*;

use super::super::hours::Holiday;
use super::*;

const TARGETS: Targets = Targets { urgent: 15, high: 60, normal: 240, low: 0 };

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn span(from: u16, until: u16) -> Span {
    Span::new(from * 60, until * 60).unwrap()
}

/// An instant by the clocks of the office.
fn instant(office: &Office, text: &str) -> Timestamp {
    office.zone.to_timestamp(text.parse().unwrap()).unwrap()
}

fn local(office: &Office, at: Timestamp) -> String {
    office.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Monday to Friday, 9 to 17, closed at Christmas; Thursday with a lunch break.
fn shop() -> Office {
    let day = vec![span(9, 17)];
    let week = [day.clone(), day.clone(), day.clone(), vec![span(13, 17), span(9, 12)], day, vec![], vec![]];
    let holidays = vec![
        Holiday { year: None, month: 12, day: 25 },
        Holiday { year: Some(2026), month: 12, day: 28 },
        Holiday { year: None, month: 1, day: 1 },
    ];
    Office::new(zone("Europe/Amsterdam"), Hours::new(week, holidays), TARGETS)
}

fn every_day(zone_name: &str, spans: &[Span]) -> Office {
    Office::new(zone(zone_name), Hours::new(std::array::from_fn(|_| spans.to_vec()), Vec::new()), TARGETS)
}

#[test]
fn it_is_open_from_the_minute_of_opening_up_to_the_minute_of_closing() {
    let office = shop();
    let check = |at: &str, expect: bool| assert_eq!(office.is_open(instant(&office, at)), expect, "{at}");
    check("2026-11-26T08:59:59", false);
    check("2026-11-26T09:00", true);
    check("2026-11-26T11:59:59", true);
    check("2026-11-26T12:00", false);
    check("2026-11-26T13:00", true);
    check("2026-11-26T16:59:59", true);
    check("2026-11-26T17:00", false);
    check("2026-11-28T10:00", false);
    check("2026-12-25T10:00", false);
    check("2026-12-28T10:00", false);
    check("2027-12-28T10:00", true);
}

#[test]
fn it_says_when_it_opens_next() {
    let office = shop();
    let check = |at: &str, opens: &str, days: i32| {
        let opening = office.opens_after(instant(&office, at)).unwrap();
        assert_eq!((local(&office, opening.at).as_str(), opening.days_ahead), (opens, days), "{at}");
        assert_eq!((opening.local, opening.place.as_str()), (office.zone.to_datetime(opening.at), "Amsterdam"));
    };
    check("2026-11-26T03:00", "2026-11-26 09:00", 0);
    check("2026-11-26T12:00", "2026-11-26 13:00", 0);
    check("2026-11-26T17:00", "2026-11-27 09:00", 1);
    check("2026-11-27T17:00", "2026-11-30 09:00", 3);
    check("2026-11-29T23:59", "2026-11-30 09:00", 1);
    // Christmas on a Friday, the weekend, and a Monday of this year alone.
    check("2026-12-24T18:00", "2026-12-29 09:00", 5);
    // The nights in which the clocks change.
    check("2026-03-27T18:00", "2026-03-30 09:00", 3);
    check("2026-10-23T18:00", "2026-10-26 09:00", 3);
}

#[test]
fn an_office_without_hours_is_open_and_opens_at_no_known_time() {
    let office = Office::new(zone("Europe/Amsterdam"), Hours::default(), TARGETS);
    let at = instant(&office, "2026-11-28T03:00");
    assert!(office.is_open(at) && !office.has_hours());
    assert_eq!(office.opens_after(at), None);
    assert_eq!(office.due(Priority::High, at).map(|due| local(&office, due)), Some("2026-11-28 04:00".to_owned()));
    assert_eq!(office.due(Priority::Low, at), None);
}

#[test]
fn an_office_that_never_opens_promises_nothing() {
    let holidays = (1..=12).flat_map(|month| (1..=31).map(move |day| Holiday { year: None, month, day })).collect();
    let office = Office::new(zone("UTC"), Hours::new(std::array::from_fn(|_| vec![span(9, 17)]), holidays), TARGETS);
    let at = instant(&office, "2026-11-26T10:00");
    assert!(!office.is_open(at));
    assert_eq!((office.opens_after(at), office.due(Priority::Urgent, at)), (None, None));
}

#[test]
fn a_target_counts_in_business_time() {
    let office = shop();
    let check = |priority: Priority, at: &str, expect: &str| {
        let due = office.due(priority, instant(&office, at)).unwrap();
        assert_eq!(local(&office, due), expect, "{priority:?} at {at}");
    };
    check(Priority::Urgent, "2026-11-25T10:00", "2026-11-25 10:15");
    check(Priority::Urgent, "2026-11-25T16:45", "2026-11-25 17:00");
    check(Priority::Urgent, "2026-11-25T16:50", "2026-11-26 09:05");
    check(Priority::Urgent, "2026-11-25T20:00", "2026-11-26 09:15");
    // Over the lunch break.
    check(Priority::High, "2026-11-26T11:30", "2026-11-26 13:30");
    check(Priority::Normal, "2026-11-26T10:00", "2026-11-26 15:00");
    // Over the weekend, and over Christmas with it.
    check(Priority::Normal, "2026-11-27T15:00", "2026-11-30 11:00");
    check(Priority::Normal, "2026-12-24T15:00", "2026-12-29 11:00");
}

#[test]
fn hours_over_midnight_are_one_stretch() {
    let office = every_day("Europe/Amsterdam", &[span(22, 24), span(0, 2)]);
    let check = |at: &str, expect: bool| assert_eq!(office.is_open(instant(&office, at)), expect, "{at}");
    check("2026-11-26T21:59", false);
    check("2026-11-26T23:59:59", true);
    check("2026-11-27T00:00", true);
    check("2026-11-27T01:59", true);
    check("2026-11-27T02:00", false);
    let due = office.due(Priority::Normal, instant(&office, "2026-11-26T23:00")).unwrap();
    assert_eq!(local(&office, due), "2026-11-27 23:00", "three hours of one night and one of the next");
}

#[test]
fn a_day_with_another_number_of_hours_counts_as_long_as_it_was() {
    // In March the hour from 2 to 3 is left out, in October it comes twice.
    let office = every_day("Europe/Amsterdam", &[span(1, 4)]);
    let check = |at: &str, expect: &str| {
        let due = office.due(Priority::Normal, instant(&office, at)).unwrap();
        assert_eq!(local(&office, due), expect, "{at}");
    };
    check("2026-03-28T01:00", "2026-03-29 03:00");
    check("2026-03-29T01:00", "2026-03-30 03:00");
    check("2026-10-25T01:00", "2026-10-25 04:00");
    let office = every_day("Europe/Amsterdam", &[Span::new(120, 180).unwrap()]);
    assert!(!office.is_open(instant(&office, "2026-03-29T03:30")), "an hour that the clocks leave out is not there");
    let both = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(|text| office.is_open(text.parse().unwrap()));
    assert_eq!(both, [true, true], "an hour that comes twice is open twice");
    // Where the clocks change at midnight, 24:00 is the day's first end.
    let havana = every_day("America/Havana", &[span(20, 24)]);
    assert!(!havana.is_open("2026-11-01T04:30:00Z".parse().unwrap()));
}

#[test]
fn a_zone_is_known_without_the_machine() {
    let bundled = jiff::tz::TimeZoneDatabase::bundled();
    assert!(bundled.get("Europe/Amsterdam").is_ok(), "the zones are part of the program");
}

/// The grid of the tests by chance: every change of the clocks in the zones below is a multiple of it.
const STEP: i64 = 15;

prop_compose! {
    fn any_office()(
        zone_name in prop::sample::select(vec!["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
        days in prop::collection::vec(prop::collection::vec((0_u16..96, 1_u16..40), 0..3), 7),
        holiday in 1_i8..=28,
        minutes in 1_u32..900,
    ) -> Office {
        let spans = |day: &Vec<(u16, u16)>| day.iter().filter_map(|(from, long)| Span::new(from * 15, (from + long).min(96) * 15)).collect();
        let mut week: [Vec<Span>; 7] = std::array::from_fn(|day| spans(&days[day]));
        // One day at least on which it opens.
        week[2].push(span(9, 17));
        let holidays = vec![Holiday { year: None, month: 3, day: holiday }, Holiday { year: None, month: 11, day: holiday }];
        Office::new(zone(zone_name), Hours::new(week, holidays), Targets { normal: minutes, ..TARGETS })
    }
}

/// A quarter of an hour in a week around a change of the clocks.
fn any_time() -> impl Strategy<Value = Timestamp> {
    let around = [
        "2026-03-05T00:00Z",
        "2026-03-26T00:00Z",
        "2026-04-02T00:00Z",
        "2026-10-01T00:00Z",
        "2026-10-22T00:00Z",
        "2026-10-29T00:00Z",
        "2026-11-26T00:00Z",
    ];
    (prop::sample::select(around.to_vec()), 0_i64..7 * 96).prop_map(|(from, steps)| after(from.parse().unwrap(), steps * STEP))
}

fn after(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// A minute counts exactly if the desk is open in it.
    #[test]
    fn what_is_counted_is_the_time_in_which_it_is_open(office in any_office(), at in any_time()) {
        let due = office.due(Priority::Normal, at).unwrap();
        let mut open = 0;
        let mut from = at;
        while after(from, STEP) <= due {
            open += if office.is_open(from) { STEP } else { 0 };
            from = after(from, STEP);
        }
        // The last step is cut off by the due time, and it is open: else the due time would lie before it.
        open += from.duration_until(due).as_mins();
        prop_assert_eq!(open, i64::from(office.targets.normal));
    }

    /// Between now and the next opening nobody is there, and at the opening somebody is.
    #[test]
    fn it_is_closed_until_it_opens(office in any_office(), at in any_time()) {
        prop_assume!(!office.is_open(at));
        let opens = office.opens_after(at).unwrap().at;
        prop_assert!(office.is_open(opens) && opens > at);
        let mut from = at;
        while from < opens {
            prop_assert!(!office.is_open(from), "{}", local(&office, from));
            from = after(from, STEP);
        }
    }

    /// Whoever comes later is not due sooner.
    #[test]
    fn due_times_keep_the_order(office in any_office(), at in any_time(), later in 0_i64..3_000) {
        let due = |at| office.due(Priority::Normal, at).unwrap();
        prop_assert!(due(after(at, later)) >= due(at));
    }
}

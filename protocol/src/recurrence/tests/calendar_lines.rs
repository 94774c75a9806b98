//! Recurrences as calendars export them.

use std::collections::BTreeSet;

use super::*;
use crate::recurrence::windows_zones::{WINDOWS_CITIES, WINDOWS_ZONES};

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
    let mut cities = BTreeSet::new();
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

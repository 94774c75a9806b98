//! What is wrong with a recurrence is named with what would be right.

use super::*;

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

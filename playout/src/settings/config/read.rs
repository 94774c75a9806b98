//! Reads the sections of `kiosk.toml`.
//!
//! Invariant: a key that is left out, or whose value is wrong, leaves the default as it is; what is
//! wrong is reported to its section.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_protocol::campaign;
use passerby_protocol::condition::Venue;
use passerby_protocol::limits::{CALL_LANGUAGES_MAX, LINE_CHARS_MAX, SECONDS, SPACE_ID, WEIGHT};
use passerby_protocol::opening::Opening;
use passerby_protocol::toml_fields::Section;

use crate::content::cache;
use crate::hub_link::{DAILY_MB, HubConfig};
use crate::identity::page_token::PageToken;
use crate::schedule::rotation::Override;
use crate::screen::drawing::Drawing;
use crate::screen::layout::Layout;
use crate::screen::sound_settings::SoundSettings;
use crate::settings::config::{Config, TAG_BYTES_MAX};
use crate::settings::hub_address::{hub_url, is_safe};
use crate::settings::page_rules::PageRules;

/// Most `[[override]]` of one terminal.
const OVERRIDES_MAX: usize = 1_000;
/// Range of times for which plays may be held for a common commit, in seconds: what a power cut may
/// take.
const COMMIT_SECONDS: RangeInclusive<i64> = 0..=600;
/// Range of the ledger's size on disk, in MiB.
const LEDGER_MB: RangeInclusive<i64> = 16..=100_000;
/// Range of how many plays stay in the ledger after the hub has them.
const KEEP_PLAYS: RangeInclusive<i64> = 0..=2_000_000;

impl Config {
    /// Reads the root section of a file; what is wrong is reported to it.
    pub(crate) fn read(root: &Section<'_>) -> Self {
        let mut config = Self::default();
        root.table("screen", |section| read_screen(section, &mut config));
        if let Some(layout) = root.table("layout", Layout::read) {
            config.layout = layout;
        }
        root.table("venue", |section| {
            config.venue = Venue {
                name: line(section, "name").unwrap_or_default(),
                tags: section
                    .list("tags", "words such as \"metro\"", word)
                    .map(|tags| tags.value)
                    .unwrap_or_default(),
            };
            config.opening = Opening::read(section);
        });
        root.table("content", |section| {
            config.folders = folders(section, "folders", "folders such as \"assets/demo\"");
            config.fonts = folders(section, "fonts", "folders such as \"fonts\"");
            if let Some(seconds) = section.integer("seconds", SECONDS) {
                config.dwell_ms = seconds.value.unsigned_abs() * 1_000;
            }
        });
        if let Some(pages) = root.table("pages", PageRules::read) {
            config.pages = pages;
        }
        config.overrides = root.tables("override", OVERRIDES_MAX, read_override);
        config.hub = root.table("hub", read_hub).flatten();
        root.table("data", |section| {
            if let Some(dir) = section.text("dir", 4_096, "a folder such as \"data\"") {
                config.data_dir = dir.value.into();
            }
            if let Some(mb) = section.integer("cache_mb", cache::MB) {
                config.cache = cache::CacheSettings::of_mb(mb.value.unsigned_abs());
            }
            read_ledger(section, &mut config);
        });
        root.table("local", |section| {
            if let Some(listen) = section.parsed(
                "listen",
                "an address and port such as \"127.0.0.1:8421\"",
                str::parse::<SocketAddr>,
            ) {
                config.listen = listen.value;
            }
            config.page_token = read_token(section);
        });
        config
    }
}

fn read_screen(section: &Section<'_>, config: &mut Config) {
    config.name = line(section, "name").unwrap_or_default();
    config.frame = section
        .integer("frame", SPACE_ID)
        .and_then(|frame| u32::try_from(frame.value).ok());
    config.size_cm = section
        .numbers::<2>("size_cm", 1.0..=10_000.0)
        .map(|size| size.value);
    if let Some(distance) = section.number("viewing_distance_m", 0.2..=200.0) {
        config.viewing_distance_m = distance.value;
        config.is_distance_told = true;
    }
    config.led_pitch_mm = section
        .number("led_pitch_mm", 0.5..=50.0)
        .map(|pitch| pitch.value);
    config.contrast = section
        .number("contrast", 1.0..=100_000.0)
        .map(|contrast| contrast.value);
    if let Some(seconds) = section.number("scan_seconds", 1.0..=60.0) {
        config.scan_time = Duration::from_secs_f64(seconds.value);
    }
    if let Some(languages) = section.list(
        "languages",
        "languages such as \"zh\" or \"en\"",
        campaign::language,
    ) {
        section.at_most("languages", &languages, CALL_LANGUAGES_MAX);
        if languages.value.is_empty() {
            section.problem(
                &languages,
                "screen.languages is empty; name one such as \"en\", or take the key out",
            );
        } else {
            config.languages = languages.value;
        }
    }
    if let Some(rotation) = section.integer("rotation", 0..=270) {
        match rotation.value {
            0 | 90 | 180 | 270 => config.rotation = u16::try_from(rotation.value).unwrap_or(0),
            other => section.problem(
                &rotation,
                format!("screen.rotation is {other}; use 0, 90, 180 or 270"),
            ),
        }
    }
    if let Some(draw) = section.choice("draw", &Drawing::WORDS) {
        config.draw = draw.value;
    }
    if let Some(zone) = section.parsed(
        "timezone",
        "an IANA name such as \"Asia/Shanghai\"",
        TimeZone::get,
    ) {
        config.time_zone = zone.value;
    }
    config.sound = section.table("sound", SoundSettings::read);
    config.trust_clock = section
        .switch("trust_clock")
        .is_some_and(|trust| trust.value);
}

/// Reads what opens the local page. The text itself is in no message, since messages go into logs.
fn read_token(section: &Section<'_>) -> Option<PageToken> {
    let accepted = "at least 16 letters, digits, - or _, such as \"correct-horse-battery\"";
    let text = section.text("token", 4_096, accepted)?;
    match text.value.parse() {
        Ok(token) => Some(token),
        Err(wrong) => {
            let told = format!(
                "local.token cannot be used: {wrong}; use {accepted}, or take the key out and one is made"
            );
            section.problem(&text, told);
            None
        }
    }
}

fn read_ledger(section: &Section<'_>, config: &mut Config) {
    let number = |key, range| {
        section
            .integer(key, range)
            .map(|number| number.value.unsigned_abs())
    };
    if let Some(seconds) = number("commit_seconds", COMMIT_SECONDS) {
        config.commit_ms = seconds * 1_000;
    }
    if let Some(megabytes) = number("ledger_mb", LEDGER_MB) {
        config.ledger.bytes_max = megabytes << 20;
    }
    if let Some(plays) = number("keep_plays", KEEP_PLAYS) {
        config.ledger.acked_rows_kept = plays;
    }
}

fn read_override(section: &Section<'_>) -> Override {
    let campaign = section.text("campaign", LINE_CHARS_MAX, "the name of a campaign");
    if campaign.is_none() && !section.has("campaign") {
        section.missing("campaign", "\"after-the-last-train\"");
    }
    let number = |key, range| {
        section
            .integer(key, range)
            .map(|number| number.value.unsigned_abs())
    };
    Override {
        campaign: campaign.map(|campaign| campaign.value).unwrap_or_default(),
        placement: number("placement", 1..=1_000).and_then(|number| usize::try_from(number).ok()),
        air: section.switch("air").is_none_or(|air| air.value),
        weight: number("weight", WEIGHT).and_then(|weight| u32::try_from(weight).ok()),
        dwell_ms: number("seconds", SECONDS).map(|seconds| seconds * 1_000),
    }
}

fn read_hub(section: &Section<'_>) -> Option<HubConfig> {
    let plain = section
        .switch("allow_plain_http")
        .is_some_and(|plain| plain.value);
    let Some(url) = section.parsed(
        "url",
        "the hub's address such as \"https://hub.example\"",
        hub_url,
    ) else {
        section.missing("url", "\"https://hub.example\"");
        return None;
    };
    if !plain && !is_safe(&url.value) {
        section.problem(&url, format!("hub.url is {:?}, which anybody on the way can read and change; use https://, or say allow_plain_http = true", url.value));
    }
    let ca = section.text("ca", 4_096, "a PEM file such as \"hub-root.pem\"");
    let daily_mb = section.integer("daily_mb", DAILY_MB);
    let sends_frames = section.switch("send_frames");
    Some(HubConfig {
        url: url.value,
        ca: ca.map(|ca| ca.value.into()),
        daily_bytes: daily_mb.map(|megabytes| megabytes.value.unsigned_abs() * 1_000_000),
        keeps_frames: sends_frames.is_some_and(|sends| !sends.value),
    })
}
fn folders(section: &Section<'_>, key: &'static str, accepted: &str) -> Vec<PathBuf> {
    let folders = section.list(key, accepted, |text| {
        Ok::<_, Infallible>(PathBuf::from(text))
    });
    folders.map(|folders| folders.value).unwrap_or_default()
}

fn line(section: &Section<'_>, key: &'static str) -> Option<String> {
    section
        .text(key, LINE_CHARS_MAX, "a line of text")
        .map(|line| line.value)
}

fn word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > TAG_BYTES_MAX {
        Err(format!("it is empty or longer than {TAG_BYTES_MAX} bytes"))
    } else {
        Ok(text.to_owned())
    }
}

//! `kiosk.toml`: every key optional, every mistake reported with its line.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_folder::text::read_toml_anywhere;
use passerby_protocol::campaign;
use passerby_protocol::condition::Venue;
use passerby_protocol::limits::{CALL_LANGUAGES_MAX, LINE_CHARS_MAX, SECONDS, SPACE_ID, WEIGHT};
use passerby_protocol::opening::Opening;
use passerby_protocol::toml_fields::{Problem, Reader, Section};

use crate::content::cache;
use crate::hub_link::{DAILY_MB, HubConfig, read_ca};
use crate::identity::local_token::LocalToken;
use crate::ledger::Limits;
use crate::schedule::rotation::{Override, Rules};
use crate::screen::geometry::{Geometry, SCAN_TIME};
use crate::screen::layout::Layout;
use crate::screen::sound_settings::SoundSettings;
use crate::settings::page_rules::PageRules;

/// What people speak where the operator says nothing.
pub const LANGUAGES: [&str; 2] = ["zh", "en"];
/// Most `[[override]]` of one terminal.
const OVERRIDES_MAX: usize = 1_000;
/// Range of times for which plays may be held for a common commit, in seconds: what a power cut may
/// take.
const COMMIT_SECONDS: RangeInclusive<i64> = 0..=600;
/// Range of the ledger's size on disk, in MiB.
const LEDGER_MB: RangeInclusive<i64> = 16..=100_000;
/// Range of how many plays stay in the ledger after the hub has them.
const KEEP_PLAYS: RangeInclusive<i64> = 0..=2_000_000;

/// Longest tag of a venue, in bytes.
pub(crate) const TAG_BYTES_MAX: usize = 64;
/// Most font files of the operator's.
pub const FONT_FILES_MAX: usize = 64;
/// Largest font file, in bytes.
pub const FONT_FILE_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of all font files together.
pub const FONT_BYTES_MAX: u64 = 256 << 20;

/// The settings of one terminal.
#[derive(Debug, Clone)]
pub struct Config {
    /// The screen's name for people.
    pub name: String,
    /// The screen's number in SPACE, for the industry's reports.
    pub frame: Option<u32>,
    /// What conditions can ask about.
    pub venue: Venue,
    /// When the venue is open; always, unless told otherwise.
    pub opening: Opening,
    /// What is lit, as mounted, in centimetres.
    pub size_cm: Option<[f64; 2]>,
    /// How far away people stand, in metres.
    pub viewing_distance_m: f64,
    /// Whether the operator said so.
    pub is_distance_told: bool,
    /// From one LED to the next in millimetres, on a wall of LEDs that shows one pixel with each.
    pub led_pitch_mm: Option<f64>,
    /// How many times as bright as black white is, with the light that falls on the screen.
    pub contrast: Option<f64>,
    /// How long a code must be on the screen at least.
    pub scan_time: Duration,
    /// What people there speak, most of them the first.
    pub languages: Vec<String>,
    /// Clockwise turn of the content in degrees.
    pub rotation: u16,
    /// How the screen is divided.
    pub layout: Layout,
    /// When and where videos are heard; never, when absent.
    pub sound: Option<SoundSettings>,
    /// The venue's time zone.
    pub time_zone: TimeZone,
    /// Believe the machine's clock although no time service vouches for it.
    pub trust_clock: bool,
    /// Folders of local campaigns.
    pub folders: Vec<PathBuf>,
    /// Folders with fonts of the operator's.
    pub fonts: Vec<PathBuf>,
    /// What web pages may do.
    pub pages: PageRules,
    /// Time on screen for creatives that name none, in milliseconds.
    pub dwell_ms: u64,
    /// What this screen does differently from what campaigns say.
    pub overrides: Vec<Override>,
    /// The hub, if there is one.
    pub hub: Option<HubConfig>,
    /// Ledger, cache and credentials.
    pub data_dir: PathBuf,
    /// What the cache may take.
    pub cache: cache::CacheSettings,
    /// How long plays are held for a common commit, in milliseconds; 0: each is on disk before it
    /// counts.
    pub commit_ms: u64,
    /// How much the ledger keeps.
    pub ledger: Limits,
    /// Where the kernel lists the displays; none when what is played goes to none of them.
    pub displays: Option<PathBuf>,
    /// The local page.
    pub listen: SocketAddr,
    /// What opens it, if the operator chose something.
    pub local_token: Option<LocalToken>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: String::new(),
            frame: None,
            venue: Venue::default(),
            opening: Opening::default(),
            size_cm: None,
            viewing_distance_m: 3.0,
            is_distance_told: false,
            led_pitch_mm: None,
            contrast: None,
            scan_time: SCAN_TIME,
            languages: LANGUAGES.map(str::to_owned).to_vec(),
            rotation: 0,
            layout: Layout::default(),
            sound: None,
            time_zone: TimeZone::system(),
            trust_clock: false,
            folders: Vec::new(),
            fonts: Vec::new(),
            pages: PageRules::default(),
            dwell_ms: 10_000,
            overrides: Vec::new(),
            hub: None,
            data_dir: "data".into(),
            cache: cache::CacheSettings::default(),
            commit_ms: 0,
            ledger: Limits::default(),
            displays: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8421)),
            local_token: None,
        }
    }
}

impl Config {
    /// Reads a file. Relative folders are taken from the folder in which the file lies.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let text =
            read_toml_anywhere(path).map_err(|reason| vec![Problem::with_file(&name, reason)])?;
        let mut config = Self::parse(&name, &text)?;
        let base = path.parent().unwrap_or(Path::new(""));
        for folder in config.folders.iter_mut().chain(&mut config.fonts) {
            *folder = base.join(&*folder);
        }
        config.data_dir = base.join(&config.data_dir);
        if let Some(ca) = config.hub.as_mut().and_then(|hub| hub.ca.as_mut()) {
            *ca = base.join(&*ca);
            read_ca(ca).map_err(|reason| vec![Problem::with_file(&name, reason)])?;
        }
        Ok(config)
    }

    /// The screen as it is lit and looked at, once its pixels are known.
    pub fn geometry(&self, width_px: u32, height_px: u32) -> Geometry {
        Geometry {
            rotation: self.rotation,
            size_cm: self.size_cm,
            viewing_distance_m: self.viewing_distance_m,
            led_pitch_mm: self.led_pitch_mm,
            contrast: self.contrast,
            scan_time: self.scan_time,
            ..Geometry::whole(width_px, height_px)
        }
    }

    /// What the rotation goes by.
    pub fn rules(&self) -> Rules {
        Rules {
            time_zone: self.time_zone.clone(),
            screen: self.name.clone(),
            venue: self.venue.clone(),
            opening: self.opening.clone(),
            dwell_ms: self.dwell_ms,
            overrides: self.overrides.clone(),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Every problem at once.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        Reader::parse(file, text, Self::read)
    }

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
            config.local_token = read_token(section);
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
fn read_token(section: &Section<'_>) -> Option<LocalToken> {
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
    Some(HubConfig {
        url: url.value,
        ca: ca.map(|ca| ca.value.into()),
        daily_bytes: daily_mb.map(|megabytes| megabytes.value.unsigned_abs() * 1_000_000),
    })
}

/// Reads a hub's address from the command line or a file: scheme, host and port, no path.
///
/// # Errors
/// What is wrong with it.
pub fn hub_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it does not start with https://")?;
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        Err("it is not just a host and a port")
    } else {
        Ok(text.to_owned())
    }
}

/// Tells whether an address is https, or http to this machine itself.
pub fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.starts_with("https://");
    };
    let host = match rest.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => rest.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_with_every_section_is_read() {
        let text = "[screen]\nname = \"Metro line 2, exit B\"\nsize_cm = [122, 69]\nviewing_distance_m = 3\nrotation = 0\ntimezone = \"Asia/Shanghai\"\n\
                    [content]\nfolders = [\"assets/demo\"]\nseconds = 10\n[hub]\nurl = \"https://hub.example\"\n[data]\ndir = \"data\"\n[local]\nlisten = \"127.0.0.1:8421\"\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        assert_eq!(config.size_cm, Some([122.0, 69.0]));
        assert_eq!(
            config.hub,
            Some(HubConfig {
                url: "https://hub.example".into(),
                ..HubConfig::default()
            })
        );
        assert!(
            Config::parse("kiosk.toml", "").is_ok(),
            "every key is optional"
        );
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let text = "[screen]\nrotation = 45\ntimezone = 'Mars/Base'\ncolour = 1\n[content]\nseconds = 0\n[hub]\nurl = 'http://hub.example'\n[local]\nlisten = '0.0.0.0'\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("five");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4, 6, 8, 10], "{problems:#?}");
    }

    #[test]
    fn a_local_page_for_others_is_allowed_and_a_weak_token_is_refused_without_being_repeated() {
        let open = "[local]\nlisten = '0.0.0.0:8421'\n";
        let config = Config::parse("kiosk.toml", open).expect("a token is made at the start");
        assert_eq!((config.listen.port(), config.local_token), (8421, None));
        let chosen = format!("{open}token = 'correct-horse-battery'\n");
        let config = Config::parse("kiosk.toml", &chosen).expect("good");
        assert!(config.local_token.is_some());
        let weak = format!("{open}token = 'letmein'\n");
        let problems = Config::parse("kiosk.toml", &weak).expect_err("weak");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "kiosk.toml:3: local.token cannot be used: it has 7 characters, fewer than 16; use at least 16 letters, digits, - or _, such as \"correct-horse-battery\", or take the key out and one is made"
            ]
        );
        for bad in [
            "token = 1\n",
            "token = 'sixteen letters ok'\n",
            "password = 'x'\n",
        ] {
            assert!(
                Config::parse("kiosk.toml", &format!("{open}{bad}")).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn sound_layout_and_fonts_are_read_and_their_mistakes_named() {
        let text = "[screen]\nsound = { hours = ['mon-sun 09:00-20:00'], volume = 40 }\n[content]\nfonts = ['type']\n\
                    [layout]\nkind = 'main-ticker'\nbackground = '#102030'\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        let sound = config.sound.expect("sound");
        assert_eq!((sound.volume_percent, sound.format.as_str()), (40, "alsa"));
        assert_eq!(config.fonts, [PathBuf::from("type")]);
        assert!(config.layout.has("ticker") && !config.layout.has("side"));
        assert_eq!(
            Config::default().sound,
            None,
            "silent unless told otherwise"
        );
        let text = "[screen]\n[screen.sound]\nhours = ['always']\nvolume = 101\nformat = 'oss'\nloud = 1\n[content]\nfonts = 1\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("five");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 8], "{problems:#?}");
    }

    #[test]
    fn what_pages_may_do_is_read_and_its_mistakes_named() {
        let text =
            "[pages]\nprivate_hosts = ['board.lan', '192.168.1.20:8080']\nuser = 'kiosk-pages'\n";
        let pages = Config::parse("kiosk.toml", text).expect("good").pages;
        assert!(pages.private_hosts[0].allows("board.lan", 80));
        assert!(!pages.private_hosts[1].allows("192.168.1.20", 80));
        assert_eq!(pages.user.as_deref(), Some("kiosk-pages"));
        assert_eq!(Config::default().pages.private_hosts, []);
        let text = "[pages]\nprivate_hosts = ['http://board.lan/']\nuser = 'root'\nproxy = 1\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("three");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4], "{problems:#?}");
    }

    #[test]
    fn how_a_screen_is_looked_at_is_read_and_its_mistakes_named() {
        let text = "[screen]\nled_pitch_mm = 3.9\ncontrast = 20\nscan_seconds = 5\nlanguages = ['ja', 'en-GB']\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        let screen = config.geometry(640, 360);
        assert_eq!(
            (screen.led_pitch_mm, screen.contrast, screen.scan_time),
            (Some(3.9), Some(20.0), Duration::from_secs(5))
        );
        assert_eq!(config.languages, ["ja", "en-GB"]);
        let text = "[screen]\nled_pitch_mm = 0\ncontrast = 'high'\nscan_seconds = 0\nlanguages = ['English',\n'中文']\n[[override]]\ncampaign='a'\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("five");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 5, 6], "{problems:#?}");
        assert!(
            Config::parse("kiosk.toml", "[screen]\nlanguages = []\n").is_err(),
            "nobody speaks nothing"
        );
    }

    #[test]
    fn opening_hours_are_read_and_their_mistakes_named() {
        let text = "[screen]\ntimezone = 'Asia/Shanghai'\n[venue]\ntags = ['metro']\nopen = ['mon-sat 08:00-22:00']\n\
                    closed = [2026-12-25, '12-26', '2026-02-16..2026-02-22']\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        let open = |text: &str| {
            let now = text.parse().expect("instant");
            config.opening.at(now, &config.time_zone).open
        };
        // Thursday 2026-12-24 at nine in the evening, then at eleven; Friday and Saturday are
        // holidays.
        assert!(open("2026-12-24T13:00:00Z") && !open("2026-12-24T15:00:00Z"));
        assert!(!open("2026-12-25T13:00:00Z") && !open("2026-12-26T13:00:00Z"));
        assert!(Config::default().opening.is_always());
        let text = "[venue]\nopen = ['mon 8-22']\nclosed = [1,\n'30-12',\n'2026-12-26..2026-12-24']\nopens = 1\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("five");
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let closed = "use a date such as 2026-12-25, a day of every year such as \"12-25\", or a span of either such as \"2026-02-16..2026-02-22\"";
        assert_eq!(
            shown,
            [
                "kiosk.toml:2: venue.open has \"mon 8-22\": not days and hours such as \"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\" or \"22:00-02:00\"; use days and hours such as \"mon-sat 08:00-22:00\"".to_owned(),
                format!("kiosk.toml:3: venue.closed has 1; {closed}"),
                format!("kiosk.toml:4: venue.closed has \"30-12\": not a day of the calendar; {closed}"),
                format!("kiosk.toml:5: venue.closed has \"2026-12-26..2026-12-24\": it ends before it begins; {closed}"),
                "kiosk.toml:6: unknown key \"opens\" in venue; known keys are closed, name, open, tags".to_owned(),
            ]
        );
    }

    #[test]
    fn the_caches_size_is_read_and_its_mistakes_named() {
        let config = Config::parse("kiosk.toml", "[data]\ncache_mb = 512\n").expect("good");
        assert_eq!(config.cache.bytes_max, 512 << 20);
        assert_eq!(Config::default().cache.bytes_max, 4 << 30);
        for bad in [
            "cache_mb = 0",
            "cache_mb = -1",
            "cache_mb = '4 GB'",
            "cache_mb = 1.5",
        ] {
            let problems = Config::parse("kiosk.toml", &format!("[data]\n{bad}\n"));
            let problems = problems.expect_err("no size");
            assert_eq!((problems.len(), problems[0].line), (1, 2), "{problems:?}");
        }
    }

    #[test]
    fn overrides_are_read_and_their_mistakes_named() {
        let text = "[[override]]\ncampaign = 'cafe'\nplacement = 2\nweight = 3\nseconds = 4\n[[override]]\ncampaign = 'news'\nair = false\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        let own = &config.rules().overrides;
        assert_eq!(
            (own[0].placement, own[0].weight, own[0].dwell_ms),
            (Some(2), Some(3), Some(4_000))
        );
        assert_eq!((own[1].air, own[1].placement), (false, None));
        let bad =
            "[[override]]\nplacement = 0\n[[override]]\ncampaign = 'a'\nweight = 0\nshow = true\n";
        let problems = Config::parse("kiosk.toml", bad).expect_err("many");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 5, 6], "{problems:#?}");
    }

    #[test]
    fn what_the_ledger_keeps_is_read_and_its_mistakes_named() {
        let text = "[data]\ncommit_seconds = 60\nledger_mb = 32\nkeep_plays = 0\n";
        let config = Config::parse("kiosk.toml", text).expect("good");
        let keeps = (config.ledger.bytes_max, config.ledger.acked_rows_kept);
        assert_eq!((config.commit_ms, keeps), (60_000, (32 << 20, 0)));
        let (default, limits) = (Config::default(), Limits::default());
        assert_eq!((default.commit_ms, default.ledger), (0, limits));
        let text =
            "[data]\ncommit_seconds = 601\nledger_mb = 1\nkeep_plays = 'all'\nkeep_days = 3\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("four");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4, 5], "{problems:#?}");
    }

    #[test]
    fn a_budget_and_a_private_root_are_read_and_their_mistakes_named() {
        let text = "[hub]\nurl = 'https://hub.example'\nca = 'root.pem'\ndaily_mb = 50\n";
        let hub = Config::parse("kiosk.toml", text).expect("good").hub;
        let hub = hub.expect("a hub");
        assert_eq!(
            (hub.ca, hub.daily_bytes),
            (Some("root.pem".into()), Some(50_000_000))
        );
        let text = "[hub]\nurl = 'https://hub.example'\nca = 1\ndaily_mb = 0\n";
        let problems = Config::parse("kiosk.toml", text).expect_err("two");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 4], "{problems:#?}");
    }

    #[test]
    fn plain_http_needs_loopback_or_a_word() {
        assert!(
            is_safe("http://127.0.0.1:8420")
                && is_safe("http://[::1]:1")
                && is_safe("http://localhost")
        );
        assert!(!is_safe("http://10.0.0.1") && !is_safe("http://127.0.0.1.evil.example"));
        assert!(
            Config::parse(
                "k",
                "[hub]\nurl = 'http://10.0.0.1'\nallow_plain_http = true\n"
            )
            .is_ok()
        );
    }
}

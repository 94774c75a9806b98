//! `kiosk.toml`: every key optional, every mistake reported with its line.
//!
//! Invariant: a file with a mistake in it gives no settings; folders are taken from the one in
//! which the file lies.

mod read;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_folder::text::read_toml_anywhere;
use passerby_protocol::condition::Venue;
use passerby_protocol::opening::Opening;
use passerby_protocol::toml_fields::{Problem, Reader};

use crate::content::cache;
use crate::hub_link::{HubConfig, read_ca};
use crate::identity::page_token::PageToken;
use crate::ledger::Limits;
use crate::schedule::rotation::{Override, Rules};
use crate::screen::drawing::Drawing;
use crate::screen::geometry::{Geometry, SCAN_TIME};
use crate::screen::layout::Layout;
use crate::screen::sound_settings::SoundSettings;
use crate::settings::page_rules::PageRules;

/// What people speak where the operator says nothing.
pub const LANGUAGES: [&str; 2] = ["zh", "en"];
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
    /// What draws.
    pub draw: Drawing,
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
    pub page_token: Option<PageToken>,
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
            draw: Drawing::default(),
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
            page_token: None,
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
}

//! What the composer needs to know about its surroundings.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use passerby_playout::schedule::live_context::LiveContext;
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::clock::{Clock, SystemClock};

/// What the composer needs to know about its surroundings.
#[derive(Clone)]
pub struct Settings {
    /// Folders with fonts of the operator's, beside the bundled ones.
    pub fonts: Vec<PathBuf>,
    /// Tells the time to clocks and countdowns.
    pub clock: Arc<dyn Clock>,
    /// The venue's time zone.
    pub time_zone: TimeZone,
    /// What counters show.
    pub context: Arc<LiveContext>,
    /// Where the last good snapshots of web pages are kept; none keeps them in memory only.
    pub snapshots: Option<PathBuf>,
    /// Where finished frames are kept, each composer's apart; none keeps fewer, in memory.
    pub frames: Option<PathBuf>,
    /// What the operator lets web pages do.
    pub pages: PageRules,
    /// The operator's own content folders; what lies there is trusted more than what the hub sends.
    pub own_folders: Vec<PathBuf>,
    /// How videos are heard, where a slide may be heard at all; none is silence.
    pub sound: Option<SoundOutput>,
    /// Whether each film that is shown is also decoded once in the background, and what of it is
    /// missing is told to those who listen to the composer's findings.
    pub looks_through_films: bool,
    /// Whether a card with its address stands for a web page: for previews, which are drawn where
    /// nobody can look at it.
    pub pages_as_cards: bool,
}

/// Where sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundOutput {
    /// What ffmpeg calls the kind of output, `alsa` or `pulse`; `wav` writes a file, for tests.
    pub format: String,
    /// What ffmpeg calls the output itself, `default` for example.
    pub device: String,
    /// Loudness in percent of the recording's own, 0 to 100.
    pub volume_percent: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fonts: Vec::new(),
            clock: Arc::new(SystemClock::new(false)),
            time_zone: TimeZone::UTC,
            context: Arc::default(),
            snapshots: None,
            frames: None,
            pages: PageRules::default(),
            own_folders: Vec::new(),
            sound: None,
            looks_through_films: false,
            pages_as_cards: false,
        }
    }
}

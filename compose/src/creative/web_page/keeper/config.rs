//! What a keeper of web pages needs to know.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::clock::Clock;

use crate::creative::web_page::capture;
use crate::settings::Settings;

/// What a keeper needs to know about its surroundings.
#[derive(Clone)]
pub struct KeeperConfig {
    /// Where pictures are kept; none keeps them in memory only.
    pub folder: Option<PathBuf>,
    /// Tells how old pictures are.
    pub clock: Arc<dyn Clock>,
    /// The venue's time zone, which pages take for the local one.
    pub time_zone: TimeZone,
    /// Where Chromium is; none looks for it each time, so that it can be installed while the
    /// terminal runs.
    pub browser: Option<PathBuf>,
    /// What the operator lets pages do.
    pub rules: PageRules,
    /// The operator's own folders: a page file in them may open the host that it names, wherever
    /// that is.
    pub own_folders: Vec<PathBuf>,
    /// How long a page may load.
    pub load_max: Duration,
    /// How long a run may take beside the page's own time to settle.
    pub run_max: Duration,
}

impl KeeperConfig {
    /// Takes over what the composer knows.
    pub fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.snapshots.clone(),
            clock: Arc::clone(&settings.clock),
            time_zone: settings.time_zone.clone(),
            browser: None,
            rules: settings.pages.clone(),
            own_folders: settings.own_folders.clone(),
            load_max: capture::LOAD_MAX,
            run_max: capture::RUN_MAX,
        }
    }
}

//! Options that several commands have, and how their values are read.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use passerby_playout::settings::config::Config;

use crate::cli::failure::Failure;

/// Range of a side of the picture, in pixels.
pub(super) const SIDE_PX: RangeInclusive<u32> = 64..=16_384;

/// Where the settings are.
#[derive(clap::Args)]
pub(super) struct ConfigFile {
    /// The settings. Default: `kiosk.toml` of this folder, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads them.
    pub(super) fn load(&self) -> Result<Config, Failure> {
        let default = Path::new("kiosk.toml");
        match &self.config {
            Some(path) => Config::load(path).map_err(Failure::Input),
            None if default.exists() => Config::load(default).map_err(Failure::Input),
            None => Ok(Config::default()),
        }
    }
}

/// Reads pixels such as `1920x1080`.
pub(super) fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parsed {
        Some((width, height)) if SIDE_PX.contains(&width) && SIDE_PX.contains(&height) => {
            Ok((width, height))
        }
        _ => Err(format!(
            "use width and height in pixels such as 1920x1080, each from {} to {}",
            SIDE_PX.start(),
            SIDE_PX.end()
        )),
    }
}

/// Reads a moment such as `2026-12-01T08:00:00+08:00`.
pub(super) fn timestamp(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse()
        .map_err(|error| format!("{error}; use a date and time such as 2026-12-01T08:00:00+08:00"))
}

//! Everything of the terminal but pixels: clock, schedule, rotation, codes, ledger, cache, sync.
//!
//! Invariant: nothing here knows of Bevy, wgpu or a window. The stage and the composer are reached
//! through the typed messages of [`messages`].
//!
//! # Examples
//!
//! The settings are read as a whole; what is wrong with them is told all at once:
//!
//! ```
//! use passerby_playout::settings::config::Config;
//!
//! let config = Config::parse("kiosk.toml", "[content]\nfolders = [\"demo\"]\nseconds = 8\n");
//! assert_eq!(config.expect("no problems").dwell_ms, 8_000);
//!
//! let problems = Config::parse("kiosk.toml", "[screen]\nrotation = 45\nnames = \"Exit B\"\n");
//! let problems = problems.expect_err("two problems");
//! let told = "kiosk.toml:2: screen.rotation is 45; use 0, 90, 180 or 270";
//! assert_eq!(problems[0].to_string(), told);
//! assert_eq!(problems[1].line, 3);
//! ```

// Files that unit tests share with other packages name this one as others do.
#[cfg(test)]
extern crate self as passerby_playout;

pub mod code;
pub mod content;
pub mod hub_link;
pub mod identity;
pub mod ledger;
pub mod messages;
pub mod player;
pub mod schedule;
pub mod screen;
pub mod settings;
pub mod system;

//! The terminal: shows campaigns with live codes on a screen, and counts what it showed.
//!
//! Three actors, each on its own thread, joined by bounded channels: the [`stage`] (Bevy, main
//! thread), the player and the hub link (both in `passerby-playout`). Two composer threads beside
//! the player make the slides.

pub mod cli;
pub mod local_page;
pub mod stage;

//! The screen: its pixels and zones, whether it is on, and whether it may be heard.

pub mod area;
pub mod display;
pub mod drawing;
pub mod geometry;
pub mod layout;
pub mod sound_settings;

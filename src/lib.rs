//! Passerby, the terminal: what is behind a screen on a street.

pub mod compose;
pub mod slide;

//! passerby

pub mod slide;
pub mod stage;

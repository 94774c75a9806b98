//! The calls, one file a subject.

pub(super) mod campaigns;
mod errors;
pub(super) mod log;
pub(super) mod me;
pub(super) mod people;
pub(super) mod previews;
pub(super) mod reports;
pub(super) mod screens;

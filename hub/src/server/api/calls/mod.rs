//! The calls, one file a subject.

pub(super) mod campaigns;
pub(super) mod drafts;
mod errors;
pub(super) mod log;
pub(super) mod me;
pub(super) mod people;
mod received;
pub(super) mod reports;
pub(super) mod screens;

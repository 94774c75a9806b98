//! The calls, one file a subject.

pub(super) mod alerts;
pub(super) mod campaigns;
pub(super) mod drafts;
pub(super) mod emergencies;
mod errors;
pub(super) mod log;
pub(super) mod mail;
pub(super) mod me;
pub(super) mod people;
pub(super) mod previews;
pub(super) mod privacy;
pub(super) mod quotas;
mod received;
pub(super) mod reports;
pub(super) mod screens;
pub(super) mod slots;
pub(super) mod sources;
pub(super) mod times;
pub(super) mod voices;

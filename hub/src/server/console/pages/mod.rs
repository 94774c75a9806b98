//! The pages, one file a subject.

pub(crate) mod account;
pub(crate) mod account_step;
pub(crate) mod alert;
mod alert_form;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod drafts;
pub(crate) mod emergency;
pub(crate) mod join;
pub(crate) mod mail;
pub(crate) mod overview;
pub(crate) mod pair;
pub(crate) mod people;
mod people_forms;
pub(crate) mod person;
pub(crate) mod preview;
pub(crate) mod report;
pub(crate) mod report_asked;
mod report_view;
pub(crate) mod screen;
pub(crate) mod screens;
pub(crate) mod sign_in;
pub(crate) mod slots;
pub(crate) mod source;
pub(crate) mod sources;
pub(crate) mod times;

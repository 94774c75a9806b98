//! Drafts of campaigns: begun, filled, looked at, handed in, published, gone back to.

pub(crate) mod begin;
pub(crate) mod common;
pub(crate) mod conflicts;
mod faults;
pub(crate) mod files;
mod film_list;
mod film_words;
pub(crate) mod films;
pub(crate) mod finish;
mod follow_keys;
pub(crate) mod forms;
pub(crate) mod list;
mod page_words;
pub(crate) mod placement;
mod places;
pub(crate) mod preview;
pub(crate) mod show;
pub(crate) mod versions;

//! Drafts: campaign folders that people work on in the console, and the versions that were
//! published of each campaign.
//!
//! Invariants: each change of a draft is made to the revision that its maker has seen, or refused;
//! a change takes back what was handed in, so that what is approved is what was looked at; a draft
//! is published in one transaction with its version; nobody sees, changes or publishes a draft of a
//! group that they have nothing to do with; a file that a draft or a version names is kept.

mod changes;
mod claims;
mod films;
mod lists;
mod places;
mod publishing;
mod records;
#[cfg(test)]
mod tests;

pub(super) use crate::store::drafts::publishing::screens_of;

pub use crate::store::drafts::claims::{ClaimBy, ClaimError, FileClaim};
pub use crate::store::drafts::places::FilePlace;
pub use crate::store::drafts::records::{
    DRAFT_FILES_MAX, DRAFTS_MAX, Draft, DraftChange, DraftError, DraftRow, DraftState, Found,
    NewDraft, NewFile, STORED_BYTES_MAX,
};

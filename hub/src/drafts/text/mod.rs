//! `campaign.toml` of a draft: what forms show of it, and what they change in it.
//!
//! Invariants: what a form does not know, and every comment, stays as it was written; a key is
//! touched only where the form says something else than the text; a text that is no TOML is changed
//! by nobody but its author.

mod dates;
mod document;
mod edit;
mod outline;

pub use crate::drafts::text::dates::{Dates, add_stage, set_dates};
pub use crate::drafts::text::document::TextFault;
pub use crate::drafts::text::edit::{
    PlacementForm, air, remove_placements, set_keys, set_placement,
};
pub use crate::drafts::text::outline::{
    KEYS, Outline, OutlinePhase, OutlinePlacement, Standing, outline,
};

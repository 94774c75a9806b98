//! Campaign folders, which anybody may have filled: read in one way for the terminal and the hub,
//! so that what one side says about a folder is true on the other. And how both write the files
//! that they keep, [`durable_file`].
//!
//! Invariants: only regular files are opened, within their folder, without waiting and to a stated
//! size; whatever of a folder does not air is named with its reason.

pub mod campaign_folder;
pub mod content_folder;
pub mod durable_file;
mod entries;
pub mod regular_file;
pub mod text;

pub use crate::campaign_folder::CampaignFolder;
pub use crate::content_folder::ContentFolder;

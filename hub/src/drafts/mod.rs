//! Campaigns that people work on in the console: drafts.
//!
//! ```text
//! page, API ─▶ desk ─▶ file (names, bytes)  ─▶ blobs
//!                   ─▶ text (campaign.toml) ─▶ store::drafts
//!                   ─▶ look (folder, child) ─▶ publish::folder ─▶ store::publish_draft
//! preview           ─▶ subjects (folder)    ─▶ publish::preview
//! ```
//!
//! A draft is a campaign folder that the hub keeps, and nothing else: its `campaign.toml` as text,
//! and its files by name. So it goes out as a folder and comes in as one without loss
//! ([`archive`]), forms change the text where they know a key and leave the rest as it was written
//! ([`text`]), and what is published is read by the same code as a folder on the command line.
//!
//! Invariants: what comes in is bounded before it is read, in files, bytes and names; a file is
//! streamed to disk and never whole in memory; what is published is what was looked at, since both
//! are of one revision.

pub mod archive;
pub mod desk;
pub mod file;
pub mod look;
pub mod names;
pub(crate) mod placements;
pub(crate) mod subjects;
pub mod text;

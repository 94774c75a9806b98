//! From a campaign folder to creatives that screens may fetch.

pub mod blobs;
pub mod draw;
pub mod folder;
pub(crate) mod media;

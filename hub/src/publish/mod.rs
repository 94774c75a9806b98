//! From a campaign folder to creatives that screens may fetch.

pub mod folder;
pub mod inspection;
pub(crate) mod media;

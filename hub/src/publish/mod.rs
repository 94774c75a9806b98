//! From a campaign folder to creatives that screens may fetch.

pub(crate) mod child;
pub mod conversion;
pub mod folder;
pub mod inspection;
pub(crate) mod media;
pub mod postcard;
pub mod preview;
pub mod visitor_picture;

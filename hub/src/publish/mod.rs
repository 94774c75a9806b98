//! From a campaign folder to creatives that screens may fetch.

pub mod blobs;
pub mod folder;
pub mod inspection;
pub(crate) mod media;

/// The former name of [`inspection`], for callers that still have it.
#[doc(hidden)]
pub use crate::publish::inspection as draw;

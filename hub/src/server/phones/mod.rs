//! What phones open: codes, shared links and their pages.

pub(crate) mod bought;
pub(crate) mod film;
pub(crate) mod landing;
pub(crate) mod link_path;
pub(crate) mod moment;
pub(crate) mod moment_page;
pub(crate) mod note;
pub mod page;
pub(crate) mod scan;
pub(crate) mod share;
mod sighting_words;
pub(crate) mod trace;

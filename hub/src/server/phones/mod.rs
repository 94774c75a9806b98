//! What phones open: codes, shared links and their pages.

pub(crate) mod film;
mod form;
pub(crate) mod landing;
pub(crate) mod link_path;
pub(crate) mod moment;
pub(crate) mod moment_page;
pub(crate) mod note;
pub mod page;
pub(crate) mod privacy;
pub(crate) mod scan;
pub(crate) mod share;
mod sighting_words;
pub(crate) mod trace;
pub(crate) mod voice;
mod voice_page;
pub(crate) mod voice_upload;

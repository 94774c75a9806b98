//! What phones open: codes, shared links and their pages.

pub(crate) mod bought;
pub(crate) mod fan;
mod fan_page;
pub(crate) mod feed;
pub(crate) mod film;
pub(crate) mod follow;
mod follow_page;
pub(crate) mod form;
mod greeting;
pub(crate) mod kept_language;
pub(crate) mod landing;
pub(crate) mod link_path;
pub(crate) mod moment;
pub(crate) mod moment_page;
pub(crate) mod note;
pub mod page;
pub(crate) mod privacy;
pub(crate) mod redeem;
mod redirection;
pub(crate) mod scan;
pub(crate) mod share;
mod sighting_words;
pub(crate) mod trace;
pub(crate) mod voice;
mod voice_page;
pub(crate) mod voice_upload;

//! What phones open: codes, shared links and their pages.

pub(crate) mod film;
pub(crate) mod link_path;
pub mod page;
pub(crate) mod scan;
pub(crate) mod share;
pub(crate) mod trace;

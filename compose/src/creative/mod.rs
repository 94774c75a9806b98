//! The kinds of creatives, each opened, judged and drawn in a module of its own.

pub(crate) mod animation;
pub(crate) mod card;
pub mod drawing;
pub(crate) mod file;
pub(crate) mod film_still;
pub(crate) mod house;
pub(crate) mod known_films;
pub(crate) mod notice;
mod other_kinds;
pub(crate) mod picture;
pub(crate) mod picture_file;
pub mod reference;
pub(crate) mod supervise;
pub(crate) mod ticker;
pub mod video;
pub(crate) mod video_content;
pub mod web_page;

//! Composes slides: one picture, one line, one code.
//!
//! A slide is made in the upright frame and turned at the end. What the order's creative is decides who draws it:
//! pictures and drawings become a poster or a page, and the built-in house creative is drawn from nothing. The code is
//! added and proved last, the same for all.
//!
//! Invariants: a slide has exactly the size of the output and is opaque, but for the hole over what moves; every code
//! on it was read back from its final pixels ([`proof`]); bad content costs an error with a reason, never a panic; the house
//! creative never fails.

mod animation;
mod cache;
mod canvas;
mod card;
mod code_card;
mod composer;
mod drawing;
mod file;
mod film_still;
mod fit;
mod fonts;
mod house;
pub mod judgement;
mod layout;
mod live;
mod moving;
mod notice;
mod palette;
mod picture;
mod plate;
mod poster;
pub mod proof;
mod screening;
pub mod settings;
pub mod slide;
mod text;
mod ticker;
pub mod video;
pub mod web_page;

use passerby_playout::show::ComposeError;

pub use animation::{
    ANIMATION_PIXELS_MAX, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX, KEPT_BYTES_MAX,
};
pub use code_card::{CodeInspection, inspect_code};
pub use composer::SlideComposer;
pub use drawing::{EMBEDDED_PIXELS_MAX, SVG_BYTES_MAX};
pub use fonts::Fonts;
pub use moving::ken_burns_note;
pub use picture::{Inspection, PIXELS_MAX, PROGRESSIVE_PIXELS_MAX, SIDE_PX_MAX, inspect};

/// Directives for a log (`tracing` targets) that silence the libraries whose lines name no file; what they say of a
/// drawing, [`judgement`] says in its own words. What follows them may ask for these lines by name.
pub const QUIET_LIBRARIES: &str = "usvg=off,resvg=off,simplecss=off,fontdb=off,tiny_skia=off";

fn too_long(what: &str, line: &str) -> ComposeError {
    ComposeError(format!(
        "the {what} {line:?} does not fit on this screen; shorten it"
    ))
}

#[cfg(test)]
mod tests;

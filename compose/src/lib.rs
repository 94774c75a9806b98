//! Composes slides: one picture, one line, one code.
//!
//! A slide is made in the upright frame and turned at the end. What the order's creative is decides
//! who draws it: pictures and drawings become a poster or a page, and the built-in house creative
//! is drawn from nothing. The code is added and proved last, the same for all.
//!
//! Invariants: a slide has exactly the size of the output and is opaque, but for the hole over what
//! moves; every code on it was read back from its final pixels ([`verify`]); bad content costs an
//! error with a reason, never a panic; the house creative never fails.

mod base_frames;
mod composer;
pub mod confinement;
pub mod creative;
pub mod judgement;
mod live;
pub mod page;
pub mod postcard;
pub mod raster;
pub mod settings;
pub mod slide;
pub mod small_frame;
mod text;
pub mod verify;

use passerby_playout::messages::stage_messages::ComposeError;

pub use crate::composer::{PreviewSlide, SlideComposer};
pub use crate::creative::animation::{
    ANIMATION_PIXELS_MAX, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX, KEPT_BYTES_MAX,
};
pub use crate::creative::drawing::{EMBEDDED_PIXELS_MAX, SVG_BYTES_MAX};
pub use crate::creative::picture::{PIXELS_MAX, PROGRESSIVE_PIXELS_MAX, SIDE_PX_MAX};
pub use crate::creative::picture_file::{Inspection, inspect};
pub use crate::page::code_square::{CodeInspection, inspect_code};
pub use crate::page::moving_layer::ken_burns_note;
pub use crate::text::fonts::Fonts;

/// Directives for a log (`tracing` targets) that silence the libraries whose lines name no file;
/// what they say of a drawing, [`judgement`] says in its own words. What follows them may ask for
/// these lines by name.
pub const QUIET_LIBRARIES: &str = "usvg=off,resvg=off,simplecss=off,fontdb=off,tiny_skia=off";

fn too_long(what: &str, line: &str) -> ComposeError {
    ComposeError::new(format!(
        "the {what} {line:?} does not fit on this screen; shorten it"
    ))
}

#[cfg(test)]
mod tests;

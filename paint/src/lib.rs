//! What lies between the stage and the output: the stage decides what a frame is made of, a
//! presenter paints it.
//!
//! A [`Frame`] is a list of layers. A presenter keeps the pixels of slides in a [`SlideStore`] and
//! brings frames to the output. There are two: the terminal's own pass on the GPU, and the
//! [`Painter`] here, which needs no GPU and no driver.
//!
//! Invariants:
//! - Both give the same picture within one step of 255 in each channel.
//! - Colours are mixed as they are coded, as browsers and players do it. Nothing is decoded to
//!   light.
//! - Nothing here knows a window, a clock or a file.

mod each_processor;
mod first_frame;
mod frame;
mod painter;
mod pixels;
mod store;
mod travel;
mod window_pixels;

pub use crate::first_frame::first_frame;
pub use crate::frame::{ChangeNumbers, Frame, Layer, MovingNumbers, Rectangle, SlideId, rectangle};
pub use crate::painter::{Painter, SIDE_PX_MAX};
pub use crate::pixels::{PlaneSizes, SlidePixels};
pub use crate::store::SlideStore;
pub use crate::travel::{MovingKind, MovingLayer};

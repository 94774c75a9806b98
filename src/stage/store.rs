//! The seam to the presenter: the frame that the stage has decided, and the slides that are kept
//! for it.

use bevy::prelude::*;
use passerby_paint::{Frame, SlideStore};

/// What the next frame is made of.
#[derive(Resource, Default)]
pub(super) struct NextFrame(pub(super) Frame);

/// What the presenter keeps of slides.
#[derive(Resource)]
pub(super) struct Store(pub(super) Box<dyn SlideStore>);

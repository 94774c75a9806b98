//! What a presenter keeps between frames.

use passerby_compose::slide::Patch;

use crate::frame::SlideId;
use crate::pixels::SlidePixels;

/// Keeps the pixels of slides for a presenter.
///
/// A slide that has been loaded can be in the next frame: nothing is left to be uploaded or
/// compiled then.
pub trait SlideStore: Send + Sync {
    /// Takes a slide's pixels.
    ///
    /// # Errors
    /// Says why they cannot be painted.
    fn load(&mut self, pixels: SlidePixels) -> Result<SlideId, String>;

    /// Replaces some pixels of a slide. The next frame shows them. The patch's bytes mean nothing
    /// afterwards, but there are as many.
    ///
    /// # Errors
    /// Says why they do not fit; nothing is changed then.
    fn patch(&mut self, slide: SlideId, patch: &mut Patch) -> Result<(), String>;

    /// Lets go of every slide but these.
    fn keep(&mut self, slides: &[SlideId]);

    /// The longest side of a slide or an output, in pixels.
    fn side_px_max(&self) -> u32;
}

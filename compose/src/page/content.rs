//! What fills a picture's place on a poster or a page.

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;

use crate::page::moving_layer::Film;
use crate::raster::palette::Sample;
use crate::raster::scale::Crop;

/// What fills a picture's place: a photograph, a drawing, an animation, a video.
pub(crate) trait Content {
    /// Width and height of the upright picture. Crops are in these pixels; for drawings only the
    /// shape matters.
    fn size(&self) -> (u32, u32);

    /// What it says about the colours around it.
    fn sample(&self) -> Sample;

    /// Whether it ends in transparency, so that only paper goes well around it.
    fn stands_on_paper(&self) -> bool {
        false
    }

    /// What of it is not drawn, each as words that stand alone.
    fn losses(&self) -> &[String] {
        &[]
    }

    /// Draws a part of it at a size in pixels; what is transparent shows the paper. Returns rows of
    /// RGB.
    fn scaled(&self, crop: Crop, size: (u32, u32), paper: Rgb) -> Result<Vec<u8>, ComposeError>;

    /// The same as [`Content::scaled`], where it lies ready, so that nobody needs a copy.
    fn ready(&self, _crop: Crop, _size: (u32, u32)) -> Option<&[u8]> {
        None
    }

    /// Returns the film to show `crop` at `size`; `None` when it does not move by itself. Called
    /// once, last.
    fn film(
        &mut self,
        _crop: Crop,
        _size: (u32, u32),
        _paper: Rgb,
    ) -> Result<Option<Film>, ComposeError> {
        Ok(None)
    }
}

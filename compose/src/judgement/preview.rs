//! A small picture of what a creative looks like, for pages and lists.

use passerby_playout::show::{ComposeError, CreativeFile, Health};
use passerby_protocol::campaign::{CreativeKind, Rgb};

use super::Judge;
use crate::canvas::{px, real};
use crate::fit::Crop;
use crate::picture;
use crate::poster::Content;
use crate::screening;
use crate::settings::Settings;

/// What shows through where a picture is transparent.
const PAPER: Rgb = Rgb([255; 3]);

/// A small picture of a creative, upright, in sRGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Three bytes a pixel, rows from the top.
    pub rgb: Vec<u8>,
}

impl Judge {
    /// Makes a picture of a creative with at most `side_px` on its longer side; pictures are never enlarged. Of an
    /// animation it is the first frame, of a video its poster, else its first good frame. `None` for what is set from
    /// text, and for web pages.
    ///
    /// # Errors
    /// A reason that names the file and what to do, as the screen would give it.
    pub fn preview(
        &self,
        creative: &CreativeFile,
        side_px: u32,
    ) -> Result<Option<Preview>, ComposeError> {
        let fonts = self.fonts.of_drawings();
        let health = Health::default();
        let content: Box<dyn Content> = match creative.kind {
            CreativeKind::Picture | CreativeKind::Drawing => {
                picture::load(creative, fonts, &health)?
            }
            CreativeKind::Video => Box::new(screening::open(
                &Settings::default(),
                &self.tools,
                fonts,
                creative,
                false,
                &health,
            )?),
            CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => return Ok(None),
        };
        let (width, height) = content.size();
        let scale = (real(side_px) / real(width.max(height))).min(1.0);
        let side = |side: u32| px((real(side) * scale).round()).max(1);
        let (width_px, height_px) = (side(width), side(height));
        let whole = Crop::whole(width, height);
        Ok(Some(Preview {
            width_px,
            height_px,
            rgb: content.scaled(whole, (width_px, height_px), PAPER)?,
        }))
    }
}

//! A small picture of what a creative looks like, for pages and lists.
//!
//! Invariant: nothing on it looks alive that is not: a card is drawn without what tells the time or
//! counts.

use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::{Colours, CreativeKind};

use crate::creative::card::{self, CardContext, Pictures};
use crate::creative::film_still;
use crate::creative::picture_file;
use crate::creative::ticker;
use crate::creative::video::Clip;
use crate::creative::video_content;
use crate::creative::web_page::stand_in;
use crate::judgement::Judge;
use crate::page::content::Content;
use crate::page::frame::Frame;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas::{px, real};
use crate::raster::palette::Theme;
use crate::raster::scale::Crop;
use crate::text::Typesetter;

/// The screen that a card is drawn for.
const CARD_SCREEN: Geometry = Geometry::whole(1_280, 720);

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
    /// Makes a picture of a creative with at most `side_px` on its longer side; pictures are never
    /// enlarged. Of an animation it is the first frame, of a video its poster, else its first good
    /// picture, of a card the card on a wide screen, of a ticker its first moment there, and of a
    /// web page a card with its address. What is transparent shows the paper that a screen would
    /// lay beneath it.
    ///
    /// # Errors
    /// A reason that names the file and what to do, as the screen would give it.
    pub fn preview(
        &self,
        creative: &CreativeFile,
        colours: &Colours,
        side_px: u32,
    ) -> Result<Preview, ComposeError> {
        let fonts = self.fonts.of_drawings();
        let content: Box<dyn Content> = match (creative.kind, creative.parts.first()) {
            (CreativeKind::Picture | CreativeKind::Drawing, _) => {
                picture_file::load(creative, fonts, &Health::default())?
            }
            (CreativeKind::Video, Some(poster)) => {
                Box::new(picture_file::open(poster, fonts, side_px)?)
            }
            (CreativeKind::Video, None) => {
                let mut clip = Clip::probe(&self.tools, &creative.path, &creative.name)?;
                if clip.shows_paper() {
                    let first = video_content::first_picture(&self.tools, &clip, &creative.name)?;
                    clip = clip.on_paper(Theme::choose(colours, &first.sample()).paper);
                }
                Box::new(film_still::of(&self.tools, &clip, side_px)?)
            }
            (CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page, _) => {
                Box::new(self.text_still(creative, colours)?)
            }
        };
        let paper = Theme::choose(colours, &content.sample()).paper;
        let (width, height) = content.size();
        let scale = (real(side_px) / real(width.max(height))).min(1.0);
        let side = |side: u32| px((real(side) * scale).round()).max(1);
        let (width_px, height_px) = (side(width), side(height));
        let whole = Crop::whole(width, height);
        Ok(Preview {
            width_px,
            height_px,
            rgb: content.scaled(whole, (width_px, height_px), paper)?,
        })
    }

    /// What is made of words, as it looks on a wide screen where nothing moves.
    fn text_still(
        &self,
        creative: &CreativeFile,
        colours: &Colours,
    ) -> Result<Bitmap, ComposeError> {
        let frame = Frame::of(&CARD_SCREEN)?;
        let mut typesetter = Typesetter::with_fonts(self.fonts.clone());
        let canvas = match creative.kind {
            CreativeKind::Ticker => ticker::open_still(&mut typesetter, creative, &frame, colours)?,
            CreativeKind::Page => {
                let address = stand_in::card(creative)?;
                let card_context = CardContext {
                    frame: &frame,
                    code: None,
                    colours,
                    dwell: None,
                };
                let none = Pictures::default();
                card::draw(&mut typesetter, &address, &none, &card_context)
                    .map_err(|error| ComposeError::new(format!("{}: {error}", creative.name)))?
                    .canvas
            }
            _ => card::open_still(&mut typesetter, creative, &frame, colours)?,
        };
        Ok(Bitmap {
            width: canvas.width,
            height: canvas.height,
            pixels: Pixels::Rgba(canvas.rgba),
        })
    }
}

//! Animated GIF, PNG and WebP with their own timing.
//!
//! A frame lasts as long as the file says; 10 ms or less counts as 100 ms, as in browsers. The
//! animation plays as often as the file says and then rests on its last frame. Its first frame is
//! decoded while the slide is composed; the others on a thread of the frame source's own. Frames
//! are scaled down to their size on screen, and never up: the stage does that as it draws.
//!
//! Limits: [`FRAMES_MAX`] frames, [`FRAME_PIXELS_MAX`] pixels a frame with [`FRAME_SIDE_PX_MAX`] a
//! side, and [`ANIMATION_PIXELS_MAX`] pixels over all frames. An animation whose frames take up to
//! [`KEPT_BYTES_MAX`] on screen is decoded once; a larger one is decoded anew in each round, with
//! at most [`limits::QUEUE_BYTES_MAX`] waiting.
//!
//! Invariants: frames are whole and opaque, laid on the theme's paper; what is damaged further on
//! makes the animation rest on its last good frame and says so, and a damaged first frame costs the
//! item; dropping the frame source ends its thread after the frame that it is at.

mod frame_source;
mod frames;
mod limits;
mod outline;
mod webp;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use image::{ImageError, ImageFormat, ImageReader};
use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_protocol::campaign::Rgb;
use passerby_protocol::content_fault::Told;

use crate::creative::animation::frames::{Fitting, Source, delay};
use crate::creative::picture::{PixelFacts, explain, guarded};
use crate::page::content::Content;
use crate::page::moving_layer::Film;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::palette::Sample;
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::slide::{MovingPicture, Travel};

pub(crate) use crate::creative::animation::frames::{DELAY_MIN, DELAY_UNSAID};
pub use crate::creative::animation::limits::{
    ANIMATION_PIXELS_MAX, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX, KEPT_BYTES_MAX,
};
pub(crate) use crate::creative::animation::outline::{Outline, outline};

/// Most pixels that `passerby check` decodes of one animation.
pub(crate) const INSPECTED_PIXELS_MAX: u64 = 500_000_000;

/// Why an animation is not one.
pub(crate) enum AnimationError {
    /// It can be shown as a still picture; the note says why.
    OnlyStill(String),
    /// It cannot be shown at all.
    Unreadable(Told),
}

/// An animation with its first frame decoded.
pub(crate) struct Animation {
    source: Source,
    first: Bitmap,
    first_delay: Duration,
    health: Health,
    notes: Vec<String>,
}

impl Animation {
    /// Decodes the first frame.
    pub(crate) fn open(
        name: &str,
        format: ImageFormat,
        bytes: &Arc<[u8]>,
        outline: Outline,
    ) -> Result<Self, AnimationError> {
        let told = told(format, bytes);
        let colours = told.profile.map_or(Ok(None), |profile| profile.of_frames());
        let notes = [told.note, colours.as_ref().err().cloned()];
        let source = Source {
            name: name.into(),
            format,
            bytes: Arc::clone(bytes),
            outline,
            orientation: told.orientation,
            colours: colours.unwrap_or_default(),
        };
        let first = source
            .frames()
            .and_then(|mut frames| frames.next().transpose());
        match first {
            Ok(Some(first)) => {
                let first_delay = delay(&first);
                let first = source.bitmap(first).map_err(|why| AnimationError::Unreadable(why.into()))?;
                Ok(Self {
                    source,
                    first,
                    first_delay,
                    health: Health::default(),
                    notes: notes.into_iter().flatten().collect(),
                })
            }
            Ok(None) => Err(AnimationError::Unreadable(
                "the animation has no frames; export it anew".into(),
            )),
            Err(ImageError::Unsupported(_)) => Err(AnimationError::OnlyStill(
                "its colours have 16 bits, which are not animated: only its first picture is shown; export it with 8 bits a channel"
                    .to_owned(),
            )),
            Err(error) => Err(AnimationError::Unreadable(explain(error))),
        }
    }

    /// Says who hears of a frame that cannot be decoded.
    pub(crate) fn reporting_to(self, health: Health) -> Self {
        Self { health, ..self }
    }

    /// How many frames it has.
    pub(crate) const fn frames(&self) -> u32 {
        self.source.outline.frames
    }

    /// What is well to know about it.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Its first frame alone.
    pub(crate) fn into_first(self) -> Bitmap {
        self.first
    }

    /// Decodes all frames, or as many as [`INSPECTED_PIXELS_MAX`] allows, and says what of it is
    /// not shown.
    pub(crate) fn inspect(&self) -> Option<String> {
        let outline = self.source.outline;
        let most = INSPECTED_PIXELS_MAX / outline.frame_pixels().max(1);
        let most = outline.frames.min(u32::try_from(most).unwrap_or(u32::MAX));
        let says = |at: u32, why: Told| {
            let frame = at + 1;
            Some(format!(
                "frame {frame} of its animation: {why}; it rests on the frame before"
            ))
        };
        let frames = guarded(|| self.source.frames())
            .map_err(Told::from)
            .and_then(|frames| frames.map_err(explain));
        let mut frames = match frames {
            Ok(frames) => frames,
            Err(why) => return says(0, why),
        };
        for at in 0..most {
            match guarded(|| frames.next()) {
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return says(at, explain(error)),
                Ok(None) => break,
                Err(why) => return says(at, why.into()),
            }
        }
        None
    }
}

impl Content for Animation {
    fn size(&self) -> (u32, u32) {
        (self.first.width, self.first.height)
    }

    fn sample(&self) -> Sample {
        scale::sample(&self.first)
    }

    fn stands_on_paper(&self) -> bool {
        self.first.stands_on_paper()
    }

    fn scaled(&self, crop: Crop, size: (u32, u32), paper: Rgb) -> Result<Vec<u8>, ComposeError> {
        scale::scaled(&self.first, crop, size, paper)
    }

    fn film(
        &mut self,
        crop: Crop,
        size: (u32, u32),
        paper: Rgb,
    ) -> Result<Option<Film>, ComposeError> {
        let enlarges = crop.width < f64::from(size.0) || crop.height < f64::from(size.1);
        let fitting = Fitting {
            scaled: (!enlarges).then_some((crop, size)),
            paper,
        };
        let (width_px, height_px) = if enlarges { self.size() } else { size };
        let travel = Travel::Still(if enlarges {
            crop.share(self.size())
        } else {
            [0.0, 0.0, 1.0, 1.0]
        });
        let nothing = Bitmap {
            width: 0,
            height: 0,
            pixels: Pixels::Rgba(Vec::new()),
        };
        let pixels = fitting.fit(std::mem::replace(&mut self.first, nothing))?;
        let frame_source = frame_source::AnimationFrameSource::start(
            self.source.clone(),
            fitting,
            (width_px, height_px),
            &pixels,
            self.first_delay,
            self.health.clone(),
        )?;
        Ok(Some(Film {
            picture: MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            },
            travel,
            frame_source: Some(Box::new(frame_source)),
        }))
    }
}

/// What a file tells about the pixels of all its frames.
fn told(format: ImageFormat, bytes: &[u8]) -> PixelFacts {
    let decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder();
    match decoder {
        Ok(mut decoder) if format != ImageFormat::Gif => {
            PixelFacts::of(format, bytes, &mut decoder)
        }
        _ => PixelFacts::nothing(),
    }
}

#[cfg(test)]
mod tests;

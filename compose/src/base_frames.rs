//! Finished frames but for their codes: what they depend on, and where they are kept.
//!
//! Invariant: a frame with nothing that moves beneath it is kept in a file where there can be one,
//! else in memory.

use std::path::Path;
use std::time::Instant;

use passerby_playout::content::creative::Creative;
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::Colours;

use crate::live::LiveElement;
use crate::page::code_square::CodePlan;
use crate::page::moving_layer::KenBurns;
use crate::raster::canvas::Canvas;
use crate::raster::frame_cache::{Cache, Weigh};
use crate::raster::frame_files::FrameFiles;
use crate::slide::{Moving, MovingPicture};

/// What a frame without its code depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrameKey {
    pub(crate) creative: Creative,
    pub(crate) headline: Option<String>,
    /// Call, host and the code square's plan.
    pub(crate) code: Option<(String, String, CodePlan)>,
    pub(crate) colours: Colours,
    pub(crate) ken_burns: Option<KenBurns>,
    pub(crate) screen: Geometry,
    /// A card without the time to be read may air without its body.
    pub(crate) is_brief: bool,
}

/// A finished frame but for the code, turned for the output.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) canvas: Canvas,
    pub(crate) moving: Option<Moving>,
    pub(crate) about: AboutBase,
}

/// What belongs to a frame beside its pixels.
#[derive(Clone)]
pub(crate) struct AboutBase {
    /// No other frame of this composer has it.
    pub(crate) number: u64,
    pub(crate) live: Vec<LiveElement>,
    pub(crate) remarks: Vec<String>,
}

impl Weigh for Base {
    fn bytes(&self) -> usize {
        let moving = self
            .moving
            .as_ref()
            .map_or(0, |moving| match &moving.picture {
                MovingPicture::Rgba { pixels, .. } | MovingPicture::Strip { pixels, .. } => {
                    pixels.len()
                }
                MovingPicture::Nv12 { luma, chroma, .. } => luma.len() + chroma.len(),
            });
        let live: usize = self.about.live.iter().map(LiveElement::bytes).sum();
        self.canvas.rgba.len() + live + moving
    }
}

/// The frames that a composer keeps.
pub(crate) struct KeptFrames {
    memory: Cache<FrameKey, Base>,
    files: Option<FrameFiles<FrameKey, AboutBase>>,
}

impl KeptFrames {
    /// Keeps nothing yet; files go into a folder, if one is given and can be written.
    pub(crate) fn new(folder: Option<&Path>) -> Self {
        Self {
            memory: Cache::new(),
            files: folder.and_then(FrameFiles::open),
        }
    }

    /// Returns a frame that is kept.
    pub(crate) fn get(&mut self, key: &FrameKey) -> Option<Base> {
        if let Some(base) = self.memory.get(key) {
            return Some(base.clone());
        }
        let (canvas, about) = self.files.as_mut()?.get(key, Instant::now())?;
        Some(Base {
            canvas,
            moving: None,
            about,
        })
    }

    /// Keeps a frame, as long as there is room.
    pub(crate) fn put(&mut self, key: FrameKey, base: &Base) {
        if let Some(files) = self.files.as_mut().filter(|_| base.moving.is_none())
            && files.put(key.clone(), &base.canvas, &base.about, Instant::now())
        {
            return;
        }
        self.memory.put(key, base.clone());
    }
}

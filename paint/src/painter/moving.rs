//! Rows of what shows through the holes of a slide.

use std::ops::Range;

use passerby_compose::slide::{Area, MovingPicture};

use crate::frame::{MovingNumbers, Rectangle};
use crate::painter::picture::PictureRows;
use crate::painter::scratch::Scratch;
use crate::painter::strip::StripRows;
use crate::painter::video::VideoRows;

/// A moving layer, ready to be painted row by row.
pub(super) struct MovingRows<'a> {
    /// Where it is seen, in pixels from the left of the slide's area on the output.
    pub(super) columns: Range<u32>,
    /// The same from its top.
    pub(super) rows: Range<u32>,
    /// Of each row the place in the moving layer's area, 0 to 1.
    downward: Vec<f32>,
    /// What a row's place is in the picture.
    row_axis: [f32; 2],
    kind: Rows<'a>,
}

enum Rows<'a> {
    Picture(PictureRows<'a>),
    Video(Box<VideoRows<'a>>),
    Strip(StripRows<'a>),
}

impl<'a> MovingRows<'a> {
    /// Works out what each column shows, for a slide of `slide_px` that lies in an area of the
    /// output.
    pub(super) fn new(
        numbers: &MovingNumbers,
        picture: &'a MovingPicture,
        area: Area,
        slide_px: (u32, u32),
    ) -> Self {
        let [left, top, width, height] = numbers.area;
        let (columns, rightward) = seen(area.width, slide_px.0, [left, width]);
        let (rows, downward) = seen(area.height, slide_px.1, [top, height]);
        let [across, down] = [numbers.across, numbers.down];
        // Of a turned picture a row of the output is a column.
        let is_turned = across[0] == 0.0;
        let column_axis = if is_turned {
            [down[0], down[2]]
        } else {
            [across[0], across[2]]
        };
        let row_axis = if is_turned {
            [across[1], across[2]]
        } else {
            [down[1], down[2]]
        };
        let places = rightward.iter().map(|at| on_axis(column_axis, *at));
        let kind = match picture {
            MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            } => Rows::Picture(PictureRows::new(
                pixels,
                (*width_px as usize, *height_px as usize),
                is_turned,
                places,
            )),
            MovingPicture::Nv12 {
                width_px,
                height_px,
                luma,
                chroma,
                ..
            } => Rows::Video(Box::new(VideoRows::new(
                (luma, chroma),
                (*width_px as usize, *height_px as usize),
                is_turned,
                (numbers.chroma_shift, numbers.colours),
                places,
            ))),
            MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                pixels,
            } => Rows::Strip(StripRows::new(
                pixels,
                [row_px, height_px, length_px].map(|number| *number as usize),
                is_turned,
                places,
            )),
        };
        Self {
            columns,
            rows,
            downward,
            row_axis,
            kind,
        }
    }

    /// Fills a part of a row that lies within `rows` and `columns`.
    pub(super) fn row(&self, y: u32, from: u32, out: &mut [u8], scratch: &mut Scratch) {
        let at = self.downward[(y - self.rows.start) as usize];
        let place = on_axis(self.row_axis, at);
        let from = (from - self.columns.start) as usize;
        match &self.kind {
            Rows::Picture(rows) => rows.row(place, from, out, scratch),
            Rows::Video(rows) => rows.row(place, from, out, scratch),
            Rows::Strip(rows) => rows.row(place, from, out),
        }
    }
}

fn on_axis([length, start]: [f32; 2], at: f32) -> f32 {
    length * at + start
}

/// Which pixels of a side of the output show a stretch of the slide, and where in it each is.
#[allow(
    clippy::cast_precision_loss,
    reason = "pixels of an output fit 24 bits by far"
)]
fn seen(side: u32, slide_px: u32, [start, length]: [f32; 2]) -> (Range<u32>, Vec<f32>) {
    let scale = slide_px as f32 / side as f32;
    let place = |pixel: u32| (pixel as f32 + 0.5) * scale;
    let is_before = |pixel: &u32| place(*pixel) < start;
    let first = (0..side).take_while(is_before).count();
    let first = u32::try_from(first).unwrap_or(side);
    let places: Vec<f32> = (first..side)
        .map(place)
        .take_while(|at| *at < start + length)
        .map(|at| (at - start) / length)
        .collect();
    let count = u32::try_from(places.len()).unwrap_or_default();
    (first..first + count, places)
}

/// The whole pixels of the output whose middles lie in a rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PixelRange {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl PixelRange {
    #[allow(clippy::cast_possible_truncation, reason = "pixels of an output")]
    pub(super) fn within([x, y, width, height]: Rectangle) -> Self {
        let first = |at: f32| (at - 0.5).ceil() as i64;
        Self {
            left: first(x),
            top: first(y),
            right: first(x + width),
            bottom: first(y + height),
        }
    }

    pub(super) fn has_row(&self, y: i64) -> bool {
        self.left < self.right && (self.top..self.bottom).contains(&y)
    }
}

//! The pixels of one slide, and whether they fit together.

use passerby_compose::slide::{MovingPicture, Patch, Plane};

/// The pixels of one slide.
pub struct SlidePixels {
    /// Pixels a row.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Four bytes a pixel in sRGB with straight alpha.
    pub rgba: Vec<u8>,
    /// What shows through its holes.
    pub picture: Option<MovingPicture>,
}

impl SlidePixels {
    /// Checks that there are as many pixels as there should be.
    ///
    /// # Errors
    /// Says which of its sizes do not fit together, or are larger than `side_px_max`.
    pub fn check(&self, side_px_max: u32) -> Result<(), String> {
        let check = |what: &str, width: u32, height: u32, pixel_bytes: u64, bytes: &[u8]| {
            let sides = 1..=side_px_max;
            if !sides.contains(&width) || !sides.contains(&height) {
                return Err(format!(
                    "{what} is {width}x{height} pixels, and 1 to {side_px_max} a side can be drawn here"
                ));
            }
            let wanted = u64::from(width) * u64::from(height) * pixel_bytes;
            if bytes.len() as u64 != wanted {
                return Err(format!(
                    "{what} has {} bytes where {width}x{height} pixels take {wanted}",
                    bytes.len()
                ));
            }
            Ok(())
        };
        check("it", self.width_px, self.height_px, 4, &self.rgba)?;
        match &self.picture {
            None => Ok(()),
            Some(MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            }) => check("its picture", *width_px, *height_px, 4, pixels),
            Some(MovingPicture::Nv12 {
                width_px,
                height_px,
                luma,
                chroma,
                ..
            }) => {
                if width_px % 2 == 1 || height_px % 2 == 1 {
                    return Err(format!("its film has an odd side: {width_px}x{height_px}"));
                }
                check("its luma", *width_px, *height_px, 1, luma)?;
                check("its chroma", width_px / 2, height_px / 2, 2, chroma)
            }
            Some(MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                pixels,
            }) => {
                let rows = (*row_px > 0 && *length_px > 0)
                    .then(|| length_px.div_ceil(*row_px))
                    .and_then(|rows| rows.checked_mul(*height_px));
                let Some(rows) = rows else {
                    return Err(format!(
                        "its strip of {length_px} pixels in rows of {row_px}x{height_px} has no size"
                    ));
                };
                check("its strip", *row_px, rows, 4, pixels)
            }
        }
    }

    /// The sizes of its planes.
    pub fn sizes(&self) -> PlaneSizes {
        let (moving, is_video) = match &self.picture {
            None => (None, false),
            Some(MovingPicture::Rgba {
                width_px,
                height_px,
                ..
            }) => (Some((*width_px, *height_px)), false),
            Some(MovingPicture::Nv12 {
                width_px,
                height_px,
                ..
            }) => (Some((*width_px, *height_px)), true),
            Some(MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                ..
            }) => (
                Some((*row_px, length_px.div_ceil(*row_px) * height_px)),
                false,
            ),
        };
        PlaneSizes {
            still: (self.width_px, self.height_px),
            moving,
            is_video,
        }
    }
}

/// The sizes of a slide's planes, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneSizes {
    /// Its still layer.
    pub still: (u32, u32),
    /// Its moving picture: its luma, if it is a video.
    pub moving: Option<(u32, u32)>,
    /// Whether it has a plane of chroma, half as large.
    pub is_video: bool,
}

impl PlaneSizes {
    /// Checks that a patch has a plane, lies in it, and has all its pixels.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn check(&self, patch: &Patch) -> Result<(), String> {
        let size = match patch.plane {
            Plane::Still => Some(self.still),
            Plane::Moving => self.moving,
            Plane::Chroma => self
                .moving
                .filter(|_| self.is_video)
                .map(|(width, height)| (width / 2, height / 2)),
        };
        let Some((width, height)) = size else {
            return Err(format!("it has no plane {:?}", patch.plane));
        };
        let area = patch.area;
        let fits = |start: u32, length: u32, side: u32| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
        };
        if !fits(area.x, area.width, width) || !fits(area.y, area.height, height) {
            return Err(format!(
                "{area:?} does not lie in a plane of {width}x{height}"
            ));
        }
        let row_bytes = area.width as usize * patch.plane.pixel_bytes(self.is_video);
        if patch.bytes.len() != row_bytes * area.height as usize {
            return Err(format!(
                "{area:?} takes {} bytes, not {}",
                row_bytes * area.height as usize,
                patch.bytes.len()
            ));
        }
        Ok(())
    }
}

//! One picture that stands for a film where nothing moves: on a page, in a list.
//!
//! Invariant: a film that can be shown has one, also when every picture of it is blank.

use std::time::Duration;

use passerby_playout::messages::stage_messages::ComposeError;

use crate::creative::video;
use crate::creative::video::{Clip, Tools};
use crate::creative::video_content;
use crate::raster::bitmap::Bitmap;
use crate::slide::MovingPicture;

/// When a film is looked at, counted from its beginning. Films often come up from black, and logos
/// stand in the first seconds.
const MOMENTS: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(8),
];
/// How long a film may take to come to the last of them.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far the luma of a good picture strays from its mean, in steps of eight bits (standard
/// deviation). What comes up from black, a blank field and a field with a few words stay below.
const DEVIATION_GOOD: f64 = 30.0;

/// Returns the first good picture of a film among those at [`MOMENTS`], else the best of them, with
/// at most `side_px` on its longer side.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn of(tools: &Tools, clip: &Clip, side_px: u32) -> Result<Bitmap, ComposeError> {
    let mut moments = MOMENTS.iter().peekable();
    let mut best: Option<(f64, MovingPicture)> = None;
    video::look_through(tools, clip, (side_px, side_px), PATIENCE, |due, picture| {
        if moments.peek().is_none_or(|&&moment| due < moment) {
            return moments.peek().is_some();
        }
        while moments.next_if(|&&moment| moment <= due).is_some() {}
        let deviation = deviation(&picture);
        let is_better = best.as_ref().is_none_or(|(best, _)| deviation > *best);
        if is_better {
            best = Some((deviation, picture));
        }
        deviation < DEVIATION_GOOD && moments.peek().is_some()
    })?;
    best.and_then(|(_, picture)| video_content::bitmap_of(&picture))
        .ok_or_else(|| ComposeError("it has no picture; export it anew".to_owned()))
}

/// How far luma strays from its mean.
fn deviation(picture: &MovingPicture) -> f64 {
    let MovingPicture::Nv12 { luma, .. } = picture else {
        return 0.0;
    };
    let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    // A few thousand pixels from all over it tell.
    for &luma in luma.iter().step_by(37) {
        let luma = f64::from(luma);
        count += 1;
        sum += luma;
        squares += luma * luma;
    }
    let count = f64::from(count.max(1));
    let mean = sum / count;
    (squares / count - mean * mean).max(0.0).sqrt()
}

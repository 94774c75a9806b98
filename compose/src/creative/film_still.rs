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
/// Of how many steps between neighbours a sharp picture has one as large as its deviation. In one
/// that is blurred, by its lens or by a fade, all of them are small.
const STEPS_OF_ONE_EDGE: u32 = 2_000;

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
        let is_sharp = is_sharp(&picture, deviation);
        // A blurred picture stands for a film only where no other one is half as rich.
        let worth = if is_sharp { deviation } else { deviation / 2.0 };
        let is_better = best.as_ref().is_none_or(|(best, _)| worth > *best);
        if is_better {
            best = Some((worth, picture));
        }
        worth < DEVIATION_GOOD && moments.peek().is_some()
    })?;
    best.and_then(|(_, picture)| video_content::bitmap_of(&picture))
        .ok_or_else(|| ComposeError::new("it has no picture; export it anew".to_owned()))
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

/// Tells whether a picture has edges, as far as luma goes.
fn is_sharp(picture: &MovingPicture, deviation: f64) -> bool {
    let MovingPicture::Nv12 { width_px, luma, .. } = picture else {
        return true;
    };
    let width = usize::try_from(*width_px).unwrap_or(1).max(1);
    let (mut steps, mut edges) = (0_u32, 0_u32);
    for row in luma.chunks(width).step_by(3) {
        for pair in row.windows(3).step_by(2) {
            steps += 1;
            edges += u32::from(f64::from(pair[0].abs_diff(pair[2])) >= deviation.max(1.0));
        }
    }
    edges.saturating_mul(STEPS_OF_ONE_EDGE) >= steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slide::{Matrix, VideoCoding};

    /// A picture that is dark on its left and bright on its right, with an edge of some width.
    fn edge(width_px: u16) -> MovingPicture {
        let from = 160 - width_px / 2;
        let row: Vec<u8> = (0..320_u16)
            .map(|x| {
                let share = f32::from(x.saturating_sub(from).min(width_px)) / f32::from(width_px);
                // From 20 to 220.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let luma = (20.0 + 200.0 * share) as u8;
                luma
            })
            .collect();
        MovingPicture::Nv12 {
            width_px: 320,
            height_px: 180,
            luma: row.repeat(180),
            chroma: vec![128; 320 * 90],
            coding: VideoCoding {
                matrix: Matrix::Bt709,
                full_range: false,
            },
        }
    }

    #[test]
    fn a_picture_without_edges_is_blurred() {
        for (width_px, sharp) in [(1, true), (2, true), (40, false), (200, false)] {
            let picture = edge(width_px);
            let deviation = deviation(&picture);
            assert!(deviation > DEVIATION_GOOD, "{deviation}");
            assert_eq!(is_sharp(&picture, deviation), sharp, "{width_px}");
        }
    }
}

//! What moves beneath the still layer: the hole it is seen through, and Ken Burns.
//!
//! One rule for all that moves, animation, video or a picture that grows:
//!
//! 1. While the slide is still upright, and before words and code panels are drawn,
//!    [`stage_moving`] opens a hole in the canvas where the moving picture is seen. The hole has
//!    alpha 0; what is drawn later closes it where it stands.
//! 2. It returns the [`Moving`] layer with its area already turned for the output. The canvas is
//!    turned at the end.
//! 3. The code square is opaque and drawn last, so what was read back from the still layer holds
//!    for the composite.
//!
//! Invariants: a moving picture covers its hole; a picture that only moves for beauty, by Ken
//! Burns, stays a code's width away from the code, or it rests.

use std::time::Duration;

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::creative::KEN_BURNS_GROWTH;

use crate::page::frame::Frame;
use crate::raster::canvas::{Area, Canvas, px, real};
use crate::raster::scale;
use crate::slide::{FrameSource, Moving, MovingPicture, Travel};

/// How much a picture grows under Ken Burns, at most.
const GROWTH: f32 = KEN_BURNS_GROWTH;
/// Longest side of the enlarged picture that Ken Burns travels through, where the place itself is
/// not longer: what every GPU takes.
const KEN_BURNS_SIDE_PX_MAX: u32 = 8_192;

/// A moving picture with what feeds it, before it has a place.
pub(crate) struct Film {
    /// Its first frame.
    pub(crate) picture: MovingPicture,
    /// What of it is seen.
    pub(crate) travel: Travel,
    /// What feeds it; none when only the travel moves.
    pub(crate) frame_source: Option<Box<dyn FrameSource>>,
}

/// Puts a moving picture beneath an upright canvas: opens a hole over `shown`, which is in pixels
/// of the upright frame, and returns the layer as the slide wants it, with its area turned. Draw
/// words and code panels after this.
pub(crate) fn stage_moving(
    canvas: &mut Canvas,
    shown: Area,
    frame: &Frame,
    picture: MovingPicture,
    travel: Travel,
) -> Moving {
    canvas.open_hole(shown);
    Moving {
        area: shown.rotated(frame.width, frame.height, frame.rotation),
        picture,
        turn: frame.rotation,
        travel,
    }
}

/// The slow zoom that an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KenBurns {
    /// From first to last.
    pub(crate) over: Duration,
    /// Whether it comes closer; else it draws back.
    pub(crate) closer: bool,
}

impl KenBurns {
    /// Makes a film of a still picture. `scaled` returns the picture at a size in pixels, as rows
    /// of RGB.
    pub(crate) fn film(
        self,
        (width, height): (u32, u32),
        scaled: impl FnOnce((u32, u32)) -> Result<Vec<u8>, ComposeError>,
    ) -> Result<Film, ComposeError> {
        let grown = |side: u32| {
            let most = side.max(KEN_BURNS_SIDE_PX_MAX);
            px((real(side) * (1.0 + GROWTH)).ceil()).clamp(1, most)
        };
        let (width_px, height_px) = (grown(width), grown(height));
        let pixels = scale::opaque(&scaled((width_px, height_px))?);
        let whole = [0.0, 0.0, 1.0, 1.0];
        let side = 1.0 / (1.0 + GROWTH);
        // Faces are rather above the middle.
        let close = [(1.0 - side) * 0.5, (1.0 - side) * 0.4, side, side];
        let (from, to) = if self.closer {
            (whole, close)
        } else {
            (close, whole)
        };
        Ok(Film {
            picture: MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            },
            travel: Travel::Zoom {
                from,
                to,
                over: self.over,
            },
            frame_source: None,
        })
    }
}

/// Tells whether something may move for beauty in an area: no part of it lies within a code's width
/// of the code.
pub(crate) fn may_drift(shown: Area, code_square: Option<Area>) -> bool {
    code_square.is_none_or(|code_square| {
        code_square
            .outset(code_square.width)
            .common(shown)
            .is_none()
    })
}

/// Says why a picture that asks for Ken Burns will rest, for `passerby check`; `None` when it
/// moves.
///
/// A picture over the whole frame reaches its code, so it moves only without one. Beside a headline
/// it moves when the panel keeps it a code's width away from the code, which depends on the screen.
pub fn ken_burns_note(has_code: bool, has_headline: bool) -> Option<&'static str> {
    match (has_code, has_headline) {
        (true, false) => Some(
            "the picture rests: nothing moves within a code's width of a code; give it a headline, or take the code off",
        ),
        (true, true) => Some(
            "the picture moves only on screens where it is a code's width away from the code, and rests on others",
        ),
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_playout::screen::geometry::Geometry;
    use passerby_protocol::campaign::Rgb;

    #[test]
    fn ken_burns_grows_by_six_percent_inside_the_picture() {
        for closer in [false, true] {
            let zoom = KenBurns {
                over: Duration::from_secs(10),
                closer,
            };
            let film = zoom
                .film((1_920, 1_080), |(width, height)| {
                    assert_eq!((width, height), (2_036, 1_145));
                    Ok(vec![7; (width * height * 3) as usize])
                })
                .expect("made");
            let Travel::Zoom { from, to, over } = film.travel else {
                panic!("it zooms");
            };
            assert_eq!(over, Duration::from_secs(10));
            let (wide, close) = if closer { (from, to) } else { (to, from) };
            assert_eq!(wide, [0.0, 0.0, 1.0, 1.0]);
            assert!((wide[2] / close[2] - 1.06).abs() < 1e-4);
            assert!(close[0] >= 0.0 && close[1] >= 0.0);
            assert!(close[0] + close[2] <= 1.0 && close[1] + close[3] <= 1.0);
        }
    }

    #[test]
    fn ken_burns_asks_no_gpu_for_more_than_it_takes() {
        let zoom = KenBurns {
            over: Duration::from_secs(1),
            closer: true,
        };
        let made = zoom.film((8_000, 2), |(width, height)| {
            assert_eq!((width, height), (8_192, 3));
            Ok(vec![0; (width * height * 3) as usize])
        });
        assert!(made.is_ok());
    }

    #[test]
    fn nothing_drifts_within_a_codes_width_of_a_code() {
        let code_square = Area::new(1_500, 700, 300, 300);
        assert!(!may_drift(Area::new(0, 0, 1_920, 1_080), Some(code_square)));
        assert!(!may_drift(Area::new(0, 0, 1_201, 1_080), Some(code_square)));
        assert!(may_drift(Area::new(0, 0, 1_200, 1_080), Some(code_square)));
        assert!(may_drift(Area::new(0, 0, 1_920, 400), Some(code_square)));
        assert!(may_drift(Area::new(0, 0, 1_920, 1_080), None));
        assert!(ken_burns_note(true, false).is_some());
        assert!(ken_burns_note(false, true).is_none());
    }

    #[test]
    fn a_hole_and_its_layer_lie_in_the_same_place() {
        for rotation in [0, 90, 180, 270] {
            let frame = Frame::of(&Geometry {
                rotation,
                ..Geometry::whole(64, 40)
            })
            .expect("a frame");
            let mut canvas = Canvas::filled(frame.width, frame.height, Rgb([5; 3]));
            let shown = Area::new(3, 5, 20, 9);
            let picture = MovingPicture::Rgba {
                width_px: 1,
                height_px: 1,
                pixels: vec![255; 4],
            };
            let travel = Travel::Still([0.0, 0.0, 1.0, 1.0]);
            let moving = stage_moving(&mut canvas, shown, &frame, picture, travel);
            assert_eq!(moving.turn, rotation);
            let turned = canvas.rotated(rotation);
            for y in 0..turned.height {
                for x in 0..turned.width {
                    let at = (y * turned.width + x) as usize * 4 + 3;
                    let inside = moving.area.common(Area::new(x, y, 1, 1)).is_some();
                    assert_eq!(turned.rgba[at] == 0, inside, "{rotation}: {x},{y}");
                }
            }
        }
    }
}

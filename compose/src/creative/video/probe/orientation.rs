//! How the pictures of a video are turned and mirrored before people see them.
//!
//! A file says it by the display matrix of ISO 14496-12, section 6.2.2: a picture's point (x, y) is
//! shown at (a·x + c·y, b·x + d·y), y counted downwards. Cameras write one of eight; of others the
//! nearest of these is taken.

use serde_json::Value;

/// One of the eight ways in which a picture can lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::creative::video) enum Orientation {
    #[default]
    Upright,
    /// Turned a quarter clockwise to be seen.
    Clockwise,
    HalfTurn,
    CounterClockwise,
    /// Left and right change places.
    Mirrored,
    /// Top and bottom change places.
    UpsideDown,
    /// Mirrored along the line from the top left to the bottom right.
    Transposed,
    /// Mirrored along the line from the top right to the bottom left.
    Transversed,
}

impl Orientation {
    /// Reads what ffprobe says about a stream: its display matrix, or the rotation of older
    /// programs.
    pub(super) fn of_stream(video: &Value) -> Self {
        let sides = || video["side_data_list"].as_array().into_iter().flatten();
        if let Some(matrix) = sides().find_map(|side| matrix(side["displaymatrix"].as_str()?)) {
            return Self::of_matrix(matrix);
        }
        let counter_clockwise = sides().find_map(|side| side["rotation"].as_i64());
        let tag = || video["tags"]["rotate"].as_str()?.parse::<i64>().ok();
        let clockwise = counter_clockwise.map(|turn| -turn).or_else(tag);
        match clockwise.unwrap_or(0).rem_euclid(360) {
            45..135 => Self::Clockwise,
            135..225 => Self::HalfTurn,
            225..315 => Self::CounterClockwise,
            _ => Self::Upright,
        }
    }

    const fn of_matrix([a, b, c, d]: [i64; 4]) -> Self {
        let straight = a.saturating_abs().saturating_add(d.saturating_abs());
        let turned = b.saturating_abs().saturating_add(c.saturating_abs());
        if straight >= turned {
            match (a < 0, d < 0) {
                (false, false) => Self::Upright,
                (true, false) => Self::Mirrored,
                (false, true) => Self::UpsideDown,
                (true, true) => Self::HalfTurn,
            }
        } else {
            match (b < 0, c < 0) {
                (false, true) => Self::Clockwise,
                (true, false) => Self::CounterClockwise,
                (false, false) => Self::Transposed,
                (true, true) => Self::Transversed,
            }
        }
    }

    /// Whether width and height change places.
    pub(in crate::creative::video) const fn swaps_sides(self) -> bool {
        matches!(
            self,
            Self::Clockwise | Self::CounterClockwise | Self::Transposed | Self::Transversed
        )
    }

    /// What ffmpeg does with the pictures so that they are seen as they should.
    pub(in crate::creative::video) const fn filter(self) -> Option<&'static str> {
        match self {
            Self::Upright => None,
            Self::Clockwise => Some("transpose=clock"),
            Self::HalfTurn => Some("hflip,vflip"),
            Self::CounterClockwise => Some("transpose=cclock"),
            Self::Mirrored => Some("hflip"),
            Self::UpsideDown => Some("vflip"),
            Self::Transposed => Some("transpose=cclock_flip"),
            Self::Transversed => Some("transpose=clock_flip"),
        }
    }
}

/// The numbers a, b, c and d of a matrix as ffprobe prints it: three rows of three numbers, each
/// row behind its place.
fn matrix(printed: &str) -> Option<[i64; 4]> {
    let mut rows = printed.lines().filter_map(|line| line.split_once(':'));
    let mut row = || -> Option<[i64; 2]> {
        let mut numbers = rows.next()?.1.split_whitespace();
        let mut number = || numbers.next()?.parse().ok();
        Some([number()?, number()?])
    };
    let [[a, b], [c, d]] = [row()?, row()?];
    let is_any = [a, b, c, d].iter().any(|&number: &i64| number != 0);
    is_any.then_some([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_matrix_that_is_none_leaves_the_word_to_the_rotation() {
        for printed in [
            "",
            "0: 0 0 0\n1: 0 0 0\n",
            "0: 65536",
            "0: x y z\n1: 1 1 1\n",
        ] {
            let side = json!({"side_data_list": [{"displaymatrix": printed, "rotation": -90}]});
            assert_eq!(Orientation::of_stream(&side), Orientation::Clockwise);
        }
        assert_eq!(Orientation::of_stream(&json!({})), Orientation::Upright);
    }

    #[test]
    fn a_crooked_matrix_is_taken_for_the_nearest() {
        let printed = "00000000: 65000 -8000 0\n00000001: 8000 65000 0\n00000002: 0 0 1073741824\n";
        let side = json!({"side_data_list": [{"displaymatrix": printed}]});
        assert_eq!(Orientation::of_stream(&side), Orientation::Upright);
    }
}

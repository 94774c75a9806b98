//! A rectangle of whole pixels.

/// A rectangle of whole pixels, from the top left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Area {
    /// Pixels from the left.
    pub x: u32,
    /// Pixels from the top.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Area {
    /// Puts one together.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The first pixel to its right.
    pub const fn right(self) -> u32 {
        self.x + self.width
    }

    /// The first pixel below it.
    pub const fn bottom(self) -> u32 {
        self.y + self.height
    }

    /// Tells whether it has no pixels.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Takes the same distance off every side.
    #[must_use]
    pub const fn inset(self, by: u32) -> Self {
        Self {
            x: self.x + by,
            y: self.y + by,
            width: self.width.saturating_sub(2 * by),
            height: self.height.saturating_sub(2 * by),
        }
    }

    /// Adds the same distance on every side, but not past the left and the top of everything.
    #[must_use]
    pub const fn outset(self, by: u32) -> Self {
        let (x, y) = (self.x.saturating_sub(by), self.y.saturating_sub(by));
        Self {
            x,
            y,
            width: self.right() + by - x,
            height: self.bottom() + by - y,
        }
    }

    /// Returns what two rectangles have in common; `None` when that is nothing.
    pub fn common(self, other: Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (
            self.right().min(other.right()),
            self.bottom().min(other.bottom()),
        );
        (x < right && y < bottom).then(|| Self::new(x, y, right - x, bottom - y))
    }

    /// Returns where the rectangle lands when a canvas of `width` × `height` turns clockwise by
    /// `rotation` degrees.
    #[must_use]
    pub const fn rotated(self, width: u32, height: u32, rotation: u16) -> Self {
        match rotation {
            90 => Self::new(height - self.bottom(), self.x, self.height, self.width),
            180 => Self::new(
                width - self.right(),
                height - self.bottom(),
                self.width,
                self.height,
            ),
            270 => Self::new(self.y, width - self.right(), self.height, self.width),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarter_turns_lead_back() {
        let area = Area::new(10, 20, 30, 40);
        let once = area.rotated(200, 100, 90);
        let twice = once.rotated(100, 200, 90);
        assert_eq!(twice, area.rotated(200, 100, 180));
        assert_eq!(twice.rotated(200, 100, 90), area.rotated(200, 100, 270));
        assert_eq!(area.rotated(200, 100, 270).rotated(100, 200, 90), area);
    }

    #[test]
    fn what_two_areas_share() {
        let area = Area::new(10, 10, 10, 10);
        assert_eq!(area.common(Area::new(20, 10, 5, 5)), None);
        assert_eq!(
            area.common(Area::new(15, 0, 50, 12)),
            Some(Area::new(15, 10, 5, 2))
        );
        assert_eq!(Area::new(2, 3, 4, 4).outset(3), Area::new(0, 0, 9, 10));
    }
}

//! The numbers that the shader draws a slide with.
//!
//! Invariant: everything that changes over time is here; a moving slide costs one small write a
//! frame, and neither its textures nor its bind group are ever made anew.

use bevy::math::Vec4;

/// What the shader reads, in its order; see `Numbers` in `slide.wgsl` for the meaning and the
/// units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numbers {
    pub(super) area: Vec4,
    pub(super) slide: Vec4,
    pub(super) moving: MovingNumbers,
    pub(super) change: ChangeNumbers,
    /// The slide's own code square.
    pub(super) code_square: Vec4,
    /// Where nothing moves and nothing is mixed while slides change.
    pub(super) calm: [Vec4; 2],
}

/// The moving layer's part.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct MovingNumbers {
    pub(super) area: Vec4,
    pub(super) across: Vec4,
    pub(super) down: Vec4,
    pub(super) strip: Vec4,
    /// Rows for red, green and blue.
    pub(super) colours: [Vec4; 3],
}

/// The transition's part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChangeNumbers {
    /// From 0 to 1.
    pub(super) opacity: f32,
    /// Pixels to the right.
    pub(super) shift_px: f32,
    /// Pixels from the slide's left side to the edge; right of it the slide is not seen.
    pub(super) edge_px: f32,
    /// Pixels over which the edge fades.
    pub(super) soft_px: f32,
}

impl ChangeNumbers {
    /// Fully there, where it belongs.
    pub(super) const REST: Self = Self {
        opacity: 1.0,
        shift_px: 0.0,
        edge_px: 1e6,
        soft_px: 1.0,
    };
}

impl Numbers {
    /// Bytes that the GPU keeps.
    pub(super) const BYTES: usize = 13 * 16;

    /// Lays them out as the shader reads them.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let change = self.change;
        let rows = [
            self.area,
            self.slide,
            self.moving.area,
            self.moving.across,
            self.moving.down,
            self.moving.strip,
            self.moving.colours[0],
            self.moving.colours[1],
            self.moving.colours[2],
            Vec4::new(
                change.opacity,
                change.shift_px,
                change.edge_px,
                change.soft_px,
            ),
            self.code_square,
            self.calm[0],
            self.calm[1],
        ];
        let mut bytes = [0; Self::BYTES];
        let numbers = rows.iter().flat_map(|row| row.to_array());
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }
}

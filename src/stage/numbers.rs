//! The numbers that the shader draws a layer with.
//!
//! Invariant: everything that changes over time is here; a moving slide costs one small write a
//! frame, and neither its textures nor its bind group are ever made anew.

use passerby_paint::{Layer, rectangle};

/// What the shader reads, row by row; see `Numbers` in `slide.wgsl` for the meaning and the units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Numbers([[f32; 4]; 13]);

impl Numbers {
    /// Bytes that the GPU keeps.
    pub(super) const BYTES: usize = 13 * 16;

    /// The numbers of a layer whose slide has so many pixels.
    #[allow(
        clippy::cast_precision_loss,
        reason = "pixels of a texture fit 24 bits by far"
    )]
    pub(super) fn of(layer: &Layer, (wide, high): (u32, u32)) -> Self {
        let moving = layer.moving.unwrap_or_default();
        let row = |[x, y, one]: [f32; 3]| [x, y, one, 0.0];
        let [row_px, height, length] = moving.strip;
        let change = &layer.change;
        let is_read = f32::from(u8::from(layer.is_read));
        Self([
            rectangle(layer.area),
            [wide as f32, high as f32, 0.0, is_read],
            moving.area,
            row(moving.across),
            row(moving.down),
            [row_px, height, length, moving.chroma_shift],
            moving.colours[0],
            moving.colours[1],
            moving.colours[2],
            [
                change.opacity,
                change.shift_px,
                change.edge_px,
                change.soft_px,
            ],
            layer.code_square,
            layer.calm[0],
            layer.calm[1],
        ])
    }

    /// Lays them out as the shader reads them.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (place, number) in bytes.chunks_exact_mut(4).zip(self.0.as_flattened()) {
            place.copy_from_slice(&number.to_ne_bytes());
        }
        bytes
    }
}

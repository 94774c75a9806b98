//! A picture in memory, which is the output where there is no window.

use bevy::prelude::*;

use crate::stage::raw_frame::RawFrame;

/// The picture, as windows would take it.
#[derive(Resource, Default)]
pub(super) struct Memory {
    size: (u32, u32),
    pixels: Vec<u8>,
}

impl Memory {
    /// Its pixels, for an output of a size; of another size than before they are all zero.
    pub(super) fn of_size(&mut self, size: (u32, u32)) -> &mut [u8] {
        if self.size != size {
            self.size = size;
            self.pixels = vec![0; size.0 as usize * size.1 as usize * 4];
        }
        &mut self.pixels
    }

    /// A copy of it.
    pub(super) fn raw_frame(&self) -> RawFrame {
        RawFrame {
            width_px: self.size.0,
            height_px: self.size.1,
            is_bgra: true,
            bytes: self.pixels.clone(),
        }
    }
}

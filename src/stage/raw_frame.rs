//! A frame that was read back, as the presenter stored it.

use passerby_playout::messages::stage_messages::{Snapshot, SnapshotZone};

/// A frame as the presenter stored it: four bytes a pixel.
#[derive(Clone)]
pub(super) struct RawFrame {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// Whether blue comes first.
    pub(super) is_bgra: bool,
    pub(super) bytes: Vec<u8>,
}

impl RawFrame {
    /// Puts the channels in order; the screen itself is opaque, whatever alpha the output keeps.
    pub(super) fn into_snapshot(mut self, zones: Vec<SnapshotZone>) -> Snapshot {
        for pixel in self.bytes.chunks_exact_mut(4) {
            if self.is_bgra {
                pixel.swap(0, 2);
            }
            pixel[3] = 255;
        }
        Snapshot {
            width_px: self.width_px,
            height_px: self.height_px,
            rgba: self.bytes,
            zones,
        }
    }
}

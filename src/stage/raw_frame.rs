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
        for pixel in self.bytes.as_chunks_mut::<4>().0 {
            let [first, green, last, _] = *pixel;
            *pixel = if self.is_bgra {
                [last, green, first, 255]
            } else {
                [first, green, last, 255]
            };
        }
        Snapshot {
            width_px: self.width_px,
            height_px: self.height_px,
            rgba: self.bytes,
            zones,
        }
    }
}

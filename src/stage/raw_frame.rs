//! A frame that was read back, as the GPU stored it.

use bevy::render::render_resource::TextureFormat;
use passerby_playout::messages::stage_messages::Snapshot;

/// A frame as the GPU stored it.
pub(super) struct RawFrame {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    pub(super) format: TextureFormat,
    pub(super) bytes: Vec<u8>,
}

impl RawFrame {
    /// Puts the channels in order; the screen itself is opaque, whatever alpha the output keeps.
    pub(super) fn into_snapshot(mut self) -> Snapshot {
        let swap = matches!(
            self.format,
            TextureFormat::Bgra8Unorm | TextureFormat::Bgra8UnormSrgb
        );
        for pixel in self.bytes.chunks_exact_mut(4) {
            if swap {
                pixel.swap(0, 2);
            }
            pixel[3] = 255;
        }
        Snapshot {
            width_px: self.width_px,
            height_px: self.height_px,
            rgba: self.bytes,
        }
    }
}

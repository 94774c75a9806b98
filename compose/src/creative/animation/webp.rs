//! Lays the frames of an animated WebP over each other.
//!
//! The decoder's own animation keeps what a frame should take away with it, unless its background
//! is set, and then it clears the wrong rows under frames without alpha. So each frame is decoded
//! as a picture by itself, and laid down here as the format says: the last one is taken away if it
//! asks for that, then the new one replaces or covers.
//!
//! Invariant: a frame that reaches past the canvas is an error.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::webp::WebPDecoder;
use image::error::{DecodingError, ImageFormatHint};
use image::{Delay, DynamicImage, Frame, ImageDecoder, ImageError, ImageFormat, RgbaImage};

use crate::creative::animation::outline::{Walk, le24};
use crate::creative::picture;

/// The frames of a file, one after the other.
pub(super) struct WebpFrames {
    bytes: Arc<[u8]>,
    /// Where the next chunk starts.
    at: usize,
    canvas: RgbaImage,
    /// What the last frame leaves to be cleared: left, top, width, height.
    clear: Option<[u32; 4]>,
    is_over: bool,
}

/// Bytes before the first chunk.
const HEADER_BYTES: usize = 12;
/// Bytes of a frame before its picture.
const FRAME_HEADER_BYTES: usize = 16;

impl WebpFrames {
    /// Begins with an empty canvas.
    ///
    /// # Errors
    /// The decoder refuses the file as a whole, so the hub would too; or it reads another size.
    pub(super) fn new(bytes: Arc<[u8]>, width: u32, height: u32) -> Result<Self, ImageError> {
        let whole = WebPDecoder::new(Cursor::new(&bytes))?;
        if whole.dimensions() != (width, height) {
            return Err(damaged("two sizes of one animation"));
        }
        Ok(Self {
            bytes,
            at: HEADER_BYTES,
            canvas: RgbaImage::new(width, height),
            clear: None,
            is_over: false,
        })
    }

    /// Moves on to the next frame chunk and returns where its data lies.
    fn advance(&mut self) -> Option<std::ops::Range<usize>> {
        loop {
            let mut walk = Walk {
                rest: self.bytes.get(self.at..)?,
            };
            let (kind, length) = chunk_head(&mut walk)?;
            let start = self.at + 8;
            let end = start.checked_add(length)?;
            let is_frame = kind == *b"ANMF";
            self.at = end + length % 2;
            if end > self.bytes.len() {
                return None;
            }
            if is_frame {
                return Some(start..end);
            }
        }
    }

    fn lay(&mut self, data: &[u8]) -> Result<Frame, ImageError> {
        if data.len() < FRAME_HEADER_BYTES {
            return Err(damaged("a frame without a header"));
        }
        let [left, top] = [le24(data) * 2, le24(&data[3..]) * 2];
        let [width, height] = [le24(&data[6..]) + 1, le24(&data[9..]) + 1];
        let delay_ms = le24(&data[12..]);
        let flags = data[15];
        if left + width > self.canvas.width() || top + height > self.canvas.height() {
            return Err(damaged("a frame past the edge"));
        }
        let decoder = WebPDecoder::new(Cursor::new(alone(data, width, height)))?;
        if decoder.dimensions() != (width, height) {
            return Err(damaged("a frame of another size than announced"));
        }
        let picture = DynamicImage::from_decoder(decoder)?.into_rgba8();
        if let Some([left, top, width, height]) = self.clear.take() {
            for y in top..top + height {
                for x in left..left + width {
                    self.canvas.get_pixel_mut(x, y).0 = [0; 4];
                }
            }
        }
        let covers = flags & 2 == 0;
        for (x, y, pixel) in picture.enumerate_pixels() {
            let under = self.canvas.get_pixel_mut(left + x, top + y);
            under.0 = if covers {
                over(under.0, pixel.0)
            } else {
                pixel.0
            };
        }
        if flags & 1 != 0 {
            self.clear = Some([left, top, width, height]);
        }
        let delay = Delay::from_numer_denom_ms(delay_ms, 1);
        Ok(Frame::from_parts(self.canvas.clone(), 0, 0, delay))
    }
}

impl Iterator for WebpFrames {
    type Item = Result<Frame, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let Some(place) = self.advance() else {
            self.is_over = true;
            return None;
        };
        let bytes = Arc::clone(&self.bytes);
        let laid = self.lay(&bytes[place]);
        self.is_over = laid.is_err();
        Some(laid)
    }
}

fn chunk_head(walk: &mut Walk<'_>) -> Option<([u8; 4], usize)> {
    let head = walk.take(8)?;
    let length = le24(&head[4..]) | u32::from(head[7]) << 24;
    Some(([head[0], head[1], head[2], head[3]], length as usize))
}

/// Makes a file of one picture from a frame.
fn alone(data: &[u8], width: u32, height: u32) -> Vec<u8> {
    const HAS_ALPHA: u8 = 0x10;
    let picture = &data[FRAME_HEADER_BYTES..];
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0".to_vec();
    file.extend([HAS_ALPHA, 0, 0, 0]);
    file.extend(&(width - 1).to_le_bytes()[..3]);
    file.extend(&(height - 1).to_le_bytes()[..3]);
    file.extend(picture);
    let length = u32::try_from(file.len() - 8).unwrap_or(u32::MAX);
    file[4..8].copy_from_slice(&length.to_le_bytes());
    picture::with_its_alpha(file)
}

/// Lays one colour over another; neither is premultiplied.
fn over(under: [u8; 4], top: [u8; 4]) -> [u8; 4] {
    let cover = u32::from(top[3]);
    if cover == 255 || under[3] == 0 {
        return top;
    }
    if cover == 0 {
        return under;
    }
    let rest = u32::from(under[3]) * (255 - cover) / 255;
    let alpha = cover + rest;
    let mix = |channel: usize| {
        let sum = u32::from(top[channel]) * cover + u32::from(under[channel]) * rest;
        u8::try_from((sum + alpha / 2) / alpha).unwrap_or(u8::MAX)
    };
    let alpha = u8::try_from(alpha).unwrap_or(u8::MAX);
    [mix(0), mix(1), mix(2), alpha]
}

fn damaged(what: &'static str) -> ImageError {
    ImageError::Decoding(DecodingError::new(
        ImageFormatHint::Exact(ImageFormat::WebP),
        what,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_cover_each_other_by_their_alpha() {
        assert_eq!(over([1, 2, 3, 255], [9, 8, 7, 255]), [9, 8, 7, 255]);
        assert_eq!(over([1, 2, 3, 255], [9, 8, 7, 0]), [1, 2, 3, 255]);
        assert_eq!(over([1, 2, 3, 0], [9, 8, 7, 40]), [9, 8, 7, 40]);
        assert_eq!(over([0, 0, 0, 255], [200, 0, 0, 51]), [40, 0, 0, 255]);
    }
}

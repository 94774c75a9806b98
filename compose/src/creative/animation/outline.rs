//! What the blocks of an animated file tell before anything of it is decoded: its size, its frames,
//! its rounds.
//!
//! Invariant: walking never reads past the end and always moves forward, whatever the file says.

use image::ImageFormat;
use passerby_protocol::content_fault::{ContentFault, Told};

use crate::creative::animation::limits::{
    ANIMATION_PIXELS_MAX, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX,
};
use crate::creative::picture::check_size;

/// What an animated file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Pixels across.
    pub(super) width: u32,
    /// Pixels down.
    pub(super) height: u32,
    /// How many frames a round has; more than one.
    pub(super) frames: u32,
    /// How many rounds are played; `None` for ever.
    pub(super) plays: Option<u32>,
}

impl Outline {
    /// Pixels of one frame.
    pub(super) fn frame_pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Walks the blocks of a GIF, PNG or WebP. `None` when it does not move.
///
/// # Errors
/// It is cut off, or past the limits of animations.
pub(crate) fn outline(format: ImageFormat, bytes: &[u8]) -> Result<Option<Outline>, Told> {
    let walked = match format {
        ImageFormat::Gif => Some(gif(bytes)?),
        ImageFormat::Png => png(bytes)?,
        ImageFormat::WebP => webp(bytes)?,
        _ => None,
    };
    let Some(outline) = walked.filter(|outline| outline.frames > 1) else {
        return Ok(None);
    };
    check(&outline)?;
    Ok(Some(outline))
}

fn check(outline: &Outline) -> Result<(), Told> {
    let Outline {
        width,
        height,
        frames,
        ..
    } = *outline;
    check_size(width, height)?;
    let pixels = outline.frame_pixels();
    if pixels > FRAME_PIXELS_MAX || width.max(height) > FRAME_SIDE_PX_MAX {
        let fault = ContentFault::AnimationTooLarge {
            width,
            height,
            million_max: FRAME_PIXELS_MAX / 1_000_000,
            side_max: FRAME_SIDE_PX_MAX,
        };
        return Err(fault.into());
    }
    if frames > FRAMES_MAX {
        let frames_max = FRAMES_MAX;
        return Err(ContentFault::AnimationTooLong { frames, frames_max }.into());
    }
    if pixels * u64::from(frames) > ANIMATION_PIXELS_MAX {
        let fault = ContentFault::AnimationTooMuch {
            frames,
            width,
            height,
            million_max: ANIMATION_PIXELS_MAX / 1_000_000,
        };
        return Err(fault.into());
    }
    Ok(())
}

fn cut_off() -> Told {
    ContentFault::CutOff.into()
}

/// Reads forward through bytes; everything past the end is `None`.
pub(super) struct Walk<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Walk<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }
}

fn le16(bytes: &[u8]) -> u32 {
    u32::from(bytes[0]) | u32::from(bytes[1]) << 8
}

pub(super) fn le24(bytes: &[u8]) -> u32 {
    le16(bytes) | u32::from(bytes[2]) << 16
}

fn be32(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// GIF89a. The Netscape block counts repeats after the first round; without it there is one round.
fn gif(bytes: &[u8]) -> Result<Outline, Told> {
    let mut walk = Walk { rest: bytes };
    let head = walk.take(13).ok_or_else(cut_off)?;
    let mut outline = Outline {
        width: le16(&head[6..]),
        height: le16(&head[8..]),
        frames: 0,
        plays: Some(1),
    };
    colour_table(&mut walk, head[10]).ok_or_else(cut_off)?;
    loop {
        match walk.byte() {
            // Some exporters leave the trailer out.
            None if outline.frames > 0 => return Ok(outline),
            None => return Err(cut_off()),
            Some(0x21) => {
                let plays = gif_extension(&mut walk).ok_or_else(cut_off)?;
                if let Some(repeats) = plays {
                    outline.plays = (repeats > 0).then_some(repeats + 1);
                }
            }
            Some(0x2C) => {
                let image = walk.take(9).ok_or_else(cut_off)?;
                colour_table(&mut walk, image[8])
                    .and_then(|()| walk.byte())
                    .and_then(|_| sub_blocks(&mut walk, |_| {}))
                    .ok_or_else(cut_off)?;
                outline.frames += 1;
            }
            // The trailer; and what is no block, which the decoder may judge.
            Some(_) => return Ok(outline),
        }
    }
}

/// Skips a table of colours, if the flags announce one.
fn colour_table(walk: &mut Walk<'_>, flags: u8) -> Option<()> {
    if flags & 0x80 != 0 {
        walk.take(3 << ((flags & 7) + 1))?;
    }
    Some(())
}

/// Skips an extension and returns the repeats that it sets.
fn gif_extension(walk: &mut Walk<'_>) -> Option<Option<u32>> {
    let label = walk.byte()?;
    let mut at = 0;
    let mut is_loop = false;
    let mut repeats = None;
    sub_blocks(walk, |block| {
        if label == 0xFF && at == 0 {
            is_loop = block == b"NETSCAPE2.0" || block == b"ANIMEXTS1.0";
        } else if is_loop && block.len() >= 3 && block[0] == 1 {
            repeats = Some(le16(&block[1..]));
        }
        at += 1;
    })?;
    Some(repeats)
}

fn sub_blocks(walk: &mut Walk<'_>, mut each: impl FnMut(&[u8])) -> Option<()> {
    loop {
        match walk.byte()? {
            0 => return Some(()),
            length => each(walk.take(usize::from(length))?),
        }
    }
}

/// PNG with an animation control chunk before its pixels.
fn png(bytes: &[u8]) -> Result<Option<Outline>, Told> {
    let mut walk = Walk { rest: bytes };
    let mut size = None;
    let mut control = None;
    let mut has_pixels = false;
    walk.take(8);
    while let Some(head) = walk.take(8) {
        let length = be32(head) as usize;
        let kind = &head[4..];
        let Some(data) = walk.take(length).filter(|_| walk.take(4).is_some()) else {
            // Only an animation is refused here; for a still the decoder says it better.
            return if control.is_some() {
                Err(cut_off())
            } else {
                Ok(None)
            };
        };
        match kind {
            b"IHDR" if length >= 8 => size = Some((be32(data), be32(&data[4..]))),
            b"acTL" if length >= 8 && !has_pixels => {
                control = Some((be32(data), be32(&data[4..])));
            }
            b"IDAT" => has_pixels = true,
            b"IEND" => {
                return Ok(size
                    .zip(control)
                    .map(|((width, height), (frames, plays))| Outline {
                        width,
                        height,
                        frames,
                        plays: (plays > 0).then_some(plays),
                    }));
            }
            _ => {}
        }
    }
    if control.is_some() {
        Err(cut_off())
    } else {
        Ok(None)
    }
}

/// WebP in its extended form.
fn webp(bytes: &[u8]) -> Result<Option<Outline>, Told> {
    let mut walk = Walk { rest: bytes };
    let Some(riff) = walk.take(12) else {
        return Ok(None);
    };
    let claimed = le24(&riff[4..]) | u32::from(riff[7]) << 24;
    // What is behind the length that the head tells is no part of it.
    let length = (claimed as usize).saturating_sub(4).min(walk.rest.len());
    walk.rest = &walk.rest[..length];
    let mut found: Option<Outline> = None;
    while let Some(head) = walk.take(8) {
        let length = (le24(&head[4..]) | u32::from(head[7]) << 24) as usize;
        let data = walk.take(length);
        match (&head[..4], data) {
            (b"VP8X", Some(data)) if length >= 10 && data[0] & 2 != 0 => {
                found = Some(Outline {
                    width: le24(&data[4..]) + 1,
                    height: le24(&data[7..]) + 1,
                    frames: 0,
                    plays: None,
                });
            }
            (b"ANIM", Some(data)) if length >= 6 => {
                if let Some(outline) = &mut found {
                    let plays = le16(&data[4..]);
                    outline.plays = (plays > 0).then_some(plays);
                }
            }
            (b"ANMF", Some(_)) => {
                if let Some(outline) = &mut found {
                    outline.frames = outline.frames.saturating_add(1);
                }
            }
            (_, Some(_)) => {}
            (_, None) if found.is_some() => return Err(cut_off()),
            (_, None) => return Ok(None),
        }
        if length % 2 == 1 {
            walk.take(1);
        }
    }
    if found.is_some() && u64::from(claimed) + 8 > bytes.len() as u64 + 1 {
        return Err(cut_off());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GIF of `frames` images of one pixel, with a loop block if one is given.
    fn small_gif(frames: u32, repeats: Option<u16>) -> Vec<u8> {
        let mut gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF".to_vec();
        if let Some(repeats) = repeats {
            gif.extend(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01");
            gif.extend(repeats.to_le_bytes());
            gif.push(0);
        }
        for _ in 0..frames {
            gif.extend(b"\x21\xF9\x04\0\x05\0\0\0\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
        }
        gif.push(0x3B);
        gif
    }

    fn plays(bytes: &[u8]) -> Option<u32> {
        let found = outline(ImageFormat::Gif, bytes).expect("walks");
        found.expect("it moves").plays
    }

    #[test]
    fn a_gifs_loop_block_counts_what_comes_after_the_first_round() {
        assert_eq!(plays(&small_gif(2, None)), Some(1));
        assert_eq!(plays(&small_gif(2, Some(0))), None);
        assert_eq!(plays(&small_gif(2, Some(3))), Some(4));
        assert_eq!(outline(ImageFormat::Gif, &small_gif(1, Some(0))), Ok(None));
    }

    #[test]
    fn a_cut_gif_is_told_from_one_without_a_trailer() {
        let gif = small_gif(2, Some(0));
        assert!(outline(ImageFormat::Gif, &gif[..gif.len() - 1]).is_ok());
        for cut in 0..gif.len() - 1 {
            // A cut between two images cannot be told from the end, and leaves a still.
            if let Ok(Some(found)) = outline(ImageFormat::Gif, &gif[..cut]) {
                panic!("cut at {cut}: {found:?}");
            }
        }
    }

    #[test]
    fn limits_are_said_before_anything_is_decoded() {
        let mut wide = small_gif(2, None);
        wide[6..10].copy_from_slice(&[0xFF, 0x2F, 0xFF, 0x02]);
        let refused = outline(ImageFormat::Gif, &wide).expect_err("refused");
        assert!(refused.words.contains("8192 a side"), "{refused}");
        wide[6..10].copy_from_slice(&[0, 0x20, 0, 0x20]);
        let refused = outline(ImageFormat::Gif, &wide).expect_err("refused");
        assert!(refused.words.contains("more than 16 million"), "{refused}");
        let refused = outline(ImageFormat::Gif, &small_gif(FRAMES_MAX + 1, None));
        assert!(refused.expect_err("refused").words.contains("3601 frames"));
        let mut long = small_gif(FRAMES_MAX, None);
        long[6..10].copy_from_slice(&[0, 8, 0, 8]);
        let refused = outline(ImageFormat::Gif, &long).expect_err("refused");
        assert!(refused.words.contains("pixels in all"), "{refused}");
    }
}

//! What the markers of a JPEG tell before it is decoded, and what decoders do not tell: whether all
//! of it is there.
//!
//! Colours of four inks: Adobe's programs store them inverted and say so in a marker; the decoder
//! takes all four-ink pictures as inverted, with that marker or without it, as browsers do, since
//! tools that strip metadata take the marker and leave the inks. The marker's transform tells
//! whether the inks are stored as luma and chroma (YCCK).
//!
//! Phones and door cameras leave the end-of-image marker out, or put notes of their own in its
//! place. A file that is cut looks the same from outside, and decoders make up what is missing. So
//! such a file is decoded twice, with different bytes behind its own: all of the picture is there
//! if it does not depend on them.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::creative::video::rgb_of_yuv;
use crate::slide::{Matrix, VideoCoding};

/// What ends a picture.
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
/// Bytes that are no marker, and that no decoder makes up by itself.
const OTHER_BYTES: [u8; 4] = [0x5A, 0xC3, 0x96, 0x1E];
/// How many of them are put behind a picture, at most.
const OTHER_BYTES_COUNT: usize = 4_096;
/// Side of the largest block in which pictures are usually coded, in pixels.
const BLOCK_PX: usize = 16;
/// As many zeros at the end are hardly pixels.
const ZEROS_MIN: usize = 16;
/// What the decoder fills in where it gives up.
const FILLED_IN: u8 = 128;

/// What a walk along the markers found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Markers {
    /// Its coefficients come in several passes, so all of them are held at once.
    pub(super) is_progressive: bool,
    /// Where the coded picture ends.
    end: usize,
    /// It has an end-of-image marker there.
    pub(super) has_end: bool,
    /// It surely breaks off before all passes over it are done.
    is_cut: bool,
}

/// Walks the markers of a JPEG to its end-of-image marker, or to where the picture ends without
/// one.
pub(super) fn markers(bytes: &[u8]) -> Markers {
    let mut found = Markers {
        end: bytes.len(),
        ..Markers::default()
    };
    let mut passes = Passes::default();
    let mut has_pixels = false;
    let mut at = 2;
    while let Some(&[first, marker]) = bytes.get(at..at + 2) {
        let is_frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        match (first, marker) {
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0xD9) => {
                found.end = at;
                found.has_end = true;
                return found;
            }
            (0xFF, 0x01 | 0xD8) if !has_pixels => at += 2,
            (0xFF, 0xC0..=0xCF | 0xDA..=0xFE) if !(has_pixels && is_frame) => {
                let length = bytes.get(at + 2..at + 4).map_or(2, be16).max(2);
                let Some(segment) = bytes.get(at + 4..at + 2 + length) else {
                    // Of tables and scans the rest would have followed; other things may be
                    // anybody's notes.
                    found.is_cut = !has_pixels || matches!(marker, 0xC4 | 0xDA);
                    break;
                };
                at += 2 + length;
                found.is_progressive |= marker == 0xC2;
                if is_frame {
                    passes.expect(segment);
                } else if marker == 0xDA {
                    passes.take(segment);
                    has_pixels = true;
                    at = pixels_end(bytes, at);
                    found.end = at;
                }
            }
            // Not at a marker, before anything was coded: leave the judgement to the decoder.
            _ if !has_pixels => {
                found.has_end = bytes[at..].windows(2).any(|pair| pair == END_OF_IMAGE);
                return found;
            }
            // Somebody's notes in place of the end.
            _ => break,
        }
    }
    found.is_cut |= !has_pixels || (found.is_progressive && !passes.are_done());
    found
}

/// Where the coded pixels end that begin at a place: at the first marker that cannot stand among
/// them, or before bytes that only fill up.
fn pixels_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(step) = bytes[at..].iter().position(|&byte| byte == 0xFF) {
        at += step;
        let behind = bytes[at..].iter().position(|&byte| byte != 0xFF);
        match behind.map(|behind| (at + behind, bytes[at + behind])) {
            Some((behind, 0x00 | 0xD0..=0xD7)) => at = behind + 1,
            _ => return at,
        }
    }
    bytes.len()
}

fn be16(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Which coefficients of a progressive picture have come to their last bit (ITU-T T.81, annex G).
#[derive(Default)]
struct Passes {
    /// Name of each component, and a bit for each of its 64 coefficients.
    components: Vec<(u8, u64)>,
}

impl Passes {
    /// Reads the header of a frame.
    fn expect(&mut self, frame: &[u8]) {
        let components = frame.get(6..).unwrap_or_default().chunks_exact(3);
        self.components = components.map(|component| (component[0], 0)).collect();
    }

    /// Reads the header of a scan.
    fn take(&mut self, scan: &[u8]) {
        let count = usize::from(scan.first().copied().unwrap_or_default());
        let Some(&[first, last, bits]) = scan.get(1 + count * 2..4 + count * 2) else {
            return;
        };
        let is_last_bit = bits & 0x0F == 0;
        if !is_last_bit || last > 63 || first > last {
            return;
        }
        let coefficients = (u64::MAX >> (63 - (last - first))) << first;
        for name in scan[1..].chunks_exact(2).take(count).map(|pair| pair[0]) {
            for component in &mut self.components {
                if component.0 == name {
                    component.1 |= coefficients;
                }
            }
        }
    }

    fn are_done(&self) -> bool {
        self.components.iter().all(|(_, done)| *done == u64::MAX)
    }
}

/// The bytes of a picture with an end-of-image marker, and the same with other bytes before that
/// marker.
pub(super) struct Ended {
    pub(super) bytes: Vec<u8>,
    pub(super) with_others: Vec<u8>,
}

/// Gives a picture an end; `None` when it surely breaks off.
pub(super) fn ended(bytes: &[u8], markers: &Markers) -> Option<Ended> {
    if markers.is_cut {
        return None;
    }
    let coded = &bytes[..markers.end];
    let others: Vec<u8> = OTHER_BYTES
        .into_iter()
        .cycle()
        .take(OTHER_BYTES_COUNT)
        .collect();
    Some(Ended {
        bytes: [coded, &END_OF_IMAGE].concat(),
        with_others: [coded, &others, &END_OF_IMAGE].concat(),
    })
}

/// Whether a decoder that forgives nothing takes the picture to its end.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    let options = options().set_strict_mode(true);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
        .decode()
        .is_ok()
}

fn options() -> DecoderOptions {
    DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
}

/// How the last pixels look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Usual,
    /// As the grey that the decoder fills in where it gives up.
    Filled,
    /// As one block again and again, which the decoder makes of nothing but zeros.
    Repeated,
}

impl Ending {
    /// Looks at the samples of a decoded picture, rows from the top.
    pub(super) fn of(samples: &[u8], width: usize, channels: usize) -> Self {
        let row = width * channels;
        let Some(last) = samples.len().checked_sub(row).map(|from| &samples[from..]) else {
            return Self::Usual;
        };
        if row == 0 {
            return Self::Usual;
        }
        if last.iter().all(|&sample| sample == FILLED_IN) {
            return Self::Filled;
        }
        // Of the last row of blocks there may be no more to see than this.
        let block = BLOCK_PX * channels;
        let Some(pair) = row.checked_sub(2 * block).map(|from| &last[from..]) else {
            return Self::Usual;
        };
        let corner = &last[row - channels..];
        let is_flat = pair.chunks_exact(channels).all(|pixel| pixel == corner);
        if pair[..block] == pair[block..] && !is_flat {
            Self::Repeated
        } else {
            Self::Usual
        }
    }
}

/// Whether a picture without an end-of-image marker ends in zeros, which a decoder takes for
/// pixels.
pub(super) fn ends_in_zeros(bytes: &[u8], markers: &Markers) -> bool {
    let coded = &bytes[..markers.end];
    let zeros = coded.iter().rev().take_while(|&&byte| byte == 0).count();
    zeros >= ZEROS_MIN
}

/// Amounts of four inks, 255 is most, in rows from the top; `None` when the picture has other
/// colours.
///
/// # Errors
/// What the decoder says.
pub(super) fn inks(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    decoder
        .decode_headers()
        .map_err(|error| error.to_string())?;
    let stored = decoder.input_colorspace();
    let Some(stored @ (ColorSpace::CMYK | ColorSpace::YCCK)) = stored else {
        return Ok(None);
    };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(stored));
    let mut inks = decoder.decode().map_err(|error| error.to_string())?;
    let (pixels, _) = inks.as_chunks_mut::<4>();
    for pixel in pixels {
        if stored == ColorSpace::YCCK {
            let [luma, cb, cr, black] = *pixel;
            let [cyan, magenta, yellow] = rgb_of_full_range(luma, cb, cr);
            *pixel = [cyan, magenta, yellow, 255 - black];
        } else {
            *pixel = pixel.map(|paper| 255 - paper);
        }
    }
    Ok(Some(inks))
}

/// The colours of JPEG's luma and chroma (JFIF 1.02): BT.601 with full range.
fn rgb_of_full_range(luma: u8, cb: u8, cr: u8) -> [u8; 3] {
    let coding = VideoCoding {
        matrix: Matrix::Bt601,
        full_range: true,
    };
    rgb_of_yuv(luma, cb, cr, coding)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers, one scan of a component and an end.
    const BASELINE: &[u8] =
        b"\xFF\xD8\xFF\xC0\x00\x0B\x08\x00\x08\x00\x08\x01\x01\x11\x00\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00ab\xFF\x00c\xFF\xD9";

    #[test]
    fn markers_tell_where_a_picture_ends_and_what_is_progressive() {
        let found = markers(BASELINE);
        assert!(found.has_end && !found.is_progressive && !found.is_cut);
        assert_eq!(found.end, BASELINE.len() - 2);
        for cut in 0..BASELINE.len() {
            let found = markers(&BASELINE[..cut]);
            assert!(!found.has_end, "{cut}");
            // From the scan's first byte on, only decoding tells.
            assert_eq!(found.is_cut, cut < 25, "{cut}");
        }
        let mut progressive = BASELINE.to_vec();
        progressive[3] = 0xC2;
        assert!(markers(&progressive).is_progressive);
    }

    #[test]
    fn notes_in_place_of_the_end_are_no_part_of_the_picture() {
        let coded = &BASELINE[..BASELINE.len() - 2];
        for notes in [
            &b"dhavY\x19"[..],
            b"\0\0\0\0",
            b"\xFF\xFF\xFF",
            b"\xFF\x5A",
            b"\xFF\xD8\xFF\xC0\x00\x0B",
            b"\xFF\xE1\xFF\xFFshort",
        ] {
            let found = markers(&[coded, notes].concat());
            assert!(!found.has_end && !found.is_cut, "{notes:?}");
            assert!(found.end >= coded.len(), "{notes:?}");
            assert!(found.end <= coded.len() + notes.len(), "{notes:?}");
        }
        let found = markers(&[coded, b"\xFF\xC4\x00\x40cut"].concat());
        assert!(found.is_cut, "a table that breaks off");
    }

    #[test]
    fn a_progressive_picture_without_its_last_passes_is_cut() {
        let mut progressive = BASELINE[..BASELINE.len() - 2].to_vec();
        progressive[3] = 0xC2;
        assert!(!markers(&progressive).is_cut);
        // The lowest bit is to come.
        progressive[24] = 0x01;
        assert!(markers(&progressive).is_cut);
        // Only the first coefficient has come.
        progressive[23] = 0x00;
        progressive[24] = 0x00;
        assert!(markers(&progressive).is_cut);
    }

    #[test]
    fn what_decoders_make_up_is_suspected_and_plain_paper_is_not() {
        let ending = |samples: &[u8]| Ending::of(samples, 64, 3);
        assert_eq!(ending(&[255; 64 * 32 * 3]), Ending::Usual);
        assert_eq!(ending(&[128; 64 * 32 * 3]), Ending::Filled);
        let repeated: Vec<u8> = (0..64 * 32 * 3_u32)
            .map(|at| u8::try_from(at / 3 % 64 % 16).expect("small"))
            .collect();
        assert_eq!(ending(&repeated), Ending::Repeated);
        assert_eq!(Ending::of(&[128; 3], 0, 3), Ending::Usual);
    }
}

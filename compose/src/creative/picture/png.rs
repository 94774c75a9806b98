//! What the chunks of a PNG tell besides its pixels.
//!
//! Invariant: walking never reads past the end and always moves forward, whatever the file says.

use crate::creative::picture::colour::PngColours;
use crate::creative::picture::limits::DECODED_BYTES_MAX;

/// What a walk along the chunks found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunks<'a> {
    /// What its numbers stand for.
    pub(super) colours: PngColours,
    /// A camera's notes. They may also stand behind the pixels.
    pub(super) exif: Option<&'a [u8]>,
}

/// The last chunk of a PNG, whole.
const END: &[u8] = b"\0\0\0\0IEND\xAEB\x60\x82";

/// Gives a PNG without its last chunk one, in place of what is no whole chunk; others, and those
/// without any whole chunk of pixels, stay as they are. Whether all of its pixels are there, the
/// decoder tells.
pub(super) fn ended(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    let mut has_pixels = false;
    loop {
        let head = bytes.get(at..at + 8);
        match head {
            Some(head) if head[4..] == *b"IEND" => return bytes,
            Some(head) => {
                let next = (be32(head) as usize).saturating_add(at + 12);
                if next > bytes.len() {
                    break;
                }
                has_pixels |= head[4..] == *b"IDAT";
                at = next;
            }
            None => break,
        }
    }
    if !has_pixels {
        return bytes;
    }
    bytes.truncate(at);
    bytes.extend(END);
    bytes
}

/// Gives the chunks of a PNG the checksums that they should have, if the pixels are sound by the
/// checksum of their own (zlib, RFC 1950); browsers do not look at those of chunks. Others stay as
/// they are, and the decoder refuses them.
pub(super) fn with_checksums(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut wrong = Vec::new();
    let mut packed = Vec::new();
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let end = (be32(head) as usize).saturating_add(at + 8);
        let (Some(covered), Some(sum)) = (bytes.get(at + 4..end), bytes.get(end..end + 4)) else {
            break;
        };
        let right = crc32fast::hash(covered);
        if be32(sum) != right {
            wrong.push((end, right));
        }
        at = end + 4;
    }
    if wrong.is_empty() {
        return bytes;
    }
    at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let end = (be32(head) as usize).saturating_add(at + 8);
        let Some(data) = bytes.get(at + 8..end) else {
            break;
        };
        if head[4..] == *b"IDAT" {
            packed.extend_from_slice(data);
        }
        at = end + 4;
    }
    let unpacked_bytes_max = usize::try_from(DECODED_BYTES_MAX).unwrap_or(usize::MAX);
    if fdeflate::decompress_to_vec_bounded(&packed, unpacked_bytes_max).is_ok() {
        for (end, right) in wrong {
            bytes[end..end + 4].copy_from_slice(&right.to_be_bytes());
        }
    }
    bytes
}

/// Walks the chunks of a PNG to its end.
pub(super) fn chunks(bytes: &[u8]) -> Chunks<'_> {
    let mut found = Chunks::default();
    let mut rest = bytes.get(8..).unwrap_or_default();
    let mut has_pixels = false;
    while let Some((head, behind)) = rest.split_at_checked(8) {
        let length = be32(head) as usize;
        let Some((data, behind)) = behind.split_at_checked(length) else {
            break;
        };
        let colours = &mut found.colours;
        match &head[4..] {
            b"eXIf" => found.exif = Some(data),
            b"IDAT" => has_pixels = true,
            b"IEND" => break,
            // What comes behind the pixels is not believed.
            _ if has_pixels => {}
            b"iCCP" => colours.has_icc = true,
            b"sRGB" => colours.is_srgb = true,
            b"cICP" if length == 4 => colours.cicp = Some([data[0], data[1]]),
            b"gAMA" if length == 4 => colours.gamma = Some(be32(data)),
            b"cHRM" if length == 32 => {
                colours.chromaticities = Some(std::array::from_fn(|at| be32(&data[at * 4..])));
            }
            _ => {}
        }
        // Behind each chunk stands its checksum.
        rest = behind.get(4..).unwrap_or_default();
    }
    found
}

fn be32(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

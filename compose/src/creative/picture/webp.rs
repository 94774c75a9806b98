//! What the head of a WebP says and some programs write wrong: its length, and whether it has
//! alpha.

/// Bytes before the first chunk.
const HEAD_BYTES: usize = 12;
/// Chunks that hold a picture.
const PICTURES: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ANMF"];
/// Chunks that hold something else.
const OTHERS: [&[u8; 4]; 6] = [b"VP8X", b"ALPH", b"ANIM", b"ICCP", b"EXIF", b"XMP "];

/// Writes the length of the whole chunks into the head where the one that is there leaves a picture
/// out or reaches past the file. A file that breaks off inside a chunk, and an animation that
/// announces more than there is, stay as they are.
pub(super) fn with_its_length(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some(claimed) = bytes.get(4..8).map(|length| le32(length).saturating_add(8)) else {
        return bytes;
    };
    let mut at = HEAD_BYTES;
    let mut pictures_end = 0;
    let mut is_animation = false;
    while let Some(head) = bytes.get(at..at + 8) {
        let is_picture = PICTURES.iter().any(|kind| head[..4] == **kind);
        if !is_picture && !OTHERS.iter().any(|kind| head[..4] == **kind) {
            break;
        }
        let length = le32(&head[4..]);
        let end = at.saturating_add(8).saturating_add(length);
        if end > bytes.len() {
            return bytes;
        }
        is_animation |= head[..4] == *b"ANMF";
        at = end + length % 2;
        if is_picture {
            pictures_end = at;
        }
    }
    let at = at.min(bytes.len());
    let is_short = claimed < pictures_end;
    let is_long = claimed > bytes.len() + 1 && !is_animation;
    if pictures_end > 0
        && (is_short || is_long)
        && let Ok(length) = u32::try_from(at - 8)
    {
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
    }
    bytes
}

/// Takes the announced alpha away from a lossy picture that brings none: browsers show it opaque,
/// the decoder refuses it.
pub(crate) fn with_its_alpha(mut bytes: Vec<u8>) -> Vec<u8> {
    const HAS_ALPHA: u8 = 0x10;
    let mut at = HEAD_BYTES;
    let mut is_lossy = false;
    let mut has_alpha = false;
    while let Some(head) = bytes.get(at..at + 8) {
        match &head[..4] {
            b"VP8 " => is_lossy = true,
            b"ALPH" => has_alpha = true,
            _ => {}
        }
        let length = le32(&head[4..]);
        at = at.saturating_add(8 + length + length % 2);
    }
    let is_extended = bytes.get(HEAD_BYTES..HEAD_BYTES + 4) == Some(b"VP8X");
    if is_extended
        && is_lossy
        && !has_alpha
        && let Some(flags) = bytes.get_mut(HEAD_BYTES + 8)
    {
        *flags &= !HAS_ALPHA;
    }
    bytes
}

fn le32(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(4)
        .rev()
        .fold(0, |number, &byte| number << 8 | usize::from(byte))
}

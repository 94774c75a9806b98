//! Where the head of an MP4 file stands, told by the sizes of its outermost boxes alone.
//!
//! Invariant: of each box only its size and its name are read, of at most [`BOXES_MAX`] boxes.

use std::io::{Read, Seek, SeekFrom};

/// Most boxes that are looked at.
const BOXES_MAX: usize = 64;

/// Tells whether what a player needs first stands behind the pictures (ISO/IEC 14496-12, 4.2 and
/// 8.2.1). What is no MP4, or cannot be read so far, is not said to be so.
pub(super) fn is_head_last(file: &mut (impl Read + Seek)) -> bool {
    let mut at = 0_u64;
    let mut has_pictures = false;
    for _ in 0..BOXES_MAX {
        let mut head = [0_u8; 16];
        if file.seek(SeekFrom::Start(at)).is_err() || file.read_exact(&mut head[..8]).is_err() {
            return false;
        }
        let short = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        match &head[4..8] {
            b"moov" => return has_pictures,
            b"mdat" => has_pictures = true,
            _ => {}
        }
        let (size, least) = match short {
            // It reaches to the end of the file.
            0 => return false,
            1 => {
                if file.read_exact(&mut head[8..16]).is_err() {
                    return false;
                }
                let mut long = [0_u8; 8];
                long.copy_from_slice(&head[8..16]);
                (u64::from_be_bytes(long), 16)
            }
            size => (u64::from(size), 8),
        };
        if size < least {
            return false;
        }
        let Some(next) = at.checked_add(size) else {
            return false;
        };
        at = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn one(name: &[u8; 4], bytes: usize) -> Vec<u8> {
        let size = u32::try_from(bytes + 8).unwrap();
        [&size.to_be_bytes()[..], name, &vec![0; bytes]].concat()
    }

    #[test]
    fn the_place_of_the_head_is_told_and_nonsense_ends_the_look() {
        let (ftyp, moov, mdat) = (one(b"ftyp", 16), one(b"moov", 40), one(b"mdat", 100));
        let long = [
            &1_u32.to_be_bytes()[..],
            b"mdat",
            &116_u64.to_be_bytes(),
            &[0; 100],
        ]
        .concat();
        for (parts, is_last) in [
            (vec![&ftyp, &moov, &mdat], false),
            (vec![&ftyp, &mdat, &moov], true),
            (vec![&ftyp, &long, &moov], true),
            (vec![&ftyp, &mdat], false),
            (vec![&one(b"mdat", 0), &moov], true),
            (vec![&b"\0\0\0\x03mdat....".to_vec(), &moov], false),
            (
                vec![&b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x01".to_vec(), &moov],
                false,
            ),
            (
                vec![&b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()],
                false,
            ),
            (vec![&b"\0\0\0\0mdat".to_vec(), &moov], false),
            (vec![&b"short".to_vec()], false),
            (vec![], false),
        ] {
            let bytes: Vec<u8> = parts.into_iter().flatten().copied().collect();
            assert_eq!(is_head_last(&mut Cursor::new(&bytes)), is_last, "{bytes:?}");
        }
        let many = [one(b"free", 0).repeat(BOXES_MAX), mdat, moov].concat();
        assert!(!is_head_last(&mut Cursor::new(many)));
    }
}

//! What the markers of a JPEG tell before it is decoded.
//!
//! Colours of four inks: Adobe's programs store them inverted and say so in a marker; the decoder takes all four-ink
//! pictures as inverted, with that marker or without it, as browsers do, since tools that strip metadata take the
//! marker and leave the inks. The marker's transform tells whether the inks are stored as luma and chroma (YCCK).

/// What a walk along the markers found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Markers {
    /// It has an end-of-image marker. The decoder fills what is missing with grey, which must not reach the glass.
    pub(super) whole: bool,
    /// Its coefficients come in several passes, so all of them are held at once.
    pub(super) progressive: bool,
}

/// Walks the markers of a JPEG to its end-of-image marker.
pub(super) fn markers(bytes: &[u8]) -> Markers {
    let mut found = Markers::default();
    let mut at = 2;
    let mut in_scan = false;
    while let Some(&[first, marker]) = bytes.get(at..at + 2) {
        match (first, marker) {
            (0xFF, 0xD9) => {
                found.whole = true;
                return found;
            }
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => at += 2,
            (0xFF, _) => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                    return found;
                };
                found.progressive |= marker == 0xC2;
                in_scan = marker == 0xDA;
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
            _ if in_scan => at += 1,
            // Not at a marker: leave the judgement to the decoder.
            _ => {
                found.whole = bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]);
                return found;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_tell_what_is_cut_and_what_is_progressive() {
        let baseline = b"\xFF\xD8\xFF\xC0\x00\x02\xFF\xDA\x00\x02ab\xFF\x00c\xFF\xD9";
        assert_eq!(
            markers(baseline),
            Markers {
                whole: true,
                progressive: false
            }
        );
        for cut in 0..baseline.len() {
            assert!(!markers(&baseline[..cut]).whole, "{cut}");
        }
        let mut progressive = baseline.to_vec();
        progressive[3] = 0xC2;
        assert!(markers(&progressive).progressive);
    }
}

//! `PUT /v1/terminals/{n}/frame`: a small picture of what was on a screen.
//!
//! The body is a JPEG; what it shows stands behind the path, so that a hub keeps the picture as it
//! came and opens none.
//!
//! Invariants: the codes on the picture are covered before it is sent, since a code that is scanned
//! from it would count at a screen before which nobody stood; one that is sent twice changes
//! nothing the second time.

use serde::{Deserialize, Serialize};

use crate::foreign::one_line;
use crate::limits::{FRAME_AGE_MS_MAX, FRAME_SIDE_PX_MAX, LINE_CHARS_MAX};

/// What every JPEG begins with (ITU-T T.81, B.1.1.3): its start, and the first byte of a marker.
const MAGIC: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// Tells whether bytes look like a JPEG. Nothing of them is decoded.
pub fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) && bytes.len() > MAGIC.len()
}

/// What a picture shows, as the query of its call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameNote {
    /// How long before the call it was on the screen, in milliseconds.
    #[serde(default)]
    pub age_ms: u64,
    /// Pixels a row.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The number of the play in the main zone; none for what is built in.
    #[serde(default)]
    pub play: Option<u32>,
    /// The campaign of that play; empty for what is built in.
    #[serde(default)]
    pub campaign: String,
    /// Its creative's digest, `house` or `notice`.
    #[serde(default)]
    pub creative: String,
}

impl FrameNote {
    /// Writes it as a query, without the question mark.
    pub fn query(&self) -> String {
        let mut query = format!(
            "age_ms={}&width={}&height={}&campaign={}&creative={}",
            self.age_ms,
            self.width,
            self.height,
            escaped(&self.campaign),
            escaped(&self.creative)
        );
        if let Some(play) = self.play {
            query += &format!("&play={play}");
        }
        query
    }

    /// Cuts what a terminal says to what is kept; `None` of a picture of no size or a larger one
    /// than there may be, and of one that is too old.
    pub fn tidied(self) -> Option<Self> {
        let is_side = |px: u32| (1..=FRAME_SIDE_PX_MAX).contains(&px);
        let fits = is_side(self.width) && is_side(self.height) && self.age_ms <= FRAME_AGE_MS_MAX;
        fits.then(|| Self {
            campaign: one_line(&self.campaign, LINE_CHARS_MAX),
            creative: one_line(&self.creative, LINE_CHARS_MAX),
            ..self
        })
    }
}

/// The answer to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameReply {
    /// How long to wait before the next one that nobody has asked for, in milliseconds.
    pub next_after_ms: u64,
}

/// Percent-encodes all but what RFC 3986, 2.3 leaves as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> FrameNote {
        FrameNote {
            age_ms: 120,
            width: 480,
            height: 270,
            play: Some(7),
            campaign: "爵士 & jazz=1".to_owned(),
            creative: "house".to_owned(),
        }
    }

    #[test]
    fn a_query_holds_nothing_that_would_end_it_early() {
        assert_eq!(
            note().query(),
            "age_ms=120&width=480&height=270&campaign=%E7%88%B5%E5%A3%AB%20%26%20jazz%3D1&creative=house&play=7"
        );
    }

    #[test]
    fn a_picture_without_a_size_or_too_large_or_too_old_is_none() {
        assert!(note().tidied().is_some());
        for wrong in [
            FrameNote { width: 0, ..note() },
            FrameNote {
                height: 481,
                ..note()
            },
            FrameNote {
                age_ms: FRAME_AGE_MS_MAX + 1,
                ..note()
            },
        ] {
            assert_eq!(wrong.tidied(), None);
        }
        let long = FrameNote {
            campaign: "x\n".repeat(1_000),
            ..note()
        };
        let kept = long.tidied().expect("a picture");
        assert!(kept.campaign.chars().count() <= LINE_CHARS_MAX && !kept.campaign.contains('\n'));
    }

    #[test]
    fn a_jpeg_is_told_by_its_first_bytes() {
        assert!(is_jpeg(&[0xFF, 0xD8, 0xFF, 0xE0, 0]));
        for other in [&b""[..], &[0xFF, 0xD8, 0xFF], b"\x89PNG", b"<svg>"] {
            assert!(!is_jpeg(other));
        }
    }
}

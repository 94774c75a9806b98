//! What a process that draws is asked, and what it answers.
//!
//! An order is one JSON object on its standard input, which is then closed. The answer is one line
//! of JSON on its standard output, and behind it the PNG that the line announces.
//!
//! Invariant: either is read up to a stated size, and an answer is taken whole or not at all.

use std::path::{Path, PathBuf};

use passerby_protocol::content_fault::ContentFault;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::{Campaign, CampaignId, Digest};
use serde::{Deserialize, Serialize};

/// Largest order, in bytes: more than the JSON of the largest campaign.
pub(super) const ORDER_BYTES_MAX: usize = 4 << 20;
/// Largest line of an answer, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;
/// Largest picture, in bytes: all its pixels, had none of them been pressed together.
pub(super) const PNG_BYTES_MAX: usize = PIXELS_MAX as usize * 3 + (1 << 20);
/// Most pixels of a screen that is drawn: 3840 × 2160.
pub const PIXELS_MAX: u32 = 3_840 * 2_160;
/// Longest side of a screen that is drawn, in pixels.
pub const SIDE_PX_MAX: u32 = 7_680;
/// Shortest side, in pixels.
pub const SIDE_PX_MIN: u32 = 16;
/// Largest answer with its picture, in bytes.
pub(super) const ANSWER_BYTES_MAX: usize = LINE_BYTES_MAX + PNG_BYTES_MAX;

/// One placement of a campaign with its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The name of its folder.
    pub id: CampaignId,
    /// The campaign.
    pub campaign: Campaign,
    /// Which of its placements, from 0.
    pub placement: usize,
    /// The creative's file, in the folder in which it is drawn, or by an absolute path.
    pub file: PathBuf,
    /// What it hashed to.
    pub digest: Digest,
    /// The files that it refers to.
    pub parts: Vec<SubjectPart>,
}

/// A file that a creative refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectPart {
    /// What the creative calls it.
    pub name: String,
    /// Its file, as the creative's.
    pub file: PathBuf,
    /// What it hashed to.
    pub digest: Digest,
}

impl Subject {
    /// What its creative is.
    pub fn kind(&self) -> Option<CreativeKind> {
        CreativeKind::of_name(&self.campaign.placements.get(self.placement)?.creative)
    }

    /// Puts the files into a folder, by the names of their digests.
    #[must_use]
    pub fn by_digest(self, folder: &Path) -> Self {
        let file = |digest: Digest| folder.join(digest.to_string());
        let parts = self.parts.into_iter().map(|part| SubjectPart {
            file: file(part.digest),
            ..part
        });
        Self {
            file: file(self.digest),
            parts: parts.collect(),
            ..self
        }
    }
}

/// A screen as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Pixels across, before rotation.
    pub width_px: u32,
    /// Pixels down, before rotation.
    pub height_px: u32,
    /// What its `kiosk.toml` says; empty where nobody knows.
    pub settings: String,
}

impl View {
    /// A screen of which only the size is known.
    pub const fn of_size(width_px: u32, height_px: u32) -> Self {
        Self {
            width_px,
            height_px,
            settings: String::new(),
        }
    }

    /// Tells whether a screen of this size is drawn.
    pub fn is_drawn(&self) -> bool {
        let sides = SIDE_PX_MIN..=SIDE_PX_MAX;
        sides.contains(&self.width_px)
            && sides.contains(&self.height_px)
            && u64::from(self.width_px) * u64::from(self.height_px) <= u64::from(PIXELS_MAX)
    }
}

/// What is to be drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What is shown.
    pub subject: Subject,
    /// On which screen.
    pub view: View,
    /// What stands before `/Q/` in codes that lead to the hub.
    pub scan_base: String,
    /// What stands behind it: [`SAMPLE`](passerby_protocol::token::SAMPLE), but for whoever
    /// compares with a play.
    pub token: String,
    /// What clocks show and dates go by, as Unix time in milliseconds.
    pub now_ms: i64,
}

/// What a process is told on its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) asked: Asked,
    /// Folders with fonts, beside the built-in ones; absolute.
    pub(super) fonts: Vec<PathBuf>,
    /// Most memory that it may map, in bytes.
    pub(super) memory_bytes_max: u64,
}

/// What a screen shows, as its composer draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// What is known of it.
    pub facts: PreviewFacts,
    /// The picture, a PNG without transparency; empty when nothing can be drawn.
    pub png: Vec<u8>,
}

/// What is known of a picture of a screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreviewFacts {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Why the screen would skip it.
    pub refusal: Option<PreviewRefusal>,
    /// The code on it, which was read back from its pixels; none where there is none.
    pub code: Option<CodeVerdict>,
    /// Whether it moves; the picture is its first moment.
    pub moves: bool,
    /// What is well to know.
    pub notes: Vec<String>,
}

/// Why a screen would skip a placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewRefusal {
    /// What is at fault.
    pub of: RefusalOf,
    /// The screen's own words.
    pub reason: String,
    /// The same in a form that can be said in any language, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<ContentFault>,
}

/// What is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalOf {
    /// People could not read its code; the picture is drawn without it.
    Code,
    /// The creative, or a file of it.
    Creative,
    /// Nothing: a web page is only seen from the screen's own network; the picture is a card with
    /// its address.
    Page,
    /// It is not for this screen, or not for one of its zones.
    Screen,
}

/// A code that passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeVerdict {
    /// Modules on a side, without the quiet zone.
    pub modules: u32,
    /// Pixels on a side of a module.
    pub module_px: u32,
    /// Pixels of white around it.
    pub quiet_px: u32,
    /// Its width without the quiet zone, in centimetres, as far as the screen's size is known.
    pub width_cm: Option<f64>,
    /// From how far it can be read, in metres, as far as the screen's size is known.
    pub reach_m: Option<f64>,
    /// How many times as bright as black white is; as far as it was measured.
    pub contrast: Option<f64>,
    /// How long it is on the screen.
    pub seconds: f64,
}

/// The line of an answer.
#[derive(Debug, Serialize, Deserialize)]
struct AnswerLine {
    facts: PreviewFacts,
    png_bytes: usize,
}

impl Preview {
    /// As it is written.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let line = AnswerLine {
            facts: self.facts.clone(),
            png_bytes: self.png.len(),
        };
        // Strings and numbers always have a form in JSON; an empty answer is refused by whoever
        // reads it.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.png);
        bytes
    }

    /// Reads what was written; `None` when it is not whole, or more than was announced.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes
            .iter()
            .take(LINE_BYTES_MAX)
            .position(|&byte| byte == b'\n')?;
        let (line, png) = (bytes.get(..end)?, bytes.get(end + 1..)?);
        let line: AnswerLine = serde_json::from_slice(line).ok()?;
        (line.png_bytes == png.len() && png.len() <= PNG_BYTES_MAX).then(|| Self {
            facts: line.facts,
            png: png.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_was_written_and_only_whole() {
        let preview = Preview {
            facts: PreviewFacts {
                width_px: 8,
                height_px: 6,
                notes: vec!["a line\nand another".to_owned()],
                ..PreviewFacts::default()
            },
            png: b"\n\x89PNG bytes \n".to_vec(),
        };
        let bytes = preview.to_bytes();
        assert_eq!(Preview::from_bytes(&bytes), Some(preview));
        for cut in 0..bytes.len() {
            assert!(Preview::from_bytes(&bytes[..cut]).is_none(), "{cut}");
        }
        assert!(Preview::from_bytes(&[bytes.as_slice(), b"x"].concat()).is_none());
    }

    #[test]
    fn screens_without_a_size_or_with_too_many_pixels_are_not_drawn() {
        for (size, is_drawn) in [
            ((1_920, 1_080), true),
            ((2_160, 3_840), true),
            ((7_680, 1_080), true),
            ((0, 0), false),
            ((7_681, 100), false),
            ((3_841, 2_160), false),
            ((u32::MAX, u32::MAX), false),
        ] {
            assert_eq!(
                View::of_size(size.0, size.1).is_drawn(),
                is_drawn,
                "{size:?}"
            );
        }
    }
}

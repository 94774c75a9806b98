//! What is wrong with the content of a file, as far as people meet it often: with its numbers, so
//! that a page says it in the language of whoever reads, and programs tell one fault from another.
//!
//! Invariants: the words of a fault are made of it and of nothing else, and say in English what to
//! do; what is no such fault is told in words alone.

mod field;
mod rule;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::content_fault::field::{Accepted, FieldFault, Shown};
pub use crate::content_fault::rule::RuleFault;
use crate::creative::{CreativeKind, NoVideo};

/// A fault that has a form of its own. Sizes are in pixels unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ContentFault {
    /// Nothing is in it.
    Empty,
    /// It is another file than the one that was meant.
    Changed,
    /// It has more bytes than one of its kind may have.
    TooManyBytes {
        /// How many.
        bytes: u64,
        /// How many it may have.
        bytes_max: u64,
        /// What it is.
        kind: CreativeKind,
    },
    /// The same, where nobody counts further.
    FileTooLarge {
        /// How many MiB it may have.
        mib_max: u64,
    },
    /// It is no picture that is known.
    NoPicture,
    /// It is a web page under the name of a picture.
    WebPageAsPicture,
    /// It is another file under the name of a picture.
    OtherFile {
        /// Which.
        what: OtherFile,
    },
    /// It has no pixels.
    NoPixels,
    /// One side is too long.
    SideTooLong {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// How long a side may be.
        side_max: u32,
    },
    /// It has too many pixels.
    TooManyPixels {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// How many millions there may be.
        million_max: u64,
    },
    /// The same of a progressive JPEG.
    ProgressiveTooLarge {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// How many millions there may be.
        million_max: u64,
    },
    /// Its pixels have so many bytes that they take too much memory.
    PixelsTooDeep {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// Of each pixel.
        bytes_a_pixel: u64,
        /// How many MiB they may take.
        mib_max: u64,
    },
    /// It takes too much memory.
    NeedsMemory,
    /// Its end is missing.
    CutOff,
    /// A part of it is.
    PartDamaged,
    /// It cannot be decoded.
    Damaged,
    /// It is of a kind that no decoder here knows.
    Unsupported,
    /// Frames of an animation are too large.
    AnimationTooLarge {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// How many millions of pixels a frame may have.
        million_max: u64,
        /// How long a side may be.
        side_max: u32,
    },
    /// An animation has too many frames.
    AnimationTooLong {
        /// How many.
        frames: u32,
        /// How many there may be.
        frames_max: u32,
    },
    /// All frames of an animation together have too many pixels.
    AnimationTooMuch {
        /// How many there are.
        frames: u32,
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// How many millions of pixels all may have.
        million_max: u64,
    },
    /// It is no film.
    NoFilm,
    /// It has sound and no pictures.
    SoundOnly,
    /// It is a picture under the name of a film.
    PictureAsFilm,
    /// A film is too long.
    FilmTooLong {
        /// How many minutes it may last.
        minutes_max: u64,
    },
    /// A film has too many pixels.
    FilmTooLarge {
        /// Across; 0 if nobody knows.
        width: u32,
        /// Down; 0 if nobody knows.
        height: u32,
    },
    /// A drawing is packed.
    PackedDrawing,
    /// A drawing has too many bytes.
    DrawingTooLarge {
        /// How many MiB it may have.
        mib_max: u64,
    },
    /// Looking at it takes too long.
    TooSlow {
        /// How many seconds it may take.
        seconds_max: u64,
    },
    /// Looking at it takes too much memory.
    TooMuchMemory {
        /// How many MiB it may take.
        mib_max: u64,
    },
    /// The program that looks at it broke off.
    BrokeOff,
    /// People stand too far away to read its code.
    CodeTooFar {
        /// Where they stand, in centimetres.
        distance_cm: u32,
        /// From how far it can be read, in centimetres.
        reach_cm: u32,
    },
    /// Its code would have too few pixels.
    CodeTooSmall {
        /// How many it needs.
        needed: u32,
        /// How many there are.
        room: u32,
    },
    /// Its code leaves before anybody can scan it.
    CodeTooShort {
        /// How long it is there, in milliseconds.
        dwell_ms: u64,
        /// How long it must be, in milliseconds.
        needed_ms: u64,
    },
    /// Light on the screen washes its code out.
    CodeTooPale,
    /// Its code would reach into the screen's edge.
    CodeTooNearEdge {
        /// How many pixels it needs.
        needed: u32,
        /// How many there are.
        room: u32,
    },
    /// A key or value of a TOML file is wrong.
    Field {
        /// How.
        what: Box<FieldFault>,
    },
    /// Parts of a campaign do not go together.
    Rule {
        /// Which.
        what: Box<RuleFault>,
    },
}

/// Files that are often taken for pictures of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherFile {
    /// As phones make them.
    Heic,
    /// Of the web.
    Avif,
    /// A document.
    Pdf,
    /// As Windows keeps pictures.
    Bmp,
    /// As printers and scanners do.
    Tiff,
    /// Of a program or page.
    Icon,
    /// A film or sound.
    Film,
}

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty; copy it again"),
            Self::Changed => f.write_str(
                "the file changed on disk since it was scheduled; reload the content, or put the old file back",
            ),
            Self::TooManyBytes {
                bytes,
                bytes_max,
                kind,
            } => write!(
                f,
                "it has {bytes} bytes; use a {} of at most {bytes_max}",
                kind.word()
            ),
            Self::FileTooLarge { mib_max } => write!(
                f,
                "the file is larger than {mib_max} MiB; export it smaller"
            ),
            Self::NoPicture => f.write_str(
                "it is no JPEG, PNG, WebP, GIF or SVG picture, whatever its name says; export it as one",
            ),
            Self::WebPageAsPicture => f.write_str(
                "it is a web page that was saved under the name of a picture; save the picture itself",
            ),
            Self::OtherFile { what } => write!(
                f,
                "it is {what}, whatever its name says; export it as JPEG or PNG"
            ),
            Self::NoPixels => f.write_str("the picture has no pixels; export it anew"),
            Self::SideTooLong {
                width,
                height,
                side_max,
            } => write!(
                f,
                "{width} × {height} pixels, more than {side_max} a side; make it smaller"
            ),
            Self::TooManyPixels {
                width,
                height,
                million_max,
            } => write!(
                f,
                "{width} × {height} pixels, more than {million_max} million; make it smaller"
            ),
            Self::ProgressiveTooLarge {
                width,
                height,
                million_max,
            } => write!(
                f,
                "{width} × {height} pixels in a progressive JPEG, more than {million_max} million; export it as a baseline JPEG, or smaller"
            ),
            Self::PixelsTooDeep {
                width,
                height,
                bytes_a_pixel,
                mib_max,
            } => write!(
                f,
                "{width} × {height} pixels of {bytes_a_pixel} bytes take more than {mib_max} MiB; export it with 8 bits a channel, or smaller"
            ),
            Self::NeedsMemory => {
                f.write_str("the picture needs too much memory to open; make it smaller")
            }
            Self::CutOff => f.write_str("the picture is cut off; copy it again"),
            Self::PartDamaged => f.write_str(
                "the picture is damaged or cut off, and a part of it cannot be decoded; copy it again, or export it anew",
            ),
            Self::Damaged => f.write_str("the picture is damaged; export it anew"),
            Self::Unsupported => f.write_str(
                "this kind of picture is not supported; export it anew as JPEG or PNG",
            ),
            Self::AnimationTooLarge {
                width,
                height,
                million_max,
                side_max,
            } => write!(
                f,
                "an animation of {width} × {height} pixels, more than {million_max} million or {side_max} a side; make it smaller, or a film"
            ),
            Self::AnimationTooLong { frames, frames_max } => write!(
                f,
                "an animation of {frames} frames, more than {frames_max}; make it shorter, or a film"
            ),
            Self::AnimationTooMuch {
                frames,
                width,
                height,
                million_max,
            } => write!(
                f,
                "an animation of {frames} frames of {width} × {height} pixels, more than {million_max} million pixels in all; make it a film"
            ),
            Self::NoFilm | Self::SoundOnly | Self::PictureAsFilm => self.of_no_film(f),
            Self::FilmTooLong { minutes_max } => write!(
                f,
                "it is longer than {minutes_max} minutes; cut it shorter"
            ),
            Self::FilmTooLarge {
                width: 0,
                height: 0,
            } => f.write_str(
                "its pictures have more than 4096 × 2304 pixels; export it with 1920 × 1080",
            ),
            Self::FilmTooLarge { width, height } => write!(
                f,
                "{width} × {height} pixels are more than 4096 × 2304; export it with 1920 × 1080"
            ),
            Self::PackedDrawing => f.write_str(
                "it is a packed SVG (SVGZ), which is not supported; save it as plain SVG",
            ),
            Self::DrawingTooLarge { mib_max } => write!(
                f,
                "the drawing is larger than {mib_max} MiB; export it as PNG, or smaller"
            ),
            Self::TooSlow { seconds_max } => write!(
                f,
                "it took longer than {seconds_max} s to look at; make it smaller or simpler, or export it anew"
            ),
            Self::TooMuchMemory { mib_max } => write!(
                f,
                "it takes more than {mib_max} MiB of memory to open; make it smaller"
            ),
            Self::BrokeOff => {
                f.write_str("the program that looks at it broke off; export it anew")
            }
            Self::CodeTooFar { .. }
            | Self::CodeTooSmall { .. }
            | Self::CodeTooShort { .. }
            | Self::CodeTooPale
            | Self::CodeTooNearEdge { .. } => f.write_str("the code would not be read"),
            Self::Field { what } => what.fmt(f),
            Self::Rule { what } => what.fmt(f),
        }
    }
}

impl ContentFault {
    fn of_no_film(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = match self {
            Self::SoundOnly => NoVideo::SoundOnly,
            Self::PictureAsFilm => NoVideo::Picture,
            _ => NoVideo::Other,
        };
        fmt::Display::fmt(&known, f)
    }
}

impl From<FieldFault> for ContentFault {
    fn from(what: FieldFault) -> Self {
        let what = Box::new(what);
        Self::Field { what }
    }
}

impl From<RuleFault> for ContentFault {
    fn from(what: RuleFault) -> Self {
        let what = Box::new(what);
        Self::Rule { what }
    }
}

impl From<NoVideo> for ContentFault {
    fn from(fault: NoVideo) -> Self {
        match fault {
            NoVideo::Empty => Self::Empty,
            NoVideo::SoundOnly => Self::SoundOnly,
            NoVideo::Picture => Self::PictureAsFilm,
            NoVideo::Other => Self::NoFilm,
        }
    }
}

impl fmt::Display for OtherFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heic => "a HEIC picture",
            Self::Avif => "an AVIF picture",
            Self::Pdf => "a PDF document",
            Self::Bmp => "a BMP picture",
            Self::Tiff => "a TIFF picture",
            Self::Icon => "an icon",
            Self::Film => "a film or sound",
        })
    }
}

/// Words, and the fault that they tell of if it is one of the known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// In English.
    pub words: String,
    /// What they tell of.
    pub fault: Option<ContentFault>,
}

impl Told {
    /// Puts the name of the file before the words.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        Self {
            words: format!("{name}: {}", self.words),
            fault: self.fault,
        }
    }

    /// Tells of a fault in other words than its own.
    pub fn with(words: String, fault: ContentFault) -> Self {
        Self {
            words,
            fault: Some(fault),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<ContentFault> for Told {
    fn from(fault: ContentFault) -> Self {
        Self {
            words: fault.to_string(),
            fault: Some(fault),
        }
    }
}

impl From<FieldFault> for Told {
    fn from(fault: FieldFault) -> Self {
        ContentFault::from(fault).into()
    }
}

impl From<RuleFault> for Told {
    fn from(fault: RuleFault) -> Self {
        ContentFault::from(fault).into()
    }
}

impl From<String> for Told {
    fn from(words: String) -> Self {
        Self { words, fault: None }
    }
}

impl From<&str> for Told {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<Cow<'_, str>> for Told {
    fn from(words: Cow<'_, str>) -> Self {
        words.into_owned().into()
    }
}

impl From<&String> for Told {
    fn from(words: &String) -> Self {
        words.clone().into()
    }
}

/// Where words are enough.
impl From<Told> for String {
    fn from(told: Told) -> Self {
        told.words
    }
}

/// Where words are enough.
impl From<ContentFault> for String {
    fn from(fault: ContentFault) -> Self {
        fault.to_string()
    }
}

impl From<NoVideo> for Told {
    fn from(fault: NoVideo) -> Self {
        ContentFault::from(fault).into()
    }
}

#[cfg(test)]
mod tests {
    use crate::creative::EXPORT_FILM_ANEW;

    use super::*;

    #[test]
    fn a_fault_crosses_to_another_process_with_its_numbers() {
        let fault = ContentFault::SideTooLong {
            width: 30_000,
            height: 4,
            side_max: 20_000,
        };
        let text = serde_json::to_string(&fault).expect("JSON");
        assert_eq!(
            text,
            r#"{"type":"side-too-long","width":30000,"height":4,"side_max":20000}"#
        );
        assert_eq!(serde_json::from_str(&text).ok().as_ref(), Some(&fault));
        let told = Told::from(fault).of("a.png");
        assert_eq!(
            told.words,
            "a.png: 30000 × 4 pixels, more than 20000 a side; make it smaller"
        );
        assert_eq!(Told::from("it is odd").fault, None);
    }

    #[test]
    fn what_is_no_film_is_told_in_the_same_words() {
        for fault in [
            NoVideo::Empty,
            NoVideo::SoundOnly,
            NoVideo::Picture,
            NoVideo::Other,
        ] {
            assert_eq!(Told::from(fault).words, fault.to_string());
        }
        assert!(ContentFault::NoFilm.to_string().ends_with(EXPORT_FILM_ANEW));
    }
}

//! What a creative is, and how it comes and moves.

use serde::{Deserialize, Serialize};

use crate::limits::{CREATIVE_BYTES_MAX, TOML_BYTES_MAX, VIDEO_BYTES_MAX};

/// What a creative is, told from its file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreativeKind {
    /// JPEG, PNG, WebP or GIF; it may be animated.
    Picture,
    /// SVG.
    Drawing,
    /// MP4, QuickTime or WebM.
    Video,
    /// A text creative: `*.card.toml`.
    Card,
    /// A line that runs: `*.ticker.toml`.
    Ticker,
    /// A web page as a picture: `*.page.toml`.
    Page,
}

/// What a publisher may put into a campaign folder, for messages.
pub const CREATIVE_ENDINGS: &str =
    ".jpg, .png, .webp, .gif, .svg, .mp4, .mov, .webm, .card.toml, .ticker.toml or .page.toml";

/// File name endings, in lower case, longest first where one ends another.
pub const ENDINGS: [(&str, CreativeKind); 16] = [
    (".card.toml", CreativeKind::Card),
    (".ticker.toml", CreativeKind::Ticker),
    (".page.toml", CreativeKind::Page),
    (".jpg", CreativeKind::Picture),
    (".jpeg", CreativeKind::Picture),
    (".jpe", CreativeKind::Picture),
    (".jfif", CreativeKind::Picture),
    (".png", CreativeKind::Picture),
    (".apng", CreativeKind::Picture),
    (".webp", CreativeKind::Picture),
    (".gif", CreativeKind::Picture),
    (".svg", CreativeKind::Drawing),
    (".mp4", CreativeKind::Video),
    (".m4v", CreativeKind::Video),
    (".mov", CreativeKind::Video),
    (".webm", CreativeKind::Video),
];

impl CreativeKind {
    /// Tells what a file is from its name; `None` for hidden files and for what no screen can show.
    pub fn of_name(name: &str) -> Option<Self> {
        let base = name.rsplit('/').next().unwrap_or(name);
        if base.starts_with('.') {
            return None;
        }
        let lower = base.to_ascii_lowercase();
        ENDINGS
            .iter()
            .find(|(ending, _)| lower.len() > ending.len() && lower.ends_with(ending))
            .map(|&(_, kind)| kind)
    }

    /// Tells whether it is written as text, in TOML.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Card | Self::Ticker | Self::Page)
    }

    /// Largest file of this kind, in bytes.
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Video => VIDEO_BYTES_MAX,
            Self::Picture | Self::Drawing => CREATIVE_BYTES_MAX,
            Self::Card | Self::Ticker | Self::Page => TOML_BYTES_MAX,
        }
    }

    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Drawing => "drawing",
            Self::Video => "film",
            Self::Card => "card",
            Self::Ticker => "ticker",
            Self::Page => "web page",
        }
    }
}

/// What an MP4's first brand says when it holds sound alone.
const BRANDS_OF_SOUND: [&[u8; 4]; 2] = [b"M4A ", b"M4B "];
/// What it says when it holds a picture (ISO/IEC 23008-12, HEIF and AVIF).
const BRANDS_OF_PICTURES: [&[u8; 4]; 5] = [b"heic", b"heix", b"heim", b"mif1", b"avif"];
/// Boxes with which a QuickTime file from before `ftyp` begins (QuickTime File Format, Movie
/// Files).
const OLD_QUICKTIME_BOXES: [&[u8; 4]; 6] = [b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"];

/// What to do with a film that is not played.
pub const EXPORT_FILM_ANEW: &str = "export it anew as MP4 with H.264";

/// Says why a file that should be a video is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoVideo {
    /// Nothing is in it.
    #[error("the file is empty; copy it again")]
    Empty,
    /// An MP4 with sound, and a cover perhaps.
    #[error("there are no moving pictures in it; {EXPORT_FILM_ANEW}")]
    SoundOnly,
    /// A picture in the container of films.
    #[error("it is a picture (HEIF or AVIF), whatever its name says; save it as JPEG or PNG")]
    Picture,
    /// Anything else.
    #[error("it is no MP4, MOV or WebM film, whatever its name says; {EXPORT_FILM_ANEW}")]
    Other,
}

/// Tells what a video is from its first 12 bytes: MP4 (ISO/IEC 14496-12, 4.3), QuickTime or WebM
/// (RFC 8794, 8.1).
///
/// # Errors
/// It is none of these.
pub fn video_media_type(head: &[u8]) -> Result<&'static str, NoVideo> {
    if head.is_empty() {
        return Err(NoVideo::Empty);
    }
    if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        return Ok("video/webm");
    }
    let kind = head.get(4..8).ok_or(NoVideo::Other)?;
    let brand = head.get(8..12).unwrap_or_default();
    if kind == b"ftyp" {
        if brand == b"qt  " {
            Ok("video/quicktime")
        } else if BRANDS_OF_SOUND.iter().any(|known| brand == *known) {
            Err(NoVideo::SoundOnly)
        } else if BRANDS_OF_PICTURES.iter().any(|known| brand == *known) {
            Err(NoVideo::Picture)
        } else {
            Ok("video/mp4")
        }
    } else if OLD_QUICKTIME_BOXES.iter().any(|known| kind == *known) {
        Ok("video/quicktime")
    } else {
        Err(NoVideo::Other)
    }
}

/// How many first bytes of a file [`ending_of_content`] looks at.
pub const HEAD_BYTES: usize = 32;

/// Tells from a file's first [`HEAD_BYTES`] bytes which ending its name should have, whatever it
/// has; `None` for what is no picture, drawing or film that screens show.
pub fn ending_of_content(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(".png")
    } else if head.starts_with(b"\xff\xd8\xff") {
        Some(".jpg")
    } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        Some(".gif")
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some(".webp")
    } else if text.starts_with(b"<svg") {
        Some(".svg")
    } else {
        video_media_type(head)
            .ok()
            .map(|media_type| match media_type {
                "video/webm" => ".webm",
                "video/quicktime" => ".mov",
                _ => ".mp4",
            })
    }
}

/// How much a picture with [`Motion::KenBurns`] grows at most.
pub const KEN_BURNS_GROWTH: f32 = 0.06;

/// How one slide gives way to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitionKind {
    /// Changes at once.
    Cut,
    /// The new one comes through the old one.
    #[default]
    CrossFade,
    /// The new one pushes the old one out to the left.
    Slide,
    /// An edge runs from left to right and uncovers the new one.
    Wipe,
}

impl TransitionKind {
    /// What publishers write.
    pub const WORDS: [(&str, Self); 4] = [
        ("cut", Self::Cut),
        ("cross-fade", Self::CrossFade),
        ("slide", Self::Slide),
        ("wipe", Self::Wipe),
    ];
}

/// Whether and how a picture moves while it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Motion {
    /// It rests.
    #[default]
    Still,
    /// Ken Burns: it grows slowly by at most 6 % over its time.
    KenBurns,
}

impl Motion {
    /// What publishers write.
    pub const WORDS: [(&str, Self); 2] = [("still", Self::Still), ("ken-burns", Self::KenBurns)];
}

/// Tells whether a creative may name a file so: a picture or drawing of its own folder.
pub fn is_part_name(name: &str) -> bool {
    !name.contains(['/', '\\'])
        && matches!(
            CreativeKind::of_name(name),
            Some(CreativeKind::Picture | CreativeKind::Drawing)
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_is() {
        let kind = CreativeKind::of_name;
        assert_eq!(kind("Poster.JPG"), Some(CreativeKind::Picture));
        assert_eq!(kind("sale.card.toml"), Some(CreativeKind::Card));
        assert_eq!(kind("clip.mp4"), Some(CreativeKind::Video));
        for film in ["IMG_0001.MOV", "clip.m4v"] {
            assert_eq!(kind(film), Some(CreativeKind::Video), "{film}");
        }
        for picture in ["scan.jfif", "party.jpe", "Party.JPE"] {
            assert_eq!(kind(picture), Some(CreativeKind::Picture), "{picture}");
        }
        for other in [
            "campaign.toml",
            ".hidden.png",
            ".png",
            "clip.mp4.txt",
            "x/.y.png",
        ] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_bytes_tell_films_from_what_only_looks_like_one() {
        for (head, media_type) in [
            (b"\0\0\0\x18ftypmp42".as_slice(), Some("video/mp4")),
            (b"\0\0\0\x18ftypisom", Some("video/mp4")),
            (b"\0\0\0\x14ftypqt  ", Some("video/quicktime")),
            (b"\0\0\x02\x6cmoov\0\0\0\x6c", Some("video/quicktime")),
            (b"\0\0\0\x08wide\0\0\0\0", Some("video/quicktime")),
            (b"\x1A\x45\xDF\xA3....", Some("video/webm")),
        ] {
            assert_eq!(video_media_type(head).ok(), media_type, "{head:?}");
        }
    }

    #[test]
    fn what_is_no_video_is_told_by_what_it_is() {
        for (head, reason) in [
            (b"".as_slice(), "the file is empty; copy it again"),
            (b"\0\0\0\x18ftypheic", "it is a picture (HEIF or AVIF)"),
            (b"\0\0\0\x1cftypavif", "it is a picture (HEIF or AVIF)"),
            (
                b"\0\0\0\x20ftypM4A ",
                "there are no moving pictures in it; export",
            ),
            (b"not a film at all", "it is no MP4, MOV or WebM film"),
            (b"\0\0\0", "it is no MP4, MOV or WebM film"),
        ] {
            let told = video_media_type(head).expect_err(reason).to_string();
            assert!(told.starts_with(reason), "{head:?}: {told}");
        }
    }

    #[test]
    fn the_first_bytes_tell_the_ending_that_a_name_lacks() {
        for (head, ending) in [
            (b"\x89PNG\r\n\x1a\n".as_slice(), Some(".png")),
            (b"\xff\xd8\xff\xe0", Some(".jpg")),
            (b"GIF89a", Some(".gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(".webp")),
            (b"RIFF\0\0\0\0WAVEfmt ", None),
            (b"<svg xmlns='x'/>", Some(".svg")),
            (b"\0\0\0\x14ftypqt  ", Some(".mov")),
            (b"\0\0\0\x18ftypmp42", Some(".mp4")),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(ending_of_content(head), ending, "{head:?}");
        }
    }
}

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
    /// MP4 or WebM.
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
    ".jpg, .png, .webp, .gif, .svg, .mp4, .webm, .card.toml, .ticker.toml or .page.toml";

/// File name endings, in lower case, longest first where one ends another.
const ENDINGS: [(&str, CreativeKind); 13] = [
    (".card.toml", CreativeKind::Card),
    (".ticker.toml", CreativeKind::Ticker),
    (".page.toml", CreativeKind::Page),
    (".jpg", CreativeKind::Picture),
    (".jpeg", CreativeKind::Picture),
    (".png", CreativeKind::Picture),
    (".apng", CreativeKind::Picture),
    (".webp", CreativeKind::Picture),
    (".gif", CreativeKind::Picture),
    (".svg", CreativeKind::Drawing),
    (".mp4", CreativeKind::Video),
    (".m4v", CreativeKind::Video),
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
            Self::Video => "video",
            Self::Card => "card",
            Self::Ticker => "ticker",
            Self::Page => "web page",
        }
    }
}

/// Tells what a video is from its first 12 bytes; `None` for what is neither MP4 (ISO/IEC 14496-12, 4.3) nor WebM
/// (RFC 8794, 8.1).
pub fn video_media_type(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) == Some(b"ftyp") {
        Some("video/mp4")
    } else if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        Some("video/webm")
    } else {
        None
    }
}

/// How one slide gives way to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitionKind {
    /// At once.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_file_is() {
        let kind = CreativeKind::of_name;
        assert_eq!(kind("Poster.JPG"), Some(CreativeKind::Picture));
        assert_eq!(kind("sale.card.toml"), Some(CreativeKind::Card));
        assert_eq!(kind("clip.mp4"), Some(CreativeKind::Video));
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
}

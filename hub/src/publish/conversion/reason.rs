//! Why a film is made anew, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a film is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Many screens decode its codec slowly, or not at all.
    Codec,
    /// Its codec is the right one in a form that hardware does not decode.
    Profile,
    /// Its file is none that screens open.
    Container,
    /// It has more pixels than a television.
    Size,
    /// More pictures a second than are played.
    Rate,
    /// Its pictures come unevenly.
    Uneven,
    /// Each picture is two halves.
    Interlaced,
    /// More than 8 bits a colour, or colours in another form than 4:2:0.
    Pixels,
    /// More light than screens show.
    Hdr,
    /// More bits a second than anybody sees.
    Bitrate,
    /// Its pictures lie on their side.
    Turned,
    /// Its sound is in a form that players lack.
    Sound,
    /// What a player needs first stands at the end of its file.
    HeadLast,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Codec,
        Self::Profile,
        Self::Container,
        Self::Size,
        Self::Rate,
        Self::Uneven,
        Self::Interlaced,
        Self::Pixels,
        Self::Hdr,
        Self::Bitrate,
        Self::Turned,
        Self::Sound,
        Self::HeadLast,
    ];

    /// Tells whether its pictures have to be coded anew; else they are copied as they are.
    pub const fn is_of_pictures(self) -> bool {
        !matches!(self, Self::Sound | Self::HeadLast)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Codec => "many screens cannot decode its codec, or only slowly",
            Self::Profile => "its codec is in a form that hardware does not decode",
            Self::Container => "its file is neither MP4 nor WebM",
            Self::Size => "it has more pixels than 1920 x 1080",
            Self::Rate => "it has more than 30 pictures a second",
            Self::Uneven => "its pictures come unevenly",
            Self::Interlaced => "each of its pictures is two halves (interlaced)",
            Self::Pixels => "it has more than 8 bits a colour, or another form than 4:2:0",
            Self::Hdr => "it is made for more light than screens show (HDR)",
            Self::Bitrate => "it has more than 20 Mbit a second",
            Self::Turned => "its pictures lie on their side and would have to be turned one by one",
            Self::Sound => "its sound is in a form that phones and screens do not play",
            Self::HeadLast => "what a player needs first stands at the end of its file",
        })
    }
}

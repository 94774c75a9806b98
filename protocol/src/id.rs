//! Typed ids. Each has one text form, used in JSON, in SQL and on the command line alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::bounded;
use crate::foreign::quoted;

/// Says why a text is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{quoted} is not {accepted}")]
pub struct IdError {
    quoted: String,
    accepted: &'static str,
}

impl IdError {
    fn new(text: &str, accepted: &'static str) -> Self {
        Self {
            quoted: quoted(text),
            accepted,
        }
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $bits:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name(u32);

        impl $name {
            /// The largest value.
            pub const MAX: u32 = (1 << $bits) - 1;

            /// Returns the id, or `None` when the number needs more than its bits.
            pub const fn new(number: u32) -> Option<Self> {
                if number <= Self::MAX { Some(Self(number)) } else { None }
            }

            /// Returns the number.
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = IdError;
            fn try_from(number: u32) -> Result<Self, IdError> {
                Self::new(number).ok_or_else(|| {
                    let accepted = concat!("a number of at most ", $bits, " bits");
                    IdError::new(&number.to_string(), accepted)
                })
            }
        }

        impl From<$name> for u32 {
            fn from(id: $name) -> u32 {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().ok().and_then(Self::new).ok_or_else(|| {
                    IdError::new(text, concat!("a number of at most ", $bits, " bits"))
                })
            }
        }
    };
}

number_id!(
    /// The hub's number for one screen; 28 bits, so that it fits into a token.
    ScreenNumber, 28
);
number_id!(
    /// The hub's short number for (campaign, placement, creative) on a screen; 20 bits. Zero means
    /// "none": local content that no hub has assigned.
    Assignment, 20
);
number_id!(
    /// The number of one play on one screen; 28 bits, never reused.
    PlayNumber, 28
);

impl Assignment {
    /// Local content, which carries no token.
    pub const NONE: Self = Self(0);
}

/// A SHA-256; names a creative. Its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new(text, "a SHA-256 of 64 lower-case hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
    }
}

/// Names one incarnation of a ledger file; 64 random bits. Its text form is 16 lower-case
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(text, 16)
            .ok()
            .filter(|_| digits)
            .map(Self)
            .ok_or_else(|| IdError::new(text, "an epoch of 16 hexadecimal digits"))
    }
}

impl Serialize for Epoch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
    }
}

/// Names a campaign: the name of the folder it was published from. 1 to 64 characters, none of them
/// a slash, a backslash, a control character or a leading dot, so that it is safe in a path, a URL
/// and a log line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct CampaignId(String);

impl CampaignId {
    /// Returns the text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CampaignId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let length = text.chars().take(65).count();
        let plain = !text.starts_with('.')
            && !text.contains(['/', '\\'])
            && !text.contains(char::is_control);
        if (1..=64).contains(&length) && plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::new(
                text,
                "a campaign name of 1 to 64 characters without slashes or a leading dot",
            ))
        }
    }
}

impl TryFrom<String> for CampaignId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for CampaignId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
    }
}

impl From<CampaignId> for String {
    fn from(id: CampaignId) -> String {
        id.0
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_text_reads_back() {
        let digest = Digest::of(b"poster");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("ZZ".parse::<Digest>().is_err());
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
    }

    #[test]
    fn campaign_id_refuses_what_could_leave_its_folder() {
        for bad in ["", "..", ".hidden", "a/b", "a\\b", "a\nb"] {
            assert!(bad.parse::<CampaignId>().is_err(), "{bad:?}");
        }
        assert!("三体 launch".parse::<CampaignId>().is_ok());
    }

    #[test]
    fn numbers_past_their_bits_are_refused() {
        assert!(Assignment::new(1 << 20).is_none());
        assert!("268435456".parse::<PlayNumber>().is_err());
        assert!(serde_json::from_str::<ScreenNumber>("268435456").is_err());
    }
}

//! The short code that a screen shows while it waits to be claimed.

use std::fmt;
use std::str::FromStr;

/// Eight characters of Crockford base32, upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PairingCode(String);

/// Says that a text is not a pairing code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a pairing code; it has the 8 letters and digits that the screen shows")]
pub struct PairingCodeError;

impl PairingCode {
    /// Returns the text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PairingCode {
    type Err = PairingCodeError;

    /// Reads what a person copied from a screen: either case, with or without a dash, look-alikes
    /// as they were meant.
    fn from_str(text: &str) -> Result<Self, PairingCodeError> {
        let mut code = String::with_capacity(8);
        for character in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            code.push(match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                'U' => return Err(PairingCodeError),
                upper @ ('0'..='9' | 'A'..='Z') => upper,
                _ => return Err(PairingCodeError),
            });
        }
        if code.len() == 8 {
            Ok(Self(code))
        } else {
            Err(PairingCodeError)
        }
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_copy_them() {
        let code: PairingCode = "ab1o-cdef".parse().unwrap();
        assert_eq!(code.as_str(), "AB10CDEF");
        for bad in ["", "ABCDEFG", "ABCDEFGH9", "ABCDEFGU", "扫码扫码扫码扫码"] {
            assert!(bad.parse::<PairingCode>().is_err(), "{bad:?}");
        }
    }
}

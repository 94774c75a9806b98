//! Secrets that the hub makes and hands out once: links that work once, sessions, tokens.
//!
//! Invariant: of each, only the SHA-256 is kept. It is looked up as it is, since nobody who guesses
//! learns anything from how long that takes.

use passerby_protocol::Digest;
use passerby_protocol::hexadecimal::hex;

use crate::system::random;

/// 160 random bits, as 32 lower-case letters and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes one.
    pub fn new() -> Self {
        Self(random::enrolment_token().to_ascii_lowercase())
    }

    /// Reads what somebody sent; `None` for what was never one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_ascii_lowercase()))
    }

    /// As it is handed out.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn sha256(&self) -> [u8; 32] {
        Digest::of(self.0.as_bytes()).0
    }

    /// Another secret that only the holder of this one can know, for one purpose.
    pub fn derived(&self, purpose: &str) -> String {
        hex(&Digest::of(format!("{purpose}\n{}", self.0).as_bytes()).0)
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_back_and_tell_nothing_of_themselves() {
        let secret = Secret::new();
        assert_eq!(Secret::parse(secret.as_str()), Some(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_ne!(secret.derived("one"), secret.derived("other"));
        for bad in ["", "abc", &"a".repeat(33), &"ä".repeat(16)] {
            assert_eq!(Secret::parse(bad), None);
        }
    }
}

//! The second step: six digits from a phone (TOTP, RFC 6238), or one of the recovery codes.
//!
//! Invariants: a code is good for its half minute and the one before and after it, since phones'
//! clocks differ, and only once; recovery codes are kept as SHA-256.

use passerby_protocol::Digest;
use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::system::random;

/// How many recovery codes there are at first.
pub const RECOVERY_CODES: usize = 8;
const STEP_S: i64 = 30;
const DIGITS: u32 = 1_000_000;
/// Base32 of RFC 4648, which apps for such codes read.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a phone and the hub share.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeKey([u8; 20]);

impl std::fmt::Debug for OneTimeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimeKey")
    }
}

impl OneTimeKey {
    /// Makes one.
    pub fn new() -> Self {
        Self(random::bytes())
    }

    /// One that was kept.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// What is kept.
    pub const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// As people type it into their app.
    pub fn text(&self) -> String {
        let groups = self.0.chunks_exact(5);
        let groups = groups.flat_map(|group| {
            let bits = group
                .iter()
                .fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
            (0..8)
                .rev()
                .map(move |place| (bits >> (5 * place) & 31) as usize)
        });
        groups.map(|place| char::from(ALPHABET[place])).collect()
    }

    /// What an app reads from a picture.
    pub fn address(&self, name: &str, host: &str) -> String {
        let escaped = |text: &str| -> String {
            let bytes = text.bytes();
            bytes
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => {
                        char::from(byte).to_string()
                    }
                    _ => format!("%{byte:02X}"),
                })
                .collect()
        };
        let (name, host) = (escaped(name), escaped(host));
        let secret = self.text();
        format!("otpauth://totp/Passerby%20{host}:{name}?secret={secret}&issuer=Passerby%20{host}")
    }

    /// Returns the half minute whose code this is, if it is later than the one that was used last.
    pub fn step_of(&self, code: &str, used: Option<i64>, now_ms: i64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let now = now_ms.div_euclid(1_000 * STEP_S);
        let mut found = None;
        // All three are compared, so that the time tells nothing.
        for step in now - 1..=now + 1 {
            let is_it: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if is_it && used.is_none_or(|used| step > used) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a moment.
    pub fn code_at(&self, now_ms: i64) -> String {
        self.code(now_ms.div_euclid(1_000 * STEP_S))
    }

    fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let at = usize::from(bytes[19] & 15);
        let number = bytes[at..at + 4]
            .iter()
            .fold(0u32, |number, &byte| number << 8 | u32::from(byte));
        format!("{:06}", (number & 0x7fff_ffff) % DIGITS)
    }

    /// Makes recovery codes: as people keep them, and what the hub keeps.
    pub fn recovery_codes() -> Vec<(String, [u8; 32])> {
        let codes = (0..RECOVERY_CODES).map(|_| {
            let name = random::share_name();
            let groups: Vec<&str> = (0..4).map(|at| &name[at * 4..at * 4 + 4]).collect();
            (groups.join("-"), Self::recovery_sha256(&name))
        });
        codes.collect()
    }

    /// What is kept of a recovery code that somebody typed.
    pub fn recovery_sha256(text: &str) -> [u8; 32] {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Digest::of(format!("recovery\n{}", plain.to_ascii_lowercase()).as_bytes()).0
    }
}

impl Default for OneTimeKey {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B; the last six of its eight digits.
        let key = OneTimeKey::from_bytes(*b"12345678901234567890");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(key.code_at(second * 1_000), code);
        }
        assert_eq!(key.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_good_once_and_for_half_a_minute_around_it() {
        let key = OneTimeKey::new();
        let now_ms = 1_767_225_600_000;
        let code = key.code_at(now_ms);
        let step = key.step_of(&code, None, now_ms).unwrap();
        assert_eq!(key.step_of(&code, Some(step), now_ms), None);
        assert_eq!(
            key.step_of(
                &format!("{} {}", &code[..3], &code[3..]),
                None,
                now_ms + 30_000
            ),
            Some(step)
        );
        assert_eq!(key.step_of(&code, None, now_ms + 60_000), None);
        assert_eq!(key.step_of("", None, now_ms), None);
    }

    #[test]
    fn recovery_codes_are_read_as_people_copy_them() {
        let codes = OneTimeKey::recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        for (text, kept) in codes {
            assert_eq!(text.len(), 19);
            let typed = text.replace('-', " ").to_ascii_uppercase();
            assert_eq!(OneTimeKey::recovery_sha256(&typed), kept);
        }
    }
}

//! The signed 160 bits of one play.
//!
//! | bits | field |
//! |---|---|
//! | 4 | format (1 bit, 0 today) and the low bits of the key generation (3 bits) |
//! | 28 | screen number |
//! | 20 | assignment |
//! | 28 | play number |
//! | 24 | minutes since 2026-01-01T00:00Z, 0 = clock not trusted |
//! | 56 | HMAC-SHA256 over the other 104 bits with a domain label, truncated |
//!
//! Invariants: a token that verifies was minted by a holder of that screen's key; the tag is
//! compared in constant time; parsing never panics and allocates nothing. Keys derive from the
//! whole generation, of which a token carries the low bits: a key that leaked stays a stranger when
//! its bits come round again.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{Assignment, PlayNumber, ScreenNumber, base32};

const LABEL_TAG: &[u8] = b"passerby token v1";
const LABEL_KEY: &[u8] = b"passerby token key v1";

/// The text of a code that is shown where nobody plays anything, as in a preview: as long as a
/// token, with each of its digits once, and never one, since no token has this format.
pub const SAMPLE: &str = "ZP3W9K7M2X5Q8R4T6V1YBDFGHJNCSEA0";

/// 2026-01-01T00:00Z in minutes of the Unix epoch.
const EPOCH_MINUTES: i64 = 29_453_760;
/// 2057-11-24T20:15Z; codes of later plays say nothing of their time.
const MINUTES_MAX: u32 = (1 << 24) - 1;

/// How many generations of a key a token tells apart.
pub const GENERATIONS_TOLD_APART: u8 = 8;

/// Returns what a token carries of a key generation: its low three bits.
pub const fn generation_bits(generation: u8) -> u8 {
    generation % GENERATIONS_TOLD_APART
}

/// The hub's secret from which every token key derives, with the work done that all of them share.
#[derive(Clone)]
pub struct MasterKey(hkdf::Hkdf<Sha256>);

impl MasterKey {
    /// Takes the secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hkdf::Hkdf::new(None, secret))
    }

    /// Derives the key of a screen and generation (HKDF-SHA256, RFC 5869).
    ///
    /// # Panics
    /// Never: HKDF refuses lengths from 8,161 bytes on only.
    pub fn token_key(&self, screen: ScreenNumber, generation: u8) -> TokenKey {
        let mut key = [0; 32];
        let screen = screen.get().to_be_bytes();
        self.0
            .expand_multi_info(&[LABEL_KEY, &screen, &[generation]], &mut key)
            .expect("32 bytes is a valid length for HKDF-SHA256");
        TokenKey(key)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

/// The secret with which one screen mints; derived, so the hub stores only its master key.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// Derives the key of a screen and generation from the hub's secret; see
    /// [`MasterKey::token_key`].
    pub fn derive(master: &[u8; 32], screen: ScreenNumber, generation: u8) -> Self {
        MasterKey::new(master).token_key(screen, generation)
    }

    /// Takes a key that the hub handed out at enrolment.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the secret bytes, to be stored where only the terminal can read them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn tag(&self, head: &[u8; 13]) -> [u8; 7] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(LABEL_TAG);
        mac.update(head);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; 7];
        tag.copy_from_slice(&full[..7]);
        tag
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(secret)")
    }
}

/// What a token says, before or after verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenContents {
    /// Key generation: the whole of it before minting, its low three bits once read from a token.
    pub generation: u8,
    /// Which screen.
    pub screen: ScreenNumber,
    /// Which (campaign, placement, creative) there.
    pub assignment: Assignment,
    /// Which play.
    pub play: PlayNumber,
    /// When it was minted, in minutes since 2026-01-01T00:00Z; 0 = the clock was not trusted.
    pub minutes: u32,
}

impl TokenContents {
    /// Returns the minutes field for a wall time; 0 for `None` and for times outside 2026 to 2057.
    pub fn minutes_at(wall_ms: Option<i64>) -> u32 {
        let minutes = wall_ms.map_or(0, |ms| ms.div_euclid(60_000) - EPOCH_MINUTES);
        u32::try_from(minutes)
            .ok()
            .filter(|&m| m <= MINUTES_MAX)
            .unwrap_or(0)
    }

    /// Returns when the token was minted in Unix milliseconds, to the minute; `None` if the clock
    /// was not trusted.
    pub fn minted_ms(&self) -> Option<i64> {
        (self.minutes > 0).then(|| (i64::from(self.minutes) + EPOCH_MINUTES) * 60_000)
    }

    fn head(&self) -> [u8; 13] {
        let bits = u128::from(generation_bits(self.generation)) << 100
            | u128::from(self.screen.get()) << 72
            | u128::from(self.assignment.get()) << 52
            | u128::from(self.play.get()) << 24
            | u128::from(self.minutes.min(MINUTES_MAX));
        let mut head = [0; 13];
        head.copy_from_slice(&bits.to_be_bytes()[3..]);
        head
    }
}

/// One token: its contents and the tag that proves them.
///
/// ```
/// use passerby_protocol::token::{Token, TokenContents, TokenKey};
/// use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};
///
/// let contents = TokenContents {
///     generation: 0,
///     screen: ScreenNumber::new(7).expect("in range"),
///     assignment: Assignment::new(3).expect("in range"),
///     play: PlayNumber::new(1_000).expect("in range"),
///     minutes: 0,
/// };
/// let key = TokenKey::derive(&[1; 32], contents.screen, contents.generation);
/// let code = Token::mint(contents, &key).to_string();
/// assert_eq!(code.len(), 32);
///
/// // Whoever reads it knows what it says, and only the screen's key makes it a proof.
/// let read = Token::parse(&code).expect("the form of a token");
/// assert_eq!(read.verify(&key), Some(&contents));
/// let other = TokenKey::derive(&[2; 32], contents.screen, contents.generation);
/// assert_eq!(read.verify(&other), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    contents: TokenContents,
    tag: [u8; 7],
}

impl Token {
    /// Signs the contents of a token.
    pub fn mint(contents: TokenContents, key: &TokenKey) -> Self {
        let contents = TokenContents {
            generation: generation_bits(contents.generation),
            minutes: contents.minutes.min(MINUTES_MAX),
            ..contents
        };
        Self {
            contents,
            tag: key.tag(&contents.head()),
        }
    }

    /// Reads the text form, of either case. The result is what it says, not a proof: see
    /// [`Token::verify`].
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = base32::decode(text)?;
        let mut wide = [0; 16];
        wide[3..].copy_from_slice(&bytes[..13]);
        let bits = u128::from_be_bytes(wide);
        // Every field has at most 28 bits.
        let field = |shift: u32, width: u32| {
            u32::try_from(bits >> shift & ((1 << width) - 1)).unwrap_or(u32::MAX)
        };
        let format_and_generation = u8::try_from(field(100, 4)).ok()?;
        if format_and_generation >= GENERATIONS_TOLD_APART {
            return None;
        }
        let mut tag = [0; 7];
        tag.copy_from_slice(&bytes[13..]);
        Some(Self {
            contents: TokenContents {
                generation: format_and_generation,
                screen: ScreenNumber::new(field(72, 28))?,
                assignment: Assignment::new(field(52, 20))?,
                play: PlayNumber::new(field(24, 28))?,
                minutes: field(0, 24),
            },
            tag,
        })
    }

    /// Returns the contents without proof, to look up the key that would prove them.
    pub const fn unverified(&self) -> &TokenContents {
        &self.contents
    }

    /// Returns the contents if the key minted them; compares in constant time.
    pub fn verify(&self, key: &TokenKey) -> Option<&TokenContents> {
        bool::from(self.tag.ct_eq(&key.tag(&self.contents.head()))).then_some(&self.contents)
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = [0; 20];
        bytes[..13].copy_from_slice(&self.contents.head());
        bytes[13..].copy_from_slice(&self.tag);
        f.write_str(&base32::encode(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    fn contents() -> impl Strategy<Value = TokenContents> {
        (
            0u8..8,
            0..=ScreenNumber::MAX,
            0..=Assignment::MAX,
            0..=PlayNumber::MAX,
            0..=MINUTES_MAX,
        )
            .prop_map(
                |(generation, screen, assignment, play, minutes)| TokenContents {
                    generation,
                    screen: ScreenNumber::new(screen).expect("in range"),
                    assignment: Assignment::new(assignment).expect("in range"),
                    play: PlayNumber::new(play).expect("in range"),
                    minutes,
                },
            )
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn minted_token_verifies_and_reads_back(contents in contents(), master: [u8; 32]) {
            let key = TokenKey::derive(&master, contents.screen, contents.generation);
            let token = Token::mint(contents, &key);
            let read = Token::parse(&token.to_string()).expect("own text form");
            prop_assert_eq!(read.verify(&key), Some(&contents));
        }

        #[test]
        fn one_changed_character_is_refused(contents in contents(), master: [u8; 32], place in 0usize..32, other in 1u8..32) {
            let key = TokenKey::derive(&master, contents.screen, contents.generation);
            let text = Token::mint(contents, &key).to_string();
            let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
            let mut bytes = text.into_bytes();
            let value = alphabet.iter().position(|&a| a == bytes[place]).expect("own alphabet");
            bytes[place] = alphabet[(value + usize::from(other)) % 32];
            let changed = String::from_utf8(bytes).expect("ascii");
            let accepted = Token::parse(&changed).is_some_and(|token| token.verify(&key).is_some());
            prop_assert!(!accepted);
        }

        #[test]
        fn another_screens_key_is_refused(contents in contents(), master: [u8; 32]) {
            let key = TokenKey::derive(&master, contents.screen, contents.generation);
            let neighbour = ScreenNumber::new(contents.screen.get() ^ 1).expect("in range");
            let token = Token::mint(contents, &key);
            prop_assert!(token.verify(&TokenKey::derive(&master, neighbour, contents.generation)).is_none());
            prop_assert!(token.verify(&TokenKey::derive(&master, contents.screen, contents.generation ^ 1)).is_none());
        }
    }

    #[test]
    fn layout_is_the_documented_one() {
        let contents = TokenContents {
            generation: 5,
            screen: ScreenNumber::new(0x0ABCDEF).expect("in range"),
            assignment: Assignment::new(0x12345).expect("in range"),
            play: PlayNumber::new(0x6789ABC).expect("in range"),
            minutes: 0x00DEF0,
        };
        let expected = [
            0x50, 0xAB, 0xCD, 0xEF, 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0x00, 0xDE, 0xF0,
        ];
        assert_eq!(contents.head(), expected);
    }

    #[test]
    fn keys_that_are_on_screens_stay_what_they_are() {
        // Worked out with another HKDF, Python's hmac, for the form that masked generations to
        // three bits.
        let screen = ScreenNumber::new(0x0ABCDEF).expect("in range");
        let known = [
            (
                0,
                "36140552e2d1b234f93a53d455152fb008356a21eb71f36d6c2fa8dc71e9fded",
            ),
            (
                5,
                "7e729179ef40bf996f47a338967a006c5d8dc8a15092b45194f097062cc64b1e",
            ),
            (
                7,
                "845b2f50c3e00882918de72cc62aa87662f787a261d54fef42326b194619adf5",
            ),
        ];
        for (generation, hex) in known {
            let key = TokenKey::derive(&[7; 32], screen, generation);
            assert_eq!(hexadecimal::hex(key.as_bytes()), hex);
        }
    }

    #[test]
    fn a_key_of_eight_generations_ago_is_refused_though_its_tokens_look_alike() {
        let screen = ScreenNumber::new(7).expect("in range");
        let (old, new) = (
            TokenKey::derive(&[7; 32], screen, 0),
            TokenKey::derive(&[7; 32], screen, 8),
        );
        let contents = TokenContents {
            generation: 8,
            screen,
            assignment: Assignment::new(1).expect("in range"),
            play: PlayNumber::new(1).expect("in range"),
            minutes: 1,
        };
        let leaked = Token::mint(contents, &old);
        assert_eq!(leaked.unverified().generation, 0);
        assert_eq!(leaked.verify(&new), None);
        assert!(Token::mint(contents, &new).verify(&new).is_some());
    }

    #[test]
    fn minutes_of_untrusted_and_distant_clocks_are_zero() {
        assert_eq!(TokenContents::minutes_at(None), 0);
        assert_eq!(TokenContents::minutes_at(Some(0)), 0);
        assert_eq!(TokenContents::minutes_at(Some(4_102_444_800_000)), 0);
        assert_eq!(
            TokenContents::minutes_at(Some(1_767_225_600_000 + 61_000)),
            1
        );
    }

    #[test]
    fn the_sample_is_as_long_as_a_token_and_never_one() {
        let contents = TokenContents {
            generation: 0,
            screen: ScreenNumber::new(1).expect("in range"),
            assignment: Assignment::new(1).expect("in range"),
            play: PlayNumber::new(1).expect("in range"),
            minutes: 0,
        };
        let token = Token::mint(contents, &TokenKey::from_bytes([1; 32])).to_string();
        assert_eq!(SAMPLE.len(), token.len());
        assert!(base32::decode(SAMPLE).is_some());
        assert!(Token::parse(SAMPLE).is_none());
    }
}

//! Texts that somebody might try for a token.

use std::collections::{HashMap, HashSet};

use passerby_protocol::token::{TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber, Token};

use super::dice::Dice;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MASTER: [u8; 32] = [0x5A; 32];
/// The master key of some other hub.
const FOREIGN: [u8; 32] = [0xA5; 32];
const SCREENS: [u32; 16] = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    1_000,
    1_001,
    0x00AB_CDEF,
    0x07FF_FFFF,
    0x0800_0000,
    0x0FFF_FFFE,
    0x0FFF_FFFF,
];
const GENERATIONS: usize = 8;
/// Tokens of each screen and generation.
const TOKENS_OF_A_KEY: usize = 16;
/// Bits from the top at which a field ends: format and generation, screen, assignment, play,
/// minutes, tag.
const ENDS: [usize; 6] = [4, 32, 52, 80, 104, 160];

/// Keys of some screens, what they minted, and what a forger minted for the same contents.
pub(crate) struct Mint {
    keys: HashMap<u32, [TokenKey; GENERATIONS]>,
    genuine: Vec<[u8; 20]>,
    forged: Vec<[u8; 20]>,
    written: HashSet<[u8; 32]>,
}

impl Mint {
    pub(crate) fn new() -> Self {
        let mut mint = Self {
            keys: HashMap::new(),
            genuine: Vec::new(),
            forged: Vec::new(),
            written: HashSet::new(),
        };
        let mut dice = Dice::new(26);
        for number in SCREENS {
            let screen = ScreenNumber::new(number).expect("in range");
            let keys: [TokenKey; GENERATIONS] = std::array::from_fn(|generation| {
                mint.derive(screen, u8::try_from(generation).expect("three bits"))
            });
            for (generation, key) in (0u8..).zip(&keys) {
                for token in 0..TOKENS_OF_A_KEY {
                    let mut bits = |width: u32| {
                        u32::try_from(dice.next() >> (64 - width)).expect("at most 28 bits")
                    };
                    // Plays and minutes beside each other, as a screen mints them; then anything.
                    let near = u32::try_from(token).expect("few");
                    let (play, minutes) = if token < 4 {
                        (near, near)
                    } else {
                        (bits(28), bits(24))
                    };
                    let contents = TokenContents {
                        generation,
                        screen,
                        assignment: Assignment::new(bits(20)).expect("in range"),
                        play: PlayNumber::new(play).expect("in range"),
                        minutes,
                    };
                    let text = Token::mint(contents, key).to_string();
                    mint.written
                        .insert(text.as_bytes().try_into().expect("32 characters"));
                    mint.genuine.push(read(text.as_bytes()));
                    // The key of another hub, of the screen's next generation, of the next screen.
                    let wrong = match token % 3 {
                        0 => TokenKey::derive(&FOREIGN, screen, generation),
                        1 => mint.derive(screen, generation + 1),
                        _ => {
                            let next = ScreenNumber::new(number ^ 1).expect("in range");
                            mint.derive(next, generation)
                        }
                    };
                    mint.forged
                        .push(read(Token::mint(contents, &wrong).to_string().as_bytes()));
                }
            }
            mint.keys.insert(number, keys);
        }
        mint
    }

    /// Returns the key of a screen that was prepared.
    pub(crate) fn key(&self, screen: ScreenNumber, generation: u8) -> Option<&TokenKey> {
        Some(&self.keys.get(&screen.get())?[usize::from(generation)])
    }

    /// Derives the key of any screen, as a hub does for every scan.
    #[allow(clippy::unused_self, reason = "the master key is the mint's")]
    pub(crate) fn derive(&self, screen: ScreenNumber, generation: u8) -> TokenKey {
        TokenKey::derive(&MASTER, screen, generation)
    }

    /// Tells whether a text is one of the minted tokens in any way of writing it; knows nothing of
    /// the code under test.
    pub(crate) fn minted(&self, text: &str) -> bool {
        let Ok(mut characters) = <[u8; 32]>::try_from(text.as_bytes()) else {
            return false;
        };
        for character in &mut characters {
            *character = match character.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
        }
        self.written.contains(&characters)
    }
}

/// How a text is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    RandomCharacters,
    RandomForAKnownScreen,
    RandomText,
    BitsFlipped,
    TagBitFlipped,
    FormatBitSet,
    CharactersSwapped,
    CharacterReplaced,
    CutOrLengthened,
    FieldChanged,
    TagOfAnother,
    WrongKey,
    WrittenOtherwise,
    FlippedAndWrittenOtherwise,
}

pub(crate) const KINDS: [Kind; 14] = [
    Kind::RandomCharacters,
    Kind::RandomForAKnownScreen,
    Kind::RandomText,
    Kind::BitsFlipped,
    Kind::TagBitFlipped,
    Kind::FormatBitSet,
    Kind::CharactersSwapped,
    Kind::CharacterReplaced,
    Kind::CutOrLengthened,
    Kind::FieldChanged,
    Kind::TagOfAnother,
    Kind::WrongKey,
    Kind::WrittenOtherwise,
    Kind::FlippedAndWrittenOtherwise,
];

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RandomCharacters => "random characters of the alphabet",
            Self::RandomForAKnownScreen => "random, for a known screen and generation",
            Self::RandomText => "random bytes as text",
            Self::BitsFlipped => "one to eight bits flipped",
            Self::TagBitFlipped => "one bit of the tag flipped",
            Self::FormatBitSet => "the format bit set",
            Self::CharactersSwapped => "two characters swapped",
            Self::CharacterReplaced => "one character replaced by any other",
            Self::CutOrLengthened => "cut, lengthened or shifted",
            Self::FieldChanged => "a field changed, the tag kept",
            Self::TagOfAnother => "the tag of another token",
            Self::WrongKey => "signed with the key of another hub, screen or generation",
            Self::WrittenOtherwise => "lower case and look-alikes",
            Self::FlippedAndWrittenOtherwise => "one bit flipped, lower case and look-alikes",
        }
    }
}

/// A text to try, in a place of its own so that making it allocates nothing either.
pub(crate) struct Attempt {
    bytes: [u8; 96],
    len: usize,
}

impl Attempt {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 96],
            len: 0,
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("made of characters")
    }

    /// Makes the next text.
    pub(crate) fn roll(&mut self, kind: Kind, mint: &Mint, dice: &mut Dice) {
        let genuine = &mint.genuine[dice.below(mint.genuine.len())];
        let mut bits = *genuine;
        match kind {
            Kind::RandomCharacters => self.write(&random(dice)),
            Kind::RandomForAKnownScreen => {
                bits[4..].copy_from_slice(&random(dice)[4..]);
                self.write(&bits);
            }
            Kind::RandomText => self.random_text(dice),
            Kind::BitsFlipped => {
                for _ in 0..=dice.below(8) {
                    flip(&mut bits, dice.below(160));
                }
                self.write(&bits);
            }
            Kind::TagBitFlipped => {
                flip(&mut bits, 104 + dice.below(56));
                self.write(&bits);
            }
            Kind::FormatBitSet => {
                flip(&mut bits, 0);
                self.write(&bits);
            }
            Kind::CharactersSwapped => {
                self.write(&bits);
                self.bytes.swap(dice.below(32), dice.below(32));
            }
            Kind::CharacterReplaced => {
                self.write(&bits);
                let any_ascii = u8::try_from(dice.below(128)).expect("seven bits");
                let of_alphabet = ALPHABET[dice.below(32)];
                self.bytes[dice.below(32)] = if dice.below(4) == 0 {
                    any_ascii
                } else {
                    of_alphabet
                };
            }
            Kind::CutOrLengthened => {
                self.write(&bits);
                self.cut_or_lengthen(dice);
            }
            Kind::FieldChanged => {
                let field = dice.below(5);
                let start = if field == 0 { 1 } else { ENDS[field - 1] };
                // Mostly its lowest bits: the neighbour is the best guess.
                let width = ENDS[field] - start;
                let reach = if dice.below(2) == 0 {
                    width
                } else {
                    width.min(4)
                };
                flip(&mut bits, ENDS[field] - 1 - dice.below(reach));
                self.write(&bits);
            }
            Kind::TagOfAnother => {
                let other = &mint.genuine[dice.below(mint.genuine.len())];
                bits[13..].copy_from_slice(&other[13..]);
                self.write(&bits);
            }
            Kind::WrongKey => self.write(&mint.forged[dice.below(mint.forged.len())]),
            Kind::WrittenOtherwise => {
                self.write(&bits);
                self.write_otherwise(dice);
            }
            Kind::FlippedAndWrittenOtherwise => {
                flip(&mut bits, dice.below(160));
                self.write(&bits);
                self.write_otherwise(dice);
            }
        }
    }

    fn write(&mut self, bits: &[u8; 20]) {
        for (group, out) in bits.chunks_exact(5).zip(self.bytes.chunks_exact_mut(8)) {
            let value = group
                .iter()
                .fold(0u64, |value, &byte| value << 8 | u64::from(byte));
            for (place, character) in out.iter_mut().enumerate() {
                *character = ALPHABET[(value >> (35 - 5 * place) & 31) as usize];
            }
        }
        self.len = 32;
    }

    /// Any bytes, each as the character of that number, so that nothing is refused for its encoding
    /// alone.
    fn random_text(&mut self, dice: &mut Dice) {
        let bytes_wanted = if dice.below(2) == 0 {
            32
        } else {
            dice.below(64)
        };
        let ascii_only = dice.below(2) == 0;
        self.len = 0;
        while self.len < bytes_wanted {
            let byte = u8::try_from(dice.below(256)).expect("eight bits");
            let character = char::from(if ascii_only { byte & 127 } else { byte });
            self.len += character.encode_utf8(&mut self.bytes[self.len..]).len();
        }
    }

    fn cut_or_lengthen(&mut self, dice: &mut Dice) {
        let place = dice.below(32);
        match dice.below(4) {
            0 => self.len = place,
            // One character lost, the others moved up.
            1 => {
                self.bytes.copy_within(place + 1..32, place);
                self.len = 31;
            }
            // One too many.
            2 => {
                self.bytes.copy_within(place..32, place + 1);
                self.bytes[place] = ALPHABET[dice.below(32)];
                self.len = 33;
            }
            // Moved by one, the length kept.
            _ => {
                self.bytes.copy_within(1..32, 0);
                self.bytes[31] = ALPHABET[dice.below(32)];
            }
        }
    }

    /// What a person may write who copies it by hand.
    fn write_otherwise(&mut self, dice: &mut Dice) {
        for character in &mut self.bytes[..self.len] {
            *character = match *character {
                b'0' => b"0Oo"[dice.below(3)],
                b'1' => b"1IiLl"[dice.below(5)],
                other if dice.below(2) == 0 => other.to_ascii_lowercase(),
                other => other,
            };
        }
    }
}

fn random(dice: &mut Dice) -> [u8; 20] {
    let mut bits = [0; 20];
    for part in bits.chunks_exact_mut(4) {
        part.copy_from_slice(&dice.next().to_be_bytes()[..4]);
    }
    bits
}

/// Flips the bit that stands at a place from the top.
const fn flip(bits: &mut [u8; 20], place: usize) {
    bits[place / 8] ^= 0x80 >> (place % 8);
}

/// The 160 bits of a text as it is minted.
fn read(text: &[u8]) -> [u8; 20] {
    let mut bits = [0; 20];
    for (group, out) in text.chunks_exact(8).zip(bits.chunks_exact_mut(5)) {
        let value = group.iter().fold(0u64, |value, character| {
            let place = ALPHABET.iter().position(|letter| letter == character);
            value << 5 | place.expect("a minted token") as u64
        });
        out.copy_from_slice(&value.to_be_bytes()[3..]);
    }
    bits
}

//! What people type when they pass a moment on: read within bounds, looked at, and sealed.
//!
//! Invariants: nothing that cannot be seen is kept, no link and no number to call, and none of the
//! words of [`refused_words`]; what is kept opens with the keys of this hub alone, and only as that
//! of its own link; whoever typed it is known again by a key that their own form had, since a link
//! may be two people's, whose phones nothing else tells apart.

mod refused_words;

use passerby_protocol::hexadecimal::hex;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::keys::Keys;
use crate::moments::refused_words::refused;
use crate::system::random;

/// Most characters of a sentence.
pub const SENTENCE_CHARS_MAX: usize = 80;
/// Most characters of a chosen name.
pub const NAME_CHARS_MAX: usize = 24;
/// For how many days what was typed is kept.
pub const DAYS: i64 = 90;
/// Most digits that follow each other: more are a number to call.
const DIGITS_MAX: usize = 6;
/// Hexadecimal digits of a key.
const KEY_CHARS: usize = 32;

/// What somebody typed; empty where they typed nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// What they say.
    #[serde(default)]
    pub sentence: String,
    /// What they want to be called.
    #[serde(default)]
    pub name: String,
    /// The key of whoever typed it; empty where an older hub kept it, and then nobody has it.
    #[serde(default)]
    pub key: String,
}

/// Says why something that was typed is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypedError {
    /// The sentence or the name is too long.
    Long,
    /// It has characters that nobody can see.
    Hidden,
    /// It has a link, or a number to call.
    Contact,
    /// It has a word that is not shown to strangers.
    Refused,
}

impl Typed {
    /// Reads a sentence and a name.
    ///
    /// # Errors
    /// See [`TypedError`].
    pub fn read(sentence: &str, name: &str) -> Result<Self, TypedError> {
        Ok(Self {
            sentence: checked_line(sentence, SENTENCE_CHARS_MAX)?,
            name: checked_line(name, NAME_CHARS_MAX)?,
            key: String::new(),
        })
    }

    /// Whether this is the key of whoever typed it; the time it takes tells nothing.
    pub(crate) fn is_of(&self, key: &str) -> bool {
        is_key(key) && bool::from(self.key.as_bytes().ct_eq(key.as_bytes()))
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.sentence.is_empty() && self.name.is_empty()
    }

    /// Seals it for its link.
    pub(crate) fn seal(&self, keys: &Keys, link: &str) -> Vec<u8> {
        // Two texts always have a form in JSON; what does not open is as good as none.
        let text = serde_json::to_vec(self).unwrap_or_default();
        keys.seal_for(&purpose(link), &text)
    }

    /// Opens what was sealed for a link.
    pub(crate) fn open(keys: &Keys, link: &str, sealed: &[u8]) -> Option<Self> {
        let text = keys.open_for(&purpose(link), sealed)?;
        serde_json::from_slice(&text).ok()
    }
}

/// Makes a key for somebody who is about to type: 128 random bits.
pub(crate) fn new_key() -> String {
    hex(&random::bytes::<16>())
}

/// Whether a text has the form of such a key.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == KEY_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads one line that a stranger typed, with single spaces.
///
/// # Errors
/// See [`TypedError`].
pub(crate) fn checked_line(text: &str, chars_max: usize) -> Result<String, TypedError> {
    let words: Vec<&str> = text.split_whitespace().take(chars_max + 1).collect();
    let text = words.join(" ");
    if text.chars().nth(chars_max).is_some() {
        return Err(TypedError::Long);
    }
    if passerby_protocol::foreign::has_hidden(&text) {
        return Err(TypedError::Hidden);
    }
    if has_contact(&text) {
        return Err(TypedError::Contact);
    }
    if refused(&text) {
        return Err(TypedError::Refused);
    }
    Ok(text)
}

fn purpose(link: &str) -> String {
    format!("moment {link}")
}

/// What a card is sealed for.
pub(crate) fn purpose_of_postcard(link: &str) -> String {
    format!("card of a moment {link}")
}

/// What links, addresses and names in other programs have, in small letters.
const MARKS: [&str; 12] = [
    "://",
    "www.",
    "@",
    ".com",
    ".cn",
    ".net",
    ".org",
    ".io",
    ".top",
    ".xyz",
    "微信号",
    "加微信",
];

/// Tells whether a text has a link, an address for mail, or a number to call: what strangers put
/// there for other purposes than telling a friend.
fn has_contact(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut digits = 0;
    for character in lower.chars() {
        if character.is_numeric() {
            digits += 1;
        } else if !matches!(character, ' ' | '-' | '.' | '(' | ')' | '+') {
            digits = 0;
        }
        if digits > DIGITS_MAX {
            return true;
        }
    }
    MARKS.iter().any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say_is_taken_and_what_others_must_not_see_is_not() {
        for good in [
            "逛街还买书！",
            "out shopping, and still buying books!",
            "",
            "周五晚上 8 点见",
            "Scunthorpe and Assam tea in class",
            "a Model S hit me as I was reading",
        ] {
            assert!(Typed::read(good, "李雷").is_ok(), "{good}");
        }
        let of = |sentence: &str| Typed::read(sentence, "").unwrap_err();
        assert_eq!(of(&"书".repeat(81)), TypedError::Long);
        assert_eq!(of("a\u{202e}b"), TypedError::Hidden);
        for contact in [
            "see www.x.example",
            "https://x",
            "call 138 0013 8000",
            "加微信 abc",
            "a@b.c",
        ] {
            assert_eq!(of(contact), TypedError::Contact, "{contact}");
        }
        for refused in [
            "FUCK you",
            "f u c k",
            "fuuuck",
            "fu ck",
            "as sho le",
            "kill yourself",
            "sh1t",
            "傻 逼",
            "傻.逼",
            "操你妈",
            "滾 蛋",
            "賤 人",
            "ｆｕｃｋ",
            "去賭場",
            "幹你娘",
        ] {
            assert_eq!(of(refused), TypedError::Refused, "{refused}");
        }
        assert_eq!(Typed::read("", "n1gger").unwrap_err(), TypedError::Refused);
        assert_eq!(
            Typed::read("", &"n".repeat(25)).unwrap_err(),
            TypedError::Long
        );
    }

    #[test]
    fn what_was_sealed_for_a_link_opens_for_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let mut typed = Typed::read("逛街还买书！", "李雷").unwrap();
        assert!(!typed.is_of(""), "of nobody yet");
        typed.key = new_key();
        assert!(typed.is_of(&typed.key) && !typed.is_of(&new_key()) && !typed.is_of(""));
        let sealed = typed.seal(&keys, "abc");
        assert_eq!(Typed::open(&keys, "abc", &sealed), Some(typed));
        assert_eq!(Typed::open(&keys, "abd", &sealed), None);
        let shows = |text: &str| {
            sealed
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!shows("逛街") && !shows("李雷"));
    }
}

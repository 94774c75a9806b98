//! What people say to a publisher from the page of a campaign: read within bounds, looked at, and
//! sealed.
//!
//! Invariants: nothing that cannot be seen is kept, no link and no number to call, and none of the
//! words that moments refuse; what is kept opens with the keys of this hub alone, and only as that
//! of its own voice; the link by which its writer finds it again is in no database.

use serde::{Deserialize, Serialize};

use crate::keys::Keys;
use crate::moments::{TypedError, checked_line};

/// Most characters of a sentence.
pub const SENTENCE_CHARS_MAX: usize = 200;
/// Most characters of a chosen name.
pub const NAME_CHARS_MAX: usize = 24;
/// Most characters of an answer, and of a reason why a voice is taken down.
pub const ANSWER_CHARS_MAX: usize = 500;
/// Largest picture that comes, in bytes.
pub const PICTURE_BYTES_MAX: u64 = 8 << 20;
/// For how many days what was said is kept.
pub const DAYS: i64 = 180;
/// The version of the words to which a writer agrees; another one for other words.
pub const CONSENT: u32 = 1;
/// Characters of a voice's name.
const VOICE_CHARS: usize = 16;

/// What somebody said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidWords {
    /// The sentence.
    #[serde(default)]
    pub sentence: String,
    /// What they want to be called; empty for nothing.
    #[serde(default)]
    pub name: String,
}

/// What a voice's sealed parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its picture.
    Picture,
    /// The same, small.
    SmallPicture,
    /// What the publisher says of it.
    Answer,
}

impl SaidWords {
    /// Reads a sentence and a name.
    ///
    /// # Errors
    /// See [`TypedError`].
    pub fn read(sentence: &str, name: &str) -> Result<Self, TypedError> {
        Ok(Self {
            sentence: checked_line(sentence, SENTENCE_CHARS_MAX)?,
            name: checked_line(name, NAME_CHARS_MAX)?,
        })
    }

    /// Seals it for its voice.
    pub fn seal(&self, keys: &Keys, voice: &str) -> Vec<u8> {
        // Two texts always have a form in JSON; what does not open is as good as none.
        let text = serde_json::to_vec(self).unwrap_or_default();
        keys.seal_for(&format!("voice {voice}"), &text)
    }

    /// Opens what was sealed for a voice.
    pub fn open(keys: &Keys, voice: &str, sealed: &[u8]) -> Option<Self> {
        let text = keys.open_for(&format!("voice {voice}"), sealed)?;
        serde_json::from_slice(&text).ok()
    }
}

impl Part {
    /// What it is sealed for.
    fn purpose(self, voice: &str) -> String {
        match self {
            Self::Picture => format!("picture of voice {voice}"),
            Self::SmallPicture => format!("small picture of voice {voice}"),
            Self::Answer => format!("answer to voice {voice}"),
        }
    }

    /// Seals it for its voice.
    pub fn seal(self, keys: &Keys, voice: &str, bytes: &[u8]) -> Vec<u8> {
        keys.seal_for(&self.purpose(voice), bytes)
    }

    /// Opens what was sealed for a voice.
    pub fn open(self, keys: &Keys, voice: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        keys.open_for(&self.purpose(voice), sealed)
    }
}

/// Opens an answer, or the reason why a voice was taken down.
pub fn open_answer(keys: &Keys, voice: &str, sealed: &[u8]) -> Option<String> {
    String::from_utf8(Part::Answer.open(keys, voice, sealed)?).ok()
}

/// What the writer's own link ends with: the voice's name, and what only this hub can make of it.
pub fn own_link(keys: &Keys, voice: &str) -> String {
    format!("{voice}{}", keys.own_link_secret(&purpose_of_link(voice)))
}

/// Returns the name of the voice to which a link belongs; `None` where it is none of ours.
pub fn voice_of_link<'l>(keys: &Keys, link: &'l str) -> Option<&'l str> {
    let (voice, secret) = link.split_at_checked(VOICE_CHARS)?;
    keys.is_own_link_secret(&purpose_of_link(voice), secret)
        .then_some(voice)
}

/// Shared links have secrets of their own.
fn purpose_of_link(voice: &str) -> String {
    format!("voice {voice}")
}

/// Reads what a publisher answers, in lines as it was typed.
///
/// # Errors
/// In words: it is empty, too long, or has characters that nobody can see.
pub fn checked_answer(text: &str) -> Result<String, AnswerError> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(AnswerError::Empty);
    }
    if text.chars().nth(ANSWER_CHARS_MAX).is_some() {
        return Err(AnswerError::Long);
    }
    if passerby_protocol::foreign::has_hidden(&text.replace('\n', " ")) {
        return Err(AnswerError::Hidden);
    }
    Ok(text.to_owned())
}

/// Says why an answer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is none.
    #[error("write something")]
    Empty,
    /// It is too long.
    #[error("use at most {ANSWER_CHARS_MAX} characters")]
    Long,
    /// It has characters that nobody can see.
    #[error("it has characters that nobody can see; type it anew")]
    Hidden,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_said_opens_as_that_of_its_voice_and_its_link_leads_to_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::open(folder.path()).unwrap();
        let said = SaidWords::read("  第三章  最好看！ ", "李雷").unwrap();
        assert_eq!(said.sentence, "第三章 最好看！");
        let (one, other) = ("abcdefgh23456723", "abcdefgh23456724");
        let sealed = said.seal(&keys, one);
        assert_eq!(SaidWords::open(&keys, one, &sealed), Some(said));
        assert_eq!(SaidWords::open(&keys, other, &sealed), None);
        let picture = Part::Picture.seal(&keys, one, b"jpeg");
        assert_eq!(Part::SmallPicture.open(&keys, one, &picture), None);
        assert_eq!(Part::Picture.open(&keys, one, &picture).unwrap(), b"jpeg");

        let link = own_link(&keys, one);
        assert_eq!(link.len(), 48);
        assert_eq!(voice_of_link(&keys, &link), Some(one));
        let of_other = format!("{other}{}", &link[16..]);
        for wrong in [
            of_other.as_str(),
            &link[..47],
            "",
            "好好好好好好好好",
            &format!("{one}{}", keys.own_link_secret(one)),
        ] {
            assert_eq!(voice_of_link(&keys, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn answers_are_bounded_and_keep_their_lines() {
        assert_eq!(
            checked_answer(" 谢谢！\r\n下周见。 ").unwrap(),
            "谢谢！\n下周见。"
        );
        assert_eq!(checked_answer(" \n "), Err(AnswerError::Empty));
        assert_eq!(checked_answer("a\u{202e}b"), Err(AnswerError::Hidden));
        assert_eq!(checked_answer(&"好".repeat(501)), Err(AnswerError::Long));
        assert!(checked_answer(&"好".repeat(500)).is_ok());
        assert_eq!(
            SaidWords::read(&"好".repeat(201), ""),
            Err(TypedError::Long)
        );
        assert!(SaidWords::read(&"好".repeat(200), "").is_ok());
    }
}

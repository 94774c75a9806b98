//! A message as people read it: a headline and a body, and what stands there instead of one that
//! cannot be shown.
//!
//! Invariant: a message holds nothing that cannot be seen or turns text around; its headline has
//! [`LINE_CHARS_MAX`] characters at most, and a file's message [`CHARS_MAX`] in all.

use std::path::Path;

use passerby_protocol::foreign::{self, plain_lines};
use passerby_protocol::limits::{LINE_CHARS_MAX, NOTICE_CHARS_MAX};
use passerby_protocol::manifest::ManifestNotice;
use serde::{Deserialize, Serialize};

/// Longest message, in characters.
pub const CHARS_MAX: usize = NOTICE_CHARS_MAX;

/// A message that goes over everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// One sentence, at most [`LINE_CHARS_MAX`] characters.
    pub headline: String,
    /// What else there is to say; may be empty.
    #[serde(default)]
    pub body: String,
}

impl From<&ManifestNotice> for Notice {
    /// What a hub says, which was checked with its manifest.
    fn from(notice: &ManifestNotice) -> Self {
        Self {
            headline: notice.headline.clone(),
            body: notice.body.clone(),
        }
    }
}

/// Says why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Nothing to say.
    #[error(
        "it is empty; write a headline in its first line, or remove the file to end the message"
    )]
    Empty,
    /// Too much to read in passing; with the first line, as far as it is known.
    #[error("it is longer than {CHARS_MAX} characters; make it shorter")]
    TooLong(String),
    /// Not a text.
    #[error(
        "it is no text; write the message in Notepad or another plain editor and save it as UTF-8"
    )]
    NoText,
    /// It cannot be opened.
    #[error("{0}")]
    File(String),
}

impl NoticeError {
    /// What the screen says instead of a message that it cannot show; nothing where there is
    /// nothing to say. `file` is where the message lies.
    pub fn warning(&self, file: &Path) -> Option<Notice> {
        let headline = match self {
            Self::Empty => return None,
            Self::TooLong(first) if !first.is_empty() => first.clone(),
            _ => UNREADABLE.to_owned(),
        };
        let file = foreign::one_line(&file.display().to_string(), PATH_CHARS_MAX);
        let body = format!("{UNREADABLE_WHERE}: {file}\n{self}");
        Some(Notice { headline, body })
    }
}

/// Stands where a character was damaged.
const LOST: &str = "…";
/// For those who can mend a message whose encoding was guessed from a few bytes.
const DOUBTFUL: &str = "可能有误，请存为 UTF-8 This may be misread; save it as UTF-8";
/// Most characters of a path on the screen.
const PATH_CHARS_MAX: usize = 400;
/// For passers-by, in the languages of the built-in words.
const UNREADABLE: &str =
    "有紧急通知，但无法显示 There is an emergency message that cannot be shown";
/// For those who can mend it.
const UNREADABLE_WHERE: &str = "无法读取 It cannot be read";

impl Notice {
    /// Reads a message: a headline, and a body after the first line. A first line that is too long
    /// for a headline goes on in the body. What cannot be seen, or would turn the text around, is
    /// left out; what was damaged becomes `…`.
    ///
    /// # Errors
    /// See [`NoticeError`].
    pub fn parse(text: &str) -> Result<Self, NoticeError> {
        let text = plain_lines(text).replace(char::REPLACEMENT_CHARACTER, LOST);
        let text = text.trim();
        if text.is_empty() {
            return Err(NoticeError::Empty);
        }
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        let (headline, over) = split_line(line.trim());
        if text.chars().count() > CHARS_MAX {
            return Err(NoticeError::TooLong(headline.to_owned()));
        }
        let body = [over, rest.trim()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        Ok(Self {
            headline: headline.to_owned(),
            body,
        })
    }

    /// The same message with a warning between its headline and its body, where it has room
    /// whatever length the body has.
    #[must_use]
    pub fn with_warning(&self, warning: &Self) -> Self {
        let words = format!("{}\n{}", warning.headline, warning.body);
        Self {
            headline: self.headline.clone(),
            body: match self.body.as_str() {
                "" => words,
                body => format!("{words}\n\n{body}"),
            },
        }
    }

    /// The same message with a warning that it may say something else; `file` is where it lies.
    pub(super) fn doubted(&self, file: &Path) -> Self {
        let file = foreign::one_line(&file.display().to_string(), PATH_CHARS_MAX);
        let words = format!("{DOUBTFUL}: {file}");
        Self {
            headline: self.headline.clone(),
            body: match self.body.as_str() {
                "" => words,
                body => format!("{words}\n{body}"),
            },
        }
    }

    /// Checks a message that came in two parts.
    ///
    /// # Errors
    /// See [`NoticeError`].
    pub fn checked(&self) -> Result<Self, NoticeError> {
        Self::parse(&format!(
            "{}\n{}",
            self.headline.replace('\n', " "),
            self.body
        ))
    }
}

/// Cuts a line that is too long for a headline, between words where there are any.
fn split_line(line: &str) -> (&str, &str) {
    let Some((end, _)) = line.char_indices().nth(LINE_CHARS_MAX) else {
        return (line, "");
    };
    let at = line[..end].rfind(' ').unwrap_or(end);
    (line[..at].trim_end(), line[at..].trim_start())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::content::emergency::{path, read};

    #[test]
    fn the_first_line_is_the_headline_and_a_long_one_goes_on_below() {
        let notice =
            Notice::parse("\u{feff}Leave the building\r\n\r\nUse the stairs.\nGather outside.\n");
        assert_eq!(
            notice,
            Ok(Notice {
                headline: "Leave the building".into(),
                body: "Use the stairs.\nGather outside.".into()
            })
        );
        let turned =
            Notice::parse("Leave\u{202e} now\u{200b}\n\u{2067}Use\u{2069} the stairs\u{1b}.");
        assert_eq!(
            turned,
            Ok(Notice {
                headline: "Leave now".into(),
                body: "Use the stairs.".into(),
            })
        );
        assert_eq!(Notice::parse("\u{202e}\u{200f}\n"), Err(NoticeError::Empty));
        let long = "Please leave the building through the north exit now and gather at the car park, do not use the lifts";
        let notice = Notice::parse(&format!("{long}\nThank you")).expect("good");
        assert!(notice.headline.chars().count() <= LINE_CHARS_MAX);
        assert!(notice.headline.ends_with("at the car"), "{notice:?}");
        assert_eq!(notice.body, "park, do not use the lifts\nThank you");
        let chinese = "请".repeat(100);
        let notice = Notice::parse(&chinese).expect("good");
        assert_eq!(notice.headline.chars().count(), LINE_CHARS_MAX);
        assert_eq!(notice.body.chars().count(), 20);
    }

    #[test]
    fn a_message_that_cannot_be_shown_is_told_with_its_place_and_reason() {
        let file = Path::new("/data/emergency.txt");
        let told = |error: NoticeError| error.warning(file);
        assert_eq!(told(NoticeError::Empty), None);
        for error in [
            NoticeError::NoText,
            NoticeError::File("it is not a file but a pipe; put a file there".into()),
            NoticeError::TooLong(String::new()),
        ] {
            let notice = told(error.clone()).expect("a warning");
            assert_eq!(notice.headline, UNREADABLE);
            assert!(notice.body.contains("/data/emergency.txt"), "{notice:?}");
            assert!(notice.body.contains(&error.to_string()), "{notice:?}");
            assert_eq!(notice.checked(), Ok(notice.clone()));
        }
        let long = told(NoticeError::TooLong("Fire".into())).expect("a warning");
        assert_eq!(long.headline, "Fire");
        assert!(long.body.contains("longer than 2000 characters"));
    }

    #[test]
    fn a_message_of_a_few_bytes_in_a_guessed_encoding_says_that_it_may_be_misread() {
        let folder = tempfile::tempdir().expect("folder");
        for (bytes, headline) in [(b"\xcd\xa3\xd2\xb5", "停业"), (b"\xdcber", "Über")] {
            fs::write(path(folder.path()), bytes).expect("writes");
            let notice = read(folder.path()).expect("is read").expect("is there");
            assert_eq!(notice.headline, headline);
            assert!(notice.body.starts_with(DOUBTFUL), "{notice:?}");
            assert!(notice.body.contains("emergency.txt"), "{notice:?}");
        }
        fs::write(path(folder.path()), "停业").expect("writes");
        let notice = read(folder.path()).expect("is read").expect("is there");
        assert_eq!(
            (notice.headline.as_str(), notice.body.as_str()),
            ("停业", "")
        );
    }
}

//! The operator's emergency message: `emergency.txt` in data.dir. Its first line is the headline,
//! the rest the body.
//!
//! Invariants:
//! - The file is the only source of truth, so a message survives a restart; whoever writes or
//!   removes it, by hand or through the local page, is heard within [`POLL`].
//! - An emergency never vanishes: the file is decoded whatever it was saved in, and where that
//!   fails the screen says that there is a message and where it lies. One that is on the screen
//!   stays beside that until a good one or none is there.
//! - Nothing but a regular file is read, and no more of it than a message can have; links are
//!   followed, since data.dir is the operator's own.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use passerby_folder::durable_file::{self, SHARED_MODE};
use passerby_folder::regular_file::{self, FileError};
use passerby_folder::text::{self, Decoded};
use passerby_protocol::foreign::{self, plain_lines};
use passerby_protocol::limits::LINE_CHARS_MAX;
use serde::{Deserialize, Serialize};

/// Its name in data.dir.
pub const FILE_NAME: &str = "emergency.txt";
/// Longest message, in characters.
pub const CHARS_MAX: usize = 2_000;
/// How often the file is looked at.
pub const POLL: Duration = Duration::from_millis(250);
/// No character has more bytes than this.
const BYTES_MAX: u64 = CHARS_MAX as u64 * 4 + 16;

/// Names that are taken for it by mistake, in lower case, besides its own in other case.
const MISTAKEN_NAMES: [&str; 7] = [
    "emergency",
    "emergency.txt.txt",
    "emergency.text",
    "emergency.rtf",
    "emergency.doc",
    "emergency.docx",
    "emergency.md",
];
/// Most names of data.dir that are looked at for them.
const MISTAKEN_NAMES_MAX: usize = 10_000;

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
    fn doubted(&self, file: &Path) -> Self {
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

/// Where the message lies, or would lie.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// What is well to know of a message that is shown, and what to do; nothing of a good one.
pub fn remarks(written: &Decoded) -> Vec<String> {
    let mut remarks = Vec::new();
    if written.damaged > 0 {
        let damaged = match written.damaged {
            1 => "one of its characters is".to_owned(),
            many => format!("{many} of its characters are"),
        };
        remarks.push(format!(
            "{damaged} damaged and cannot be shown; write it anew and save it as UTF-8"
        ));
    }
    if written.is_doubtful {
        remarks.push(format!(
            "it is not UTF-8 and too short or too damaged to tell what it was saved in; it is read as {}, and may be misread; save it as UTF-8",
            written.encoding
        ));
    }
    let start = written.text.trim_start().to_lowercase();
    let markup = [
        ("{\\rtf", "RTF"),
        ("<!doctype html", "HTML"),
        ("<html", "HTML"),
    ];
    if let Some((_, form)) = markup.iter().find(|(mark, _)| start.starts_with(mark)) {
        remarks.push(format!(
            "it looks like {form}, and is shown as it is written, with all its marks; save it as plain text (in TextEdit: Format, Make Plain Text; in Word: Save as, Plain Text)"
        ));
    }
    remarks
}

/// Reads the message that is wanted now; `None` when there is none.
///
/// # Errors
/// See [`NoticeError`].
pub fn read(data_dir: &Path) -> Result<Option<Notice>, NoticeError> {
    let notice = read_written(data_dir)?.map(|written| notice_of(&written, data_dir));
    notice.transpose()
}

fn notice_of(written: &Decoded, data_dir: &Path) -> Result<Notice, NoticeError> {
    match Notice::parse(&written.text) {
        // There are bytes, and nothing can be seen of what they were taken for.
        Err(NoticeError::Empty) if written.is_doubtful => Err(NoticeError::NoText),
        Ok(notice) if written.is_doubtful => Ok(notice.doubted(&path(data_dir))),
        parsed => parsed,
    }
}

/// Reads the file as it was written, whatever it was saved in; `None` when there is none.
///
/// # Errors
/// See [`NoticeError`].
pub fn read_written(data_dir: &Path) -> Result<Option<Decoded>, NoticeError> {
    let unreadable = |error: FileError| NoticeError::File(error.to_string());
    let file = match regular_file::open_anywhere(&path(data_dir)) {
        Err(FileError::Missing) if path(data_dir).is_symlink() => {
            return Err(unreadable(FileError::BrokenLink));
        }
        Err(FileError::Missing) => return Ok(None),
        opened => opened.map_err(unreadable)?,
    };
    let bytes = file.start(BYTES_MAX + 1).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        let start = text::decode(&bytes).map(|decoded| Notice::parse(&decoded.text));
        return Err(match start {
            Some(Err(error @ NoticeError::TooLong(_))) => error,
            Some(Ok(notice)) => NoticeError::TooLong(notice.headline),
            _ => NoticeError::TooLong(String::new()),
        });
    }
    if bytes.is_empty() {
        return Err(NoticeError::Empty);
    }
    text::decode(&bytes).map(Some).ok_or(NoticeError::NoText)
}

/// Files of data.dir whose names are almost that of the message, as editors and systems that hide
/// endings make them; at most [`MISTAKEN_NAMES_MAX`] names are looked at.
pub fn mistaken_names(data_dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    let mut mistaken: Vec<PathBuf> = entries
        .take(MISTAKEN_NAMES_MAX)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().to_lowercase();
            let is_so = MISTAKEN_NAMES.contains(&name.as_str()) || name == FILE_NAME;
            is_so && entry.file_name() != FILE_NAME
        })
        .map(|entry| entry.path())
        .collect();
    mistaken.sort();
    mistaken
}

/// Puts a message in place, whole or not at all.
///
/// # Errors
/// The disk.
pub fn write(data_dir: &Path, notice: &Notice) -> std::io::Result<()> {
    let text = format!("{}\n{}\n", notice.headline, notice.body);
    durable_file::write(&path(data_dir), SHARED_MODE, text.as_bytes())
}

/// Takes the message away; there need not be one.
///
/// # Errors
/// The disk.
pub fn remove(data_dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path(data_dir)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => durable_file::sync_names(data_dir),
    }
}

/// What the file says now, with what is well to know of it ([`remarks`]).
pub(crate) type Reading = Result<Option<(Notice, Vec<String>)>, NoticeError>;

fn reading(data_dir: &Path) -> Reading {
    let Some(written) = read_written(data_dir)? else {
        return Ok(None);
    };
    Ok(Some((notice_of(&written, data_dir)?, remarks(&written))))
}

/// Looks at the file until it is dropped.
pub(crate) struct Watch {
    readings: Receiver<Reading>,
    /// Its end tells the thread.
    _stop: Sender<()>,
}

impl Watch {
    /// Reads the file and starts a thread that reads it again whenever it changes. The second value
    /// is what it says now.
    pub(crate) fn start(data_dir: &Path) -> (Self, Reading) {
        let data_dir = data_dir.to_path_buf();
        let mut seen = stamp(&data_dir);
        let first = reading(&data_dir);
        let (reader, readings) = bounded(4);
        let (stop, stopped) = bounded::<()>(0);
        let spawned = std::thread::Builder::new()
            .name("emergency".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                    // Taken before the file is read: what is written meanwhile is seen the next
                    // time.
                    let now = stamp(&data_dir);
                    if now != seen {
                        seen = now;
                        if reader.send(reading(&data_dir)).is_err() {
                            break;
                        }
                    }
                }
            });
        if let Err(error) = spawned {
            tracing::error!("emergency messages will not be seen: {error}");
        }
        let watch = Self {
            readings,
            _stop: stop,
        };
        (watch, first)
    }

    /// What the file says, each time it has changed.
    pub(crate) const fn readings(&self) -> &Receiver<Reading> {
        &self.readings
    }
}

/// Tells one state of the file from another without reading it.
fn stamp(data_dir: &Path) -> Option<[i64; 6]> {
    let path = path(data_dir);
    // A link that leads nowhere is not nothing.
    let metadata = std::fs::metadata(&path)
        .or_else(|_| std::fs::symlink_metadata(&path))
        .ok()?;
    Some([
        metadata.ino().cast_signed(),
        metadata.len().cast_signed(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_is_no_message_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(read(folder.path()), Ok(None));
        let long = |start: &str, length: usize| {
            let mut bytes = start.as_bytes().to_vec();
            bytes.resize(length, b'a');
            bytes
        };
        let too_long = |headline: &str| NoticeError::TooLong(headline.into());
        for (bytes, error) in [
            (b"".to_vec(), NoticeError::Empty),
            (b" \n\t\n".to_vec(), NoticeError::Empty),
            (vec![0xff, 0xfe], NoticeError::Empty),
            (b"\x7fELF\x02\x01\x01\0\0\0".to_vec(), NoticeError::NoText),
            (long("Fire\n", CHARS_MAX + 1), too_long("Fire")),
            (long("Fire\n", 1 << 20), too_long("Fire")),
            (vec![0; 1 << 20], too_long("")),
        ] {
            std::fs::write(path(folder.path()), bytes).expect("writes");
            assert_eq!(read(folder.path()), Err(error));
        }
    }

    #[test]
    fn a_message_is_read_whatever_it_was_saved_in() {
        let folder = tempfile::tempdir().expect("folder");
        let wide = |text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let mark = mark.then_some(0xFEFF);
            mark.into_iter()
                .chain(text.encode_utf16())
                .flat_map(bytes)
                .collect()
        };
        let gbk = b"\xc7\xeb\xc1\xa2\xbc\xb4\xb3\xb7\xc0\xeb\r\n\xd7\xdf\xc2\xa5\xcc\xdd\r\n";
        let text = "请立即撤离\r\n走楼梯\r\n";
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            wide(text, true, u16::to_le_bytes),
            wide(text, true, u16::to_be_bytes),
            wide(text, false, u16::to_le_bytes),
            wide(text, false, u16::to_be_bytes),
            gbk.to_vec(),
        ] {
            std::fs::write(path(folder.path()), &bytes).expect("writes");
            let notice = Notice {
                headline: "请立即撤离".into(),
                body: "走楼梯".into(),
            };
            assert_eq!(read(folder.path()), Ok(Some(notice)), "{bytes:x?}");
        }
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
            std::fs::write(path(folder.path()), bytes).expect("writes");
            let notice = read(folder.path()).expect("is read").expect("is there");
            assert_eq!(notice.headline, headline);
            assert!(notice.body.starts_with(DOUBTFUL), "{notice:?}");
            assert!(notice.body.contains("emergency.txt"), "{notice:?}");
        }
        std::fs::write(path(folder.path()), "停业").expect("writes");
        let notice = read(folder.path()).expect("is read").expect("is there");
        assert_eq!(
            (notice.headline.as_str(), notice.body.as_str()),
            ("停业", "")
        );
    }

    #[test]
    fn what_is_damaged_or_marked_up_is_shown_and_told() {
        let folder = tempfile::tempdir().expect("folder");
        let cases: [(&[u8], &str, &str); 4] = [
            (
                "紧急疏散\n请立即从最近的出口离开大楼。".as_bytes().split_last().expect("one").1,
                "请立即从最近的出口离开大楼…",
                "one of its characters is damaged",
            ),
            (
                b"Evacuate now\ncaf\xe9 \xe7\xb4\xa7\xe6\x80\xa5\xe7\x96\x8f\xe6\x95\xa3\xe3\x80\x82",
                "caf… 紧急疏散。",
                "one of its characters is damaged",
            ),
            (b"Fire\n\x07Leave", "Leave", ""),
            (
                b"{\\rtf1\\ansi Leave}\n",
                "",
                "it looks like RTF",
            ),
        ];
        for (bytes, body, told) in cases {
            std::fs::write(path(folder.path()), bytes).expect("writes");
            let (notice, remarks) = reading(folder.path()).expect("is read").expect("is there");
            assert_eq!(notice.body, body);
            assert_eq!(remarks.is_empty(), told.is_empty(), "{remarks:?}");
            assert!(remarks.join("\n").starts_with(told), "{remarks:?}");
        }
    }

    #[test]
    fn what_is_no_file_is_never_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let pipe = path(folder.path());
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo runs").success());
        let reason = "it is not a file but a pipe; put a file there";
        assert_eq!(read(folder.path()), Err(NoticeError::File(reason.into())));
    }

    #[test]
    fn names_that_are_almost_right_are_found() {
        let folder = tempfile::tempdir().expect("folder");
        for name in [
            "emergency.txt",
            "emergency.txt.txt",
            "Emergency.TXT",
            "ledger.db",
        ] {
            std::fs::write(folder.path().join(name), "Fire").expect("writes");
        }
        let names: Vec<_> = mistaken_names(folder.path())
            .iter()
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect();
        assert_eq!(names, ["Emergency.TXT", "emergency.txt.txt"]);
    }

    #[test]
    fn what_is_written_is_read_back_and_can_be_removed_twice() {
        let folder = tempfile::tempdir().expect("folder");
        let notice = Notice {
            headline: "Fire".into(),
            body: "a\nb".into(),
        };
        write(folder.path(), &notice).expect("writes");
        assert_eq!(read(folder.path()), Ok(Some(notice)));
        remove(folder.path()).expect("removes");
        remove(folder.path()).expect("there is none");
        assert_eq!(read(folder.path()), Ok(None));
    }

    #[test]
    fn a_watch_tells_each_change_and_ends_with_its_owner() {
        let folder = tempfile::tempdir().expect("folder");
        let (watch, first) = Watch::start(folder.path());
        assert_eq!(first, Ok(None));
        let notice = |headline: &str| Notice {
            headline: headline.into(),
            body: String::new(),
        };
        let next = || {
            watch
                .readings()
                .recv_timeout(Duration::from_secs(600))
                .expect("a reading")
        };
        write(folder.path(), &notice("One")).expect("writes");
        assert_eq!(next(), Ok(Some((notice("One"), Vec::new()))));
        write(folder.path(), &notice("Two")).expect("writes");
        assert_eq!(next(), Ok(Some((notice("Two"), Vec::new()))));
        let file = path(folder.path());
        std::fs::write(&file, b"\xbb\xf0\xd4\xd6").expect("writes");
        let (misread, remarks) = next().expect("is read").expect("is there");
        assert_eq!(misread.headline, "火灾");
        assert!(remarks[0].contains("may be misread"), "{remarks:?}");
        remove(folder.path()).expect("removes");
        assert_eq!(next(), Ok(None));
        std::os::unix::fs::symlink("nowhere.txt", &file).expect("links");
        assert!(next().is_err_and(|error| error.to_string().contains("a link")));
        remove(folder.path()).expect("removes");
        assert_eq!(next(), Ok(None));
        let readings = watch.readings().clone();
        drop(watch);
        assert!(readings.recv_timeout(Duration::from_secs(600)).is_err());
        assert!(!matches!(
            readings.recv_timeout(Duration::from_secs(600)),
            Err(RecvTimeoutError::Timeout)
        ));
    }
}

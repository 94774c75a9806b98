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

mod notice;
mod watch;

use std::fs;
use std::io;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{self, SHARED_MODE};
use passerby_folder::regular_file::{self, FileError};
use passerby_folder::text::{self, Decoded};

pub use crate::content::emergency::notice::{CHARS_MAX, Notice, NoticeError};
pub use crate::content::emergency::watch::POLL;
pub(crate) use crate::content::emergency::watch::{EmergencyFile, EmergencyWatch};

/// Its name in data.dir.
pub const FILE_NAME: &str = "emergency.txt";
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
    let entries = fs::read_dir(data_dir).into_iter().flatten().flatten();
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
pub fn write(data_dir: &Path, notice: &Notice) -> io::Result<()> {
    let text = format!("{}\n{}\n", notice.headline, notice.body);
    durable_file::write(&path(data_dir), SHARED_MODE, text.as_bytes())
}

/// Takes the message away; there need not be one.
///
/// # Errors
/// The disk.
pub fn remove(data_dir: &Path) -> io::Result<()> {
    match fs::remove_file(path(data_dir)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => durable_file::sync_names(data_dir),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

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
            fs::write(path(folder.path()), bytes).expect("writes");
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
            fs::write(path(folder.path()), &bytes).expect("writes");
            let notice = Notice {
                headline: "请立即撤离".into(),
                body: "走楼梯".into(),
            };
            assert_eq!(read(folder.path()), Ok(Some(notice)), "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_no_file_is_never_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let pipe = path(folder.path());
        let made = Command::new("mkfifo").arg(&pipe).status();
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
            fs::write(folder.path().join(name), "Fire").expect("writes");
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
}

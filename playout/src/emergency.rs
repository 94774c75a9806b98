//! The operator's emergency message: `emergency.txt` in data.dir. Its first line is the headline, the rest the body.
//!
//! Invariants:
//! - The file is the only source of truth, so a message survives a restart; whoever writes or removes it, by hand or
//!   through the local page, is heard within [`POLL`].
//! - A file that cannot be read changes nothing: a message that is on the screen stays until a good one or none is
//!   there.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use passerby_protocol::foreign::plain_lines;
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
    /// Too much to read in passing.
    #[error("it is longer than {CHARS_MAX} characters; make it shorter")]
    TooLong,
    /// Not a text.
    #[error("it is not UTF-8 text; save it as UTF-8")]
    Encoding,
    /// The disk.
    #[error("cannot be read: {0}")]
    Disk(String),
}

impl Notice {
    /// Reads a message: a headline, and a body after the first line. A first line that is too long for a headline
    /// goes on in the body. What cannot be seen, or would turn the text around, is left out.
    ///
    /// # Errors
    /// See [`NoticeError`].
    pub fn parse(text: &str) -> Result<Self, NoticeError> {
        let text = plain_lines(text);
        let text = text.trim();
        if text.is_empty() {
            return Err(NoticeError::Empty);
        }
        if text.chars().count() > CHARS_MAX {
            return Err(NoticeError::TooLong);
        }
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        let (headline, over) = split_line(line.trim());
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

/// Reads the message that is wanted now; `None` when there is none.
///
/// # Errors
/// See [`NoticeError`].
pub fn read(data_dir: &Path) -> Result<Option<Notice>, NoticeError> {
    let disk = |error: std::io::Error| NoticeError::Disk(error.to_string());
    let file = match std::fs::File::open(path(data_dir)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(disk)?,
    };
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(disk)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(NoticeError::TooLong);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| NoticeError::Encoding)?;
    Notice::parse(text).map(Some)
}

/// Puts a message in place, whole or not at all.
///
/// # Errors
/// The disk.
pub fn write(data_dir: &Path, notice: &Notice) -> std::io::Result<()> {
    let target = path(data_dir);
    let part = target.with_extension("txt.part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(format!("{}\n{}\n", notice.headline, notice.body).as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, &target)?;
    std::fs::File::open(data_dir)?.sync_all()
}

/// Takes the message away; there need not be one.
///
/// # Errors
/// The disk.
pub fn remove(data_dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path(data_dir)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => std::fs::File::open(data_dir)?.sync_all(),
    }
}

/// What the file says now.
pub(crate) type Reading = Result<Option<Notice>, NoticeError>;

/// Looks at the file until it is dropped.
pub(crate) struct Watch {
    readings: Receiver<Reading>,
    /// Its end tells the thread.
    _stop: Sender<()>,
}

impl Watch {
    /// Reads the file and starts a thread that reads it again whenever it changes. The second value is what it says
    /// now.
    pub(crate) fn start(data_dir: &Path) -> (Self, Reading) {
        let data_dir = data_dir.to_path_buf();
        let mut seen = stamp(&data_dir);
        let first = read(&data_dir);
        let (reader, readings) = bounded(4);
        let (stop, stopped) = bounded::<()>(0);
        let spawned = std::thread::Builder::new()
            .name("emergency".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                    // Taken before the file is read: what is written meanwhile is seen the next time.
                    let now = stamp(&data_dir);
                    if now != seen {
                        seen = now;
                        if reader.send(read(&data_dir)).is_err() {
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
    let metadata = std::fs::metadata(path(data_dir)).ok()?;
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
        for (bytes, error) in [
            (b" \n\t\n".to_vec(), NoticeError::Empty),
            (vec![0xff, 0xfe], NoticeError::Encoding),
            (vec![b'a'; CHARS_MAX + 1], NoticeError::TooLong),
            (vec![b'a'; 1 << 20], NoticeError::TooLong),
        ] {
            std::fs::write(path(folder.path()), bytes).expect("writes");
            assert_eq!(read(folder.path()), Err(error));
        }
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
        assert_eq!(next(), Ok(Some(notice("One"))));
        write(folder.path(), &notice("Two")).expect("writes");
        assert_eq!(next(), Ok(Some(notice("Two"))));
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

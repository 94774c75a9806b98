//! Looks at the emergency file, and tells each change of it.
//!
//! Invariants: what is written is told within [`POLL`]; the thread ends with its owner.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::content::emergency::{Notice, NoticeError, notice_of, path, read_written, remarks};

/// How often the file is looked at.
pub const POLL: Duration = Duration::from_millis(250);

/// What the file says now, with what is well to know of it ([`remarks`]).
pub(crate) type EmergencyFile = Result<Option<(Notice, Vec<String>)>, NoticeError>;

fn read_file(data_dir: &Path) -> EmergencyFile {
    let Some(written) = read_written(data_dir)? else {
        return Ok(None);
    };
    Ok(Some((notice_of(&written, data_dir)?, remarks(&written))))
}

/// Looks at the file until it is dropped.
pub(crate) struct EmergencyWatch {
    changes: Receiver<EmergencyFile>,
    /// Its end tells the thread.
    _stop: Sender<()>,
}

impl EmergencyWatch {
    /// Reads the file and starts a thread that reads it again whenever it changes. The second value
    /// is what it says now.
    pub(crate) fn start(data_dir: &Path) -> (Self, EmergencyFile) {
        let data_dir = data_dir.to_path_buf();
        let mut seen = stamp(&data_dir);
        let first = read_file(&data_dir);
        let (reader, changes) = bounded(4);
        let (stop, stopped) = bounded::<()>(0);
        let spawned = thread::Builder::new()
            .name("emergency".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                    // Taken before the file is read: what is written meanwhile is seen the next
                    // time.
                    let now = stamp(&data_dir);
                    if now != seen {
                        seen = now;
                        if reader.send(read_file(&data_dir)).is_err() {
                            break;
                        }
                    }
                }
            });
        if let Err(error) = spawned {
            tracing::error!("emergency messages will not be seen: {error}");
        }
        let watch = Self {
            changes,
            _stop: stop,
        };
        (watch, first)
    }

    /// What the file says, each time it has changed.
    pub(crate) const fn changes(&self) -> &Receiver<EmergencyFile> {
        &self.changes
    }
}

/// Tells one state of the file from another without reading it.
fn stamp(data_dir: &Path) -> Option<[i64; 6]> {
    let path = path(data_dir);
    // A link that leads nowhere is not nothing.
    let metadata = fs::metadata(&path)
        .or_else(|_| fs::symlink_metadata(&path))
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
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::content::emergency::{remove, write};

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
            fs::write(path(folder.path()), bytes).expect("writes");
            let (notice, remarks) = read_file(folder.path())
                .expect("is read")
                .expect("is there");
            assert_eq!(notice.body, body);
            assert_eq!(remarks.is_empty(), told.is_empty(), "{remarks:?}");
            assert!(remarks.join("\n").starts_with(told), "{remarks:?}");
        }
    }

    #[test]
    fn a_watch_tells_each_change_and_ends_with_its_owner() {
        let folder = tempfile::tempdir().expect("folder");
        let (watch, first) = EmergencyWatch::start(folder.path());
        assert_eq!(first, Ok(None));
        let notice = |headline: &str| Notice {
            headline: headline.into(),
            body: String::new(),
        };
        let next = || {
            watch
                .changes()
                .recv_timeout(Duration::from_secs(600))
                .expect("a change")
        };
        write(folder.path(), &notice("One")).expect("writes");
        assert_eq!(next(), Ok(Some((notice("One"), Vec::new()))));
        write(folder.path(), &notice("Two")).expect("writes");
        assert_eq!(next(), Ok(Some((notice("Two"), Vec::new()))));
        let file = path(folder.path());
        fs::write(&file, b"\xbb\xf0\xd4\xd6").expect("writes");
        let (misread, remarks) = next().expect("is read").expect("is there");
        assert_eq!(misread.headline, "火灾");
        assert!(remarks[0].contains("may be misread"), "{remarks:?}");
        remove(folder.path()).expect("removes");
        assert_eq!(next(), Ok(None));
        symlink("nowhere.txt", &file).expect("links");
        assert!(next().is_err_and(|error| error.to_string().contains("a link")));
        remove(folder.path()).expect("removes");
        assert_eq!(next(), Ok(None));
        let changes = watch.changes().clone();
        drop(watch);
        assert!(changes.recv_timeout(Duration::from_secs(600)).is_err());
        assert!(!matches!(
            changes.recv_timeout(Duration::from_secs(600)),
            Err(RecvTimeoutError::Timeout)
        ));
    }
}

//! Looks at the local campaign folders on a thread of its own, so that a slow disk never delays
//! what is on the screen.
//!
//! Invariants: folders are read only when something in them changed and has been still for
//! [`SETTLE`], so a film that is being copied is not taken half; the thread ends with its owner.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use passerby_protocol::left_out::LeftOut;

use crate::content::catalog;
use crate::content::catalog::LocalContent;
use crate::content::digests::Digests;

/// How often the folders are looked at.
pub const LOOK: Duration = Duration::from_secs(5);
/// How long nothing may change before a change is believed to be whole.
const SETTLE: Duration = Duration::from_secs(1);
/// Most times that a change is waited for; then what is there is taken.
const SETTLES_MAX: u32 = 600;

/// What lies in the folders: names, sizes and dates.
type Seen = Vec<(PathBuf, u64, Option<SystemTime>)>;
/// Looks at the folders until it is dropped.
pub(crate) struct Folders {
    contents: Receiver<LocalContent>,
    /// Its end tells the thread.
    _stop: Sender<()>,
}

impl Folders {
    /// Starts the thread. What the folders hold now is known already.
    pub(crate) fn start(folders: Vec<PathBuf>) -> Self {
        let (content, contents) = bounded(1);
        let (stop, stopped) = bounded::<()>(0);
        let mut seen = look(&folders);
        let watch = move || {
            let mut digests = Digests::default();
            // A file that does not air is told once, not with each change of another.
            let mut told = LeftOut::default();
            while is_still_wanted(&stopped, LOOK) {
                let mut now = look(&folders);
                if now == seen {
                    continue;
                }
                for _ in 0..SETTLES_MAX {
                    if !is_still_wanted(&stopped, SETTLE) {
                        return;
                    }
                    let before = std::mem::replace(&mut now, look(&folders));
                    if now == before {
                        break;
                    }
                }
                seen = now;
                let mut read = LocalContent::read_again(&folders, &mut digests);
                let new = read.left_out.new_since(&told);
                told = std::mem::replace(&mut read.left_out, new);
                if content.send(read).is_err() {
                    return;
                }
            }
        };
        let spawned = std::thread::Builder::new()
            .name("folders".to_owned())
            .spawn(watch);
        if let Err(error) = spawned {
            tracing::error!("changes of local content will not be seen: {error}");
        }
        Self {
            contents,
            _stop: stop,
        }
    }

    /// What the folders hold, each time it has changed.
    pub(crate) const fn contents(&self) -> &Receiver<LocalContent> {
        &self.contents
    }
}

fn is_still_wanted(stopped: &Receiver<()>, span: Duration) -> bool {
    stopped.recv_timeout(span) == Err(RecvTimeoutError::Timeout)
}

fn look(folders: &[PathBuf]) -> Seen {
    folders
        .iter()
        .flat_map(|folder| catalog::fingerprint(folder))
        .collect()
}

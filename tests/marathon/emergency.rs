//! Raises an emergency now and then, as an operator would: by a file in data.dir.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use passerby_playout::content::emergency::FILE_NAME;

/// From one emergency to the next, in changes; no multiple of the number of placements.
const EVERY_CHANGES: u64 = 37;
/// How long the message stays, in frames.
const FRAMES: u32 = 30;

pub(crate) struct Alarm {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The changes after which it was last raised.
    raised_at: u64,
    /// How long it has been on the screen, if it is.
    frames: Option<u32>,
}

impl Alarm {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            file: data_dir.join(FILE_NAME),
            state: Mutex::default(),
        }
    }

    /// Called once a frame: `changes` so far, and whether a message is on the screen.
    pub(crate) fn step(&self, changes: u64, is_up: bool) {
        let mut state = self.state.lock().expect("no panic holds it");
        match state.frames {
            Some(frames) if frames < FRAMES => state.frames = Some(frames + u32::from(is_up)),
            Some(_) => {
                if self.file.exists() {
                    std::fs::remove_file(&self.file).expect("removes");
                }
                if !is_up {
                    state.frames = None;
                }
            }
            None if changes >= state.raised_at + EVERY_CHANGES => {
                let draft = self.file.with_extension("draft");
                std::fs::write(
                    &draft,
                    "请从B口离开 Please leave by exit B\nNo need to run.\n",
                )
                .and_then(|()| std::fs::rename(&draft, &self.file))
                .expect("writes");
                *state = State {
                    raised_at: changes,
                    frames: Some(0),
                };
            }
            None => {}
        }
    }
}

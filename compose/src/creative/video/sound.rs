//! What is heard of a video: a second child that plays the file's sound by itself.
//!
//! Invariants: it never touches the pictures; when it fails, that is a warning in the log, and the
//! play is whole. It starts over with every pass of the film, so it never drifts further than
//! within one pass. At most one child plays at a time, and none outlives the track.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::creative::supervise::{ChildGuard, STACK_BYTES, Worker, error_text};
use crate::creative::video::probe::{Clip, LENGTH_MAX};
use crate::creative::video::programs::{Input, ProgramBounds};
use crate::creative::video::tools::Tools;
use crate::settings::SoundOutput;

/// Between two looks at whether the child has ended.
const LOOK: Duration = Duration::from_millis(250);
/// Largest file that a `wav` output writes, in bytes.
const WAV_BYTES_MAX: u64 = 64 << 20;

/// The sound of one film.
pub(super) struct SoundTrack {
    player: Arc<Player>,
    /// Its thread ends when this is dropped.
    start: Option<Sender<()>>,
}

struct Player {
    tools: Tools,
    clip: Clip,
    sound: SoundOutput,
    stream: u64,
    guard: ChildGuard,
}

impl SoundTrack {
    /// Prepares the sound of a film; `None` when it has none, or none that could be heard.
    pub(super) fn new(tools: &Tools, clip: &Clip, sound: &SoundOutput) -> Option<Self> {
        let stream = clip.sound_stream.filter(|_| sound.volume_percent > 0)?;
        Some(Self {
            player: Arc::new(Player {
                tools: tools.clone(),
                clip: clip.clone(),
                sound: sound.clone(),
                stream,
                guard: ChildGuard::default(),
            }),
            start: None,
        })
    }

    /// Plays from the beginning. Returns at once.
    pub(super) fn play(&mut self) {
        if let Some(start) = &self.start {
            // A full channel means that it is about to start anyway; a closed one, that it failed
            // before.
            let _ = start.try_send(());
            return;
        }
        let (start, starts) = bounded(1);
        // There is room for one.
        let _ = start.try_send(());
        self.start = Some(start);
        let player = Arc::clone(&self.player);
        let thread = thread::Builder::new()
            .name("video-sound".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                player.serve(&starts);
                player.guard.cut();
                player.guard.bury();
            });
        if let Err(error) = thread {
            tracing::warn!("{} plays without sound: {error}", self.player.clip.name);
        }
    }
}

impl Drop for SoundTrack {
    fn drop(&mut self) {
        self.player.guard.cut();
    }
}

impl Player {
    /// Plays whenever it is told to, until nobody can tell it any more or playing fails.
    fn serve(&self, starts: &Receiver<()>) {
        let mut playing: Option<Worker> = None;
        loop {
            let told = if playing.is_some() {
                starts.recv_timeout(LOOK)
            } else {
                starts.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match told {
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let Some(worker) = &playing else {
                        continue;
                    };
                    let Some(status) = self.guard.ended(worker.id) else {
                        continue;
                    };
                    let words = error_text(&worker.words.heard());
                    playing = None;
                    if !status.success() {
                        self.warn(&words.unwrap_or_else(|| status.to_string()));
                        return;
                    }
                }
                Ok(()) => {
                    if let Some(worker) = playing.take() {
                        self.guard.finish(worker.id, Duration::ZERO);
                    }
                    match self.start() {
                        Ok(worker) => playing = Some(worker),
                        // The film was dropped, or the program is gone.
                        Err(error) => {
                            self.warn(&error.to_string());
                            return;
                        }
                    }
                }
            }
        }
    }

    fn warn(&self, what: &str) {
        tracing::warn!(
            "{} plays without sound: {what}; check [sound] for the output {} {}",
            self.clip.name,
            self.sound.format,
            self.sound.device
        );
    }

    fn start(&self) -> io::Result<Worker> {
        let found = self
            .tools
            .programs()
            .map_err(|trouble| io::Error::other(trouble.clone()))?;
        let input = Input::File(&self.clip.path, self.clip.container);
        let mut command = found.reader(ProgramBounds::Driver, &["-re".into()], &input);
        let volume = f64::from(self.sound.volume_percent.min(100)) / 100.0;
        let length = self.clip.length.unwrap_or(LENGTH_MAX).min(LENGTH_MAX);
        command.args(["-map", &format!("0:{}", self.stream)]);
        command.args(["-map_metadata", "-1", "-vn", "-sn", "-dn"]);
        command.args(["-af", &format!("volume={volume:.2}")]);
        command.args(["-t", &format!("{:.3}", length.as_secs_f64())]);
        command.args(["-f", &self.sound.format]);
        if self.sound.format == "wav" {
            command.args(["-fs", &WAV_BYTES_MAX.to_string(), "-y"]);
            command.arg(format!("file:{}", self.sound.device));
        } else {
            command.arg(&self.sound.device);
        }
        self.guard.start(&mut command, b"")
    }
}

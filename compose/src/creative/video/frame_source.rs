//! Feeds a slide with the pictures of a video, at their times.
//!
//! Invariants:
//! - The stage's own time since the first frame decides which picture is seen: the newest that is
//!   due. Older ones are left out, never caught up with.
//! - When no picture comes for [`STALL_MAX`] though one is due, or the decoder breaks off, the
//!   health of the play fails, the decoder is killed, and the poster is shown; without a poster the
//!   last picture stays.
//! - Dropping it kills the children at once and waits for nothing; the threads end by themselves.

use std::sync::Arc;
use std::time::Duration;

use passerby_playout::messages::stage_messages::Health;

use crate::creative::supervise::ChildGuard;
use crate::creative::video::colour::Nv12;
use crate::creative::video::lag::{Lag, Shown, advice};
use crate::creative::video::queue::{End, Next, Picture, Queue};
use crate::creative::video::rate::Rate;
use crate::creative::video::sound::SoundTrack;
use crate::slide::{Area, FrameSource, Patch, Plane};

/// How long a picture may be missing.
pub const STALL_MAX: Duration = Duration::from_secs(2);
/// When to ask again for a picture that is late.
const LATE_AGAIN: Duration = Duration::from_millis(10);

pub(super) struct VideoFrameSource {
    pub(super) name: String,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// What the file has, however small it is decoded.
    pub(super) coded_px: (u32, u32),
    pub(super) rate: Rate,
    pub(super) poster: Option<Nv12>,
    pub(super) sound: Option<SoundTrack>,
    pub(super) health: Health,
    pub(super) queue: Arc<Queue>,
    pub(super) guard: Arc<ChildGuard>,
    pub(super) progress: Progress,
}

/// How far a film has come on the screen.
#[derive(Default)]
pub(super) struct Progress {
    /// The newest picture that was shown.
    number: u64,
    /// How often the file was shown in full.
    pass: u64,
    /// A picture that is not due yet.
    held: Option<Picture>,
    /// Since when the picture that is due is missing.
    missing_since: Option<Duration>,
    lag: Lag,
    shown_of_due: Shown,
    is_over: bool,
    shown: u64,
    left_out: u64,
}

impl FrameSource for VideoFrameSource {
    fn begin(&mut self) {
        if let Some(sound) = &mut self.sound {
            sound.play();
        }
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        if self.progress.is_over {
            return None;
        }
        let due_number = self.rate.count(at);
        let mut newest: Option<Picture> = None;
        let end = loop {
            let next = match self.progress.held.take() {
                Some(picture) => Next::Picture(picture),
                None => self.queue.pop(due_number),
            };
            match next {
                Next::Picture(picture) if self.rate.due(picture.number) > at => {
                    self.progress.held = Some(picture);
                    break None;
                }
                Next::Picture(picture) => {
                    if let Some(older) = newest.replace(picture) {
                        self.progress.left_out += 1;
                        self.queue.give_back(older.luma);
                        self.queue.give_back(older.chroma);
                    }
                }
                Next::Late => break None,
                Next::Over(end) => break Some(end),
            }
        };
        if let Some(picture) = newest {
            self.show(picture, at, due);
        }
        if let Some(end) = end {
            self.progress.is_over = true;
            match end {
                End::Rests => {}
                End::Failed(what) => self.fail(&what, due),
            }
            return None;
        }
        if let Some(held) = &self.progress.held {
            self.progress.missing_since = None;
            return Some(self.rate.due(held.number));
        }
        let wanted = self.rate.due(self.progress.number + 1);
        if wanted > at {
            return Some(wanted);
        }
        let since = *self.progress.missing_since.get_or_insert(at);
        if at.saturating_sub(since) < STALL_MAX {
            return Some(at + LATE_AGAIN);
        }
        self.progress.is_over = true;
        let what = format!(
            "no picture of it came for {} s; {}",
            STALL_MAX.as_secs(),
            advice(self.coded_px)
        );
        self.fail(&what, due);
        None
    }

    fn take_back(&mut self, patch: Patch) -> Option<Patch> {
        if patch.plane == Plane::Still {
            return Some(patch);
        }
        self.queue.give_back(patch.bytes);
        None
    }
}

impl VideoFrameSource {
    fn show(&mut self, picture: Picture, at: Duration, due: &mut Vec<Patch>) {
        self.watch_lag(at, picture.number);
        if picture.pass != self.progress.pass
            && let Some(sound) = &mut self.sound
        {
            sound.play();
        }
        self.progress.number = picture.number;
        self.progress.pass = picture.pass;
        self.progress.missing_since = None;
        self.progress.shown += 1;
        self.watch_shown(at);
        self.put(picture.luma, picture.chroma, due);
    }

    /// Says when most pictures are not shown, though they are decoded.
    fn watch_shown(&mut self, at: Duration) {
        let Progress {
            number,
            shown,
            shown_of_due,
            ..
        } = &mut self.progress;
        if let Some(a_second) = shown_of_due.is_too_few(at, *number, *shown) {
            let Rate { pictures, seconds } = self.rate;
            tracing::warn!(
                "{}: this machine shows {a_second} of its {} pictures a second; {}",
                self.name,
                pictures / seconds.max(1),
                advice(self.coded_px)
            );
        }
    }

    /// Marks the play when the film stays behind its time. A stage that paused finds old pictures
    /// too, but catches up.
    fn watch_lag(&mut self, at: Duration, number: u64) {
        let behind = at.saturating_sub(self.rate.due(number));
        if self.progress.lag.is_too_much(at, behind) && self.health.trouble().is_none() {
            let advice = advice(self.coded_px);
            let reason = format!(
                "{}: this machine decodes it too slowly; {advice}",
                self.name
            );
            tracing::warn!("{reason}");
            self.health.fail(reason);
        }
    }

    fn put(&self, luma: Vec<u8>, chroma: Vec<u8>, due: &mut Vec<Patch>) {
        due.push(Patch {
            plane: Plane::Moving,
            area: Area::new(0, 0, self.width_px, self.height_px),
            bytes: luma,
        });
        due.push(Patch {
            plane: Plane::Chroma,
            area: Area::new(0, 0, self.width_px / 2, self.height_px / 2),
            bytes: chroma,
        });
    }

    fn fail(&mut self, what: &str, due: &mut Vec<Patch>) {
        let reason = format!("{}: {what}", self.name);
        tracing::warn!("{reason}");
        self.health.fail(reason);
        self.stop();
        if let Some(poster) = self.poster.take() {
            self.put(poster.luma, poster.chroma, due);
        }
    }

    /// Ends the children and lets go of the pictures.
    fn stop(&mut self) {
        self.queue.close();
        self.guard.cut();
        self.sound = None;
    }
}

impl Drop for VideoFrameSource {
    fn drop(&mut self) {
        self.stop();
        tracing::debug!(
            name = self.name,
            shown = self.progress.shown,
            left_out = self.progress.left_out + self.queue.skipped(),
            "a film ended"
        );
    }
}

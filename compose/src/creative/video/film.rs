//! The endless film: a video file that is decoded, and decoded again, until nobody wants it any
//! more.
//!
//! Time stamps: ffmpeg's `fps` filter puts the file's pictures onto an even beat by their time
//! stamps (it repeats and leaves out where they come unevenly), so picture n is due at exactly n
//! beats and the pipe needs no time stamps.
//!
//! Costs: a picture passes through the pipe in the form in which software decodes it, so that
//! ffmpeg need not convert it, and into memory that a picture before it had. 840 pictures of
//! 1920 × 1080 in H.264 took 7.35 s of processors to bring here as NV12 through a pipe of 64 KiB,
//! and 5.7 s so; 4.5 s of that to decode.
//!
//! Repeating: a short film is kept in memory and its child ends. Of a long one the next child is
//! started [`LEAD`] before the end and waits, its first picture decoded, so there is no gap. One
//! decoder that starts over (`-stream_loop`) would save a child for that moment, but hardware
//! decoders do not all survive it, and a file that is cut short would pass for a shorter one.
//!
//! Invariants:
//! - One thread starts, reads and buries all children of a film, and ends when the queue is closed.
//! - A child that breaks off ends the film with a reason. One that ends too early, or complains
//!   about the file, fails the health of the play, and what there is of the film goes on.
//! - Passes start no more often than every [`PASS_MIN`].

use std::io::{self, Read as _};
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use passerby_playout::messages::stage_messages::Health;

use crate::creative::supervise::{CHILD_END_MAX, ChildGuard, STACK_BYTES, Worker, error_text};
use crate::creative::video::colour::pair;
use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::filters;
use crate::creative::video::probe::Clip;
use crate::creative::video::programs::Input;
use crate::creative::video::queue::{End, Picture, Queue};
use crate::creative::video::tools::Tools;

/// How long before the end of a pass the child of the next is started.
pub(super) const LEAD: Duration = Duration::from_secs(2);
/// Shortest time from the beginning of one pass to the next.
const PASS_MIN: Duration = Duration::from_millis(250);
/// Largest film that is kept in memory, in bytes.
pub(super) const KEPT_BYTES_MAX: usize = 64 << 20;
/// What the pipe from a decoder holds, in bytes: the most that Linux gives whoever asks. Both ends
/// have less to wait for each other then.
const PIPE_BYTES: usize = 1 << 20;
/// What a film may be shorter than it says without being called cut off: this, or a tenth of it.
const SHORT_BY_MAX: Duration = Duration::from_millis(500);

/// What decoders say about damaged files; other complaints, of drivers for example, do not fail a
/// play.
const SIGNS_OF_DAMAGE: [&str; 8] = [
    "error while decoding",
    "Invalid data found",
    "Invalid NAL unit size",
    "partial file",
    "ended prematurely",
    "orrupt",
    "Error submitting packet to decoder",
    "decode_slice_header error",
];

/// Says that a file is damaged, if that is what a decoder said.
pub(super) fn damage_told(said: &str) -> Option<String> {
    // What is said is kept up to a limit, so the last line may be a piece of one.
    let is_damage = |line: &&str| SIGNS_OF_DAMAGE.iter().any(|sign| line.contains(sign));
    let told = said.lines().rev().find(is_damage).and_then(error_text)?;
    Some(format!(
        "it is damaged ({told}); copy it again, or {EXPORT_ANEW}"
    ))
}

/// All that it takes to play a file again and again.
pub(super) struct Film {
    pub(super) tools: Tools,
    pub(super) clip: Clip,
    pub(super) kind: DecoderKind,
    /// Of the decoded pictures, upright, even.
    pub(super) decoded_px: (u32, u32),
    /// The same before the turn.
    pub(super) scaled_px: (u32, u32),
    /// Largest film that is kept in memory to be repeated, in bytes; `None` plays it once.
    pub(super) kept_bytes_max: Option<usize>,
    pub(super) health: Health,
    pub(super) queue: Arc<Queue>,
    pub(super) guard: Arc<ChildGuard>,
}

impl Film {
    /// Starts to fill the queue, on a thread that ends soon after the queue is closed and the leash
    /// is cut.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(super) fn start(self) -> io::Result<()> {
        thread::Builder::new()
            .name("video-film".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let end = self.play();
                self.guard.cut();
                self.guard.bury();
                if let Some(end) = end {
                    self.queue.end(end);
                }
            })
            .map(drop)
    }

    /// Plays until nobody wants more, which returns `None`, or nothing more comes.
    fn play(&self) -> Option<End> {
        let rate = self.clip.rate;
        let lead = rate.count(LEAD).max(1);
        let mut expected = self.clip.length.map(|length| rate.count(length));
        let is_once = self.kept_bytes_max.is_none();
        let kept_bytes_max = self.kept_bytes_max.unwrap_or(0) as u64;
        let fits = expected.is_none_or(|count| self.bytes(count) <= kept_bytes_max);
        let mut kept = fits.then(Vec::new);
        let mut next = None;
        let mut base = 0;
        let mut planes = Vec::new();
        for pass in 0.. {
            let mut worker = match next.take().map_or_else(|| self.decode(), Ok) {
                Ok(worker) => worker,
                Err(error) => {
                    return Some(End::Failed(format!("no decoder of films starts ({error})")));
                }
            };
            let mut count = 0;
            while let Some((luma, chroma)) = self.read(&mut worker, &mut planes) {
                let picture = Picture {
                    number: base + count,
                    pass,
                    luma,
                    chroma,
                };
                count += 1;
                if self.bytes(count) > kept_bytes_max {
                    kept = None;
                }
                if let Some(kept) = &mut kept {
                    kept.push(picture.clone());
                }
                if !self.queue.push(picture) {
                    return None;
                }
                let is_near_end = expected.is_some_and(|expected| count + lead >= expected);
                if is_near_end && !is_once && kept.is_none() && next.is_none() {
                    // If it does not start now, it is tried again at the end.
                    next = self.decode().ok();
                }
            }
            let status = self.guard.finish(worker.id, CHILD_END_MAX);
            if !self.queue.is_open() {
                return None;
            }
            let said = worker.words.heard();
            self.queue.file_is_decoded();
            if let Err(trouble) = self.judge(status, count, expected, &said) {
                return Some(End::Failed(trouble));
            }
            if is_once {
                return Some(End::Rests);
            }
            base += count.max(rate.count(PASS_MIN));
            expected = Some(count);
            if let Some(kept) = kept.take() {
                return self.repeat(&kept, base, pass + 1);
            }
        }
        None
    }

    /// Plays from memory until nobody wants more.
    fn repeat(&self, kept: &[Picture], mut base: u64, mut pass: u64) -> Option<End> {
        if kept.len() < 2 {
            return Some(End::Rests);
        }
        loop {
            for (number, picture) in (base..).zip(kept) {
                let picture = Picture {
                    number,
                    pass,
                    luma: self.copied(&picture.luma),
                    chroma: self.copied(&picture.chroma),
                };
                if !self.queue.push(picture) {
                    return None;
                }
            }
            base += (kept.len() as u64).max(self.clip.rate.count(PASS_MIN));
            pass += 1;
        }
    }

    fn copied(&self, plane: &[u8]) -> Vec<u8> {
        let mut room = self.queue.room(plane.len());
        room.copy_from_slice(plane);
        room
    }

    /// Looks at how a pass went. An error ends the film.
    fn judge(
        &self,
        status: Option<ExitStatus>,
        count: u64,
        expected: Option<u64>,
        said: &str,
    ) -> Result<(), String> {
        let words = error_text(said);
        let told = words.as_deref().unwrap_or("it does not say why");
        if count == 0 {
            return Err(format!(
                "none of its pictures can be decoded ({told}); {EXPORT_ANEW}"
            ));
        }
        match status {
            Some(status) if status.success() => {}
            Some(status) => {
                return Err(format!(
                    "the decoder of films broke off ({status}; {told}); {EXPORT_ANEW}"
                ));
            }
            None => return Err("the decoder of films hangs; start the machine anew".to_owned()),
        }
        let rate = self.clip.rate;
        if let Some(expected) = expected
            && count + rate.count(SHORT_BY_MAX).max(expected / 10) < expected
        {
            self.fail(&format!(
                "only {:.1} s of {:.1} s can be decoded; copy it again, or {EXPORT_ANEW}",
                rate.due(count).as_secs_f32(),
                rate.due(expected).as_secs_f32()
            ));
        } else if let Some(damage) = damage_told(said) {
            self.fail(&damage);
        } else if let Some(words) = words {
            tracing::debug!("{}: {words}", self.clip.name);
        }
        Ok(())
    }

    fn fail(&self, what: &str) {
        if self.health.trouble().is_none() {
            let reason = format!("{}: {what}", self.clip.name);
            // Whoever plays it once asks for the reason.
            if self.kept_bytes_max.is_some() {
                tracing::warn!("{reason}");
            }
            self.health.fail(reason);
        }
    }

    /// Starts a child that decodes the file once.
    fn decode(&self) -> io::Result<Worker> {
        let found = self
            .tools
            .programs()
            .map_err(|trouble| io::Error::other(trouble.clone()))?;
        let clip = &self.clip;
        let mut before = vec!["-noautorotate".into()];
        before.extend(clip.before_input(self.kind));
        let input = Input::File(&clip.path, clip.container);
        let mut command = found.reader(self.kind.bounds(), &before, &input);
        command.args(["-map", &format!("0:{}", clip.stream)]);
        command.args(["-map_metadata", "-1", "-an", "-sn", "-dn"]);
        let filters = filters::of_film(clip, self.kind, self.scaled_px);
        command.args(["-vf", &filters]);
        command.args(["-f", "rawvideo", "pipe:1"]);
        let worker = self.guard.start(&mut command, b"")?;
        // With a smaller one it only takes longer.
        let _ = rustix::pipe::fcntl_setpipe_size(&worker.stdout, PIPE_BYTES);
        Ok(worker)
    }

    /// Reads one picture; `None` at the end, and when there is only a part of one.
    fn read(&self, worker: &mut Worker, planes: &mut Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
        let (width, height) = self.decoded_px;
        let pixels = width as usize * height as usize;
        let mut luma = self.queue.room(pixels);
        let mut chroma = self.queue.room(pixels / 2);
        worker.stdout.read_exact(&mut luma).ok()?;
        if filters::has_pairs(self.kind) {
            worker.stdout.read_exact(&mut chroma).ok()?;
        } else {
            planes.resize(pixels / 2, 0);
            worker.stdout.read_exact(planes).ok()?;
            let (cb, cr) = planes.split_at(pixels / 4);
            pair(cb, cr, &mut chroma);
        }
        Some((luma, chroma))
    }

    const fn bytes(&self, pictures: u64) -> u64 {
        let (width, height) = self.decoded_px;
        pictures.saturating_mul(width as u64 * height as u64 * 3 / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_in_the_last_whole_line_that_speaks_of_it() {
        let said = "[h264 @ 0x1] error while decoding MB 3 4\n    Last message repeated 1 times\n[NULL @ 0x55dd";
        assert_eq!(
            damage_told(said).as_deref(),
            Some(
                "it is damaged (error while decoding MB 3 4); copy it again, or export it anew as MP4 with H.264"
            )
        );
        assert_eq!(damage_told("[h264 @ 0x1] a driver is slow\n"), None);
    }
}

//! Keeps frames: `frame-<ms>.png` and a line in `frames.jsonl` for each.
//!
//! Invariants:
//! - A line stands in `frames.jsonl` only when its picture is complete under its name.
//! - Files are written by a thread of their own; when it falls behind, frames are captured later,
//!   never queued beyond [`FRAMES_WAITING_MAX`].
//! - When the folder cannot be written, the operator is told once and capturing ends; the show goes
//!   on.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, bounded};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use passerby_compose::slide::Caption;
use passerby_playout::screen::geometry::Zone;
use serde::Serialize;

use crate::stage::config::CaptureConfig;
use crate::stage::raw_frame::RawFrame;
use crate::stage::slides::ZoneOnScreen;

/// Most frames that wait to be written.
const FRAMES_WAITING_MAX: usize = 4;
/// How soon a frame is tried again that the writer had no room for.
const BUSY_RETRY: Duration = Duration::from_millis(10);

/// When frames are kept, and the way to the thread that writes them.
#[derive(Resource)]
pub(super) struct Capture {
    every: Duration,
    started: Instant,
    due: Instant,
    last_ms: Option<u64>,
    frames: Sender<CapturedFrame>,
    stopped: Arc<AtomicBool>,
}

/// What is written about a frame.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FrameNote {
    file: String,
    t_ms: u64,
    play: Option<u32>,
    campaign: String,
    creative: String,
    url: Option<String>,
    transition: bool,
    /// Every zone, when there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zones: Vec<ZoneNote>,
}

/// What is written about a zone of a frame.
#[derive(Debug, Clone, Serialize)]
struct ZoneNote {
    zone: u8,
    play: Option<u32>,
    campaign: String,
    creative: String,
    url: Option<String>,
    transition: bool,
}

impl FrameNote {
    /// The line's own fields are those of a notice that lies over everything, else of the first
    /// zone; `transition` stands for all of them. Captions are those of the slides whose codes can
    /// be read.
    fn new(t_ms: u64, zones: Vec<ZoneNote>) -> Self {
        let first = zones
            .iter()
            .find(|zone| zone.zone == Zone::NOTICE.0)
            .or(zones.first())
            .cloned();
        let caption =
            first.unwrap_or_else(|| ZoneNote::new(Zone::MAIN, &Caption::default(), false));
        Self {
            file: format!("frame-{t_ms}.png"),
            t_ms,
            play: caption.play,
            campaign: caption.campaign,
            creative: caption.creative,
            url: caption.url,
            transition: zones.iter().any(|zone| zone.transition),
            zones: if zones.len() > 1 { zones } else { Vec::new() },
        }
    }
}

impl ZoneNote {
    fn new(zone: Zone, caption: &Caption, transition: bool) -> Self {
        Self {
            zone: zone.0,
            play: caption.play,
            campaign: caption.campaign.clone(),
            creative: caption.creative.clone(),
            url: caption.url.clone(),
            transition,
        }
    }
}

/// A frame and what is written about it.
pub(super) struct CapturedFrame {
    pub(super) note: FrameNote,
    pub(super) frame: RawFrame,
}

/// The thread that writes frames.
pub(super) struct Writer(JoinHandle<()>);

impl Writer {
    /// Waits until every frame that was handed over is written.
    pub(super) fn finish(self) {
        if self.0.join().is_err() {
            error!("the thread that writes captured frames has panicked");
        }
    }
}

/// Starts the thread that writes frames; none when nothing is to be captured.
pub(super) fn start(config: Option<&CaptureConfig>, started: Instant) -> Option<(Capture, Writer)> {
    let config = config?;
    let (sender, receiver) = bounded(FRAMES_WAITING_MAX);
    let stopped = Arc::new(AtomicBool::new(false));
    let dir = config.dir.clone();
    let flag = Arc::clone(&stopped);
    let spawned = thread::Builder::new()
        .name("capture".into())
        .spawn(move || write_all(&dir, &receiver, &flag));
    match spawned {
        Ok(thread) => Some((
            Capture {
                every: config.every.max(Duration::from_millis(1)),
                started,
                due: started,
                last_ms: None,
                frames: sender,
                stopped,
            },
            Writer(thread),
        )),
        Err(error) => {
            error!("frames are not captured: no thread to write them: {error}");
            None
        }
    }
}

impl Capture {
    /// Notes down the frame that is being drawn, if one is due and there is room for it.
    pub(super) fn take_if_due<'a>(
        &mut self,
        now: Instant,
        room: bool,
        zones: impl Iterator<Item = ZoneOnScreen<'a>>,
    ) -> Option<FrameNote> {
        if self.stopped.load(Ordering::Relaxed) || now < self.due {
            return None;
        }
        let t_ms = u64::try_from((now - self.started).as_millis()).unwrap_or(u64::MAX);
        if !room || self.frames.is_full() || self.last_ms == Some(t_ms) {
            self.due = now + BUSY_RETRY.min(self.every);
            return None;
        }
        self.last_ms = Some(t_ms);
        // Keeps the beat, but does not catch up on what was missed.
        self.due = (self.due + self.every).max(now + self.every / 2);
        let zones = zones.map(|seen| ZoneNote::new(seen.zone, seen.caption, seen.transition));
        Some(FrameNote::new(t_ms, zones.collect()))
    }

    /// When the next frame is due; none once capturing has ended.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        (!self.stopped.load(Ordering::Relaxed)).then(|| self.due.max(now))
    }

    /// Hands a frame to the writer.
    pub(super) fn keep(&self, frame: CapturedFrame) {
        if let Err(lost) = self.frames.try_send(frame)
            && !self.stopped.load(Ordering::Relaxed)
        {
            debug!(
                "{} is not kept: the writer is busy",
                lost.into_inner().note.file
            );
        }
    }
}

fn write_all(dir: &Path, frames: &Receiver<CapturedFrame>, stopped: &AtomicBool) {
    let result = Folder::open(dir).and_then(|mut folder| {
        for captured in frames {
            folder.write(captured)?;
        }
        Ok(())
    });
    if let Err(error) = result {
        stopped.store(true, Ordering::Relaxed);
        error!("frames are no longer captured: {}: {error}", dir.display());
    }
}

/// The capture folder, open for writing.
struct Folder {
    dir: PathBuf,
    index: File,
}

impl Folder {
    fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            index: File::options()
                .create(true)
                .append(true)
                .open(dir.join("frames.jsonl"))?,
        })
    }

    fn write(&mut self, captured: CapturedFrame) -> io::Result<()> {
        let note = captured.note;
        let picture = captured.frame.into_snapshot(Vec::new());
        let path = self.dir.join(&note.file);
        // Not one of `durable_file`'s: waiting for the disk would cost frames, and nobody needs
        // them after a power cut.
        let unfinished = path.with_extension("png.tmp");
        let mut file = BufWriter::new(File::create(&unfinished)?);
        PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Up)
            .write_image(
                &picture.rgba,
                picture.width_px,
                picture.height_px,
                ExtendedColorType::Rgba8,
            )
            .map_err(io::Error::other)?;
        file.flush()?;
        drop(file);
        fs::rename(&unfinished, &path)?;

        let mut line = serde_json::to_vec(&note)?;
        line.push(b'\n');
        self.index.write_all(&line)
    }
}

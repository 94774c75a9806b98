//! Shows every drawn frame to somebody in the same process.
//!
//! Invariant: a frame is shown right after the update that drew it, before the next one; while the
//! observer looks at it the stage waits. So nothing piles up, and nothing is left out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use passerby_compose::slide::Caption;
use passerby_playout::messages::stage_messages::Snapshot;
use passerby_playout::screen::geometry::Zone;

use crate::stage::slides::Slides;
use crate::stage::time::{Clock, Now};

/// Somebody who sees every frame that an offscreen stage draws. For tests: it makes the stage wait.
#[derive(Clone)]
pub struct FrameObserver(pub Arc<dyn Fn(SeenFrame) + Send + Sync>);

impl fmt::Debug for FrameObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameObserver")
    }
}

/// A frame and what stands on it.
#[derive(Debug, Clone)]
pub struct SeenFrame {
    /// Time since the stage was started.
    pub at: Duration,
    /// CLOCK_BOOTTIME in milliseconds when it was seen.
    pub boot_ms: u64,
    /// The whole output.
    pub picture: Snapshot,
    /// What each zone shows, in the order of the zones.
    pub zones: Vec<SeenZone>,
    /// What is held for drawing after it.
    pub on_gpu: Holdings,
}

/// What a zone shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenZone {
    /// The zone that is meant.
    pub zone: Zone,
    /// Of the slide whose code can be read.
    pub caption: Caption,
    /// Whether one slide is giving way to another.
    pub transition: bool,
}

/// What is held for drawing. On the GPU it is as the driver's front end counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Images of any kind: slides, films, targets.
    pub textures: usize,
    /// Stretches of memory.
    pub buffers: usize,
    /// Sets of them that a shader reads.
    pub bind_groups: usize,
}

/// Reads the frame back that was drawn last.
pub(super) trait ReadFrame {
    /// The frame, and what is held after it.
    ///
    /// # Errors
    /// Says why it was not handed over.
    fn read(&mut self, app: &App) -> Result<(Snapshot, Holdings), String>;
}

/// Shows frames to an observer.
pub(super) struct FrameShow {
    observer: FrameObserver,
    reader: Box<dyn ReadFrame>,
}

impl FrameShow {
    pub(super) fn new(observer: FrameObserver, reader: Box<dyn ReadFrame>) -> Self {
        Self { observer, reader }
    }

    /// Shows the frame of the update that has just run.
    ///
    /// # Errors
    /// Says why it was not handed over.
    pub(super) fn show(&mut self, app: &App) -> Result<(), String> {
        let (picture, held) = self.reader.read(app)?;
        let world = app.world();
        let clock = world.resource::<Clock>();
        let zones = world.resource::<Slides>().on_screen().map(|seen| SeenZone {
            zone: seen.zone,
            caption: seen.caption.clone(),
            transition: seen.transition,
        });
        (self.observer.0)(SeenFrame {
            at: world.resource::<Now>().0 - clock.started,
            boot_ms: clock.boot_ms(),
            picture,
            zones: zones.collect(),
            on_gpu: held,
        });
        Ok(())
    }
}
